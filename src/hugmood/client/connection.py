"""One WebSocket to the server, from its opening to its end."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ssl import SSLCertVerificationError
from typing import Final, Self

from msgspec import UNSET, Raw
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from hugmood import __version__
from hugmood.ambient import Ambient
from hugmood.client.errors import SessionEnded, Unreachable
from hugmood.client.incoming import Incoming, decode, read
from hugmood.client.options import Options, Timing
from hugmood.errors import CLOSINGS, Rejected
from hugmood.wire import codec
from hugmood.wire.message import Batch, ConnectionClose

MAX_INCOMING: Final = 1 << 24
"""Bytes of one message: a page of history is at most 256 KiB, an export more."""

_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_USELESS: Final = {
    closing.websocket_code: (code, closing.message)
    for code, closing in CLOSINGS.items()
    if not any(
        other.reconnect and other.websocket_code == closing.websocket_code
        for other in CLOSINGS.values()
    )
}
"""WebSocket close codes that by themselves say that coming back is useless."""

_SOCKET_LOG: Final = logging.getLogger(f"{__name__}.socket")
# At DEBUG, websockets logs frames whole: passwords, tokens, notes.
_SOCKET_LOG.setLevel(logging.INFO)


class Lost(Exception):  # noqa: N818 (an event)
    """The connection is gone. Come back after `delay` seconds at least, or never.

    `end` is what to raise where coming back is useless; `planned` means that there was
    no failure, and that one may come back at once.
    """

    def __init__(
        self,
        reason: str,
        *,
        delay: float = 0.0,
        end: SessionEnded | Unreachable | None = None,
        planned: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay = delay
        self.end = end
        self.planned = planned


def told(notice: ConnectionClose) -> Lost:
    """What the server's goodbye means."""
    closing = next((known for code, known in CLOSINGS.items() if code == notice.code), None)
    back = closing.reconnect if closing else notice.reconnect_delay is not UNSET
    if back:
        return Lost(notice.message, delay=(notice.reconnect_delay or 0) / 1000)
    code = closing.websocket_code if closing else None
    return Lost(
        notice.message,
        end=SessionEnded(notice.code, notice.message, websocket_code=code, reconnect=False),
    )


def closed(error: ConnectionClosed) -> Lost:
    """What a close without a goodbye means."""
    code = error.rcvd.code if error.rcvd else None
    if code not in _USELESS:
        return Lost("the connection was lost")
    name, message = _USELESS[code]
    end = SessionEnded(name, message, websocket_code=code, reconnect=False)
    return Lost(message, end=end)


class Connection:
    """Sends and receives whole messages, in JSON whatever is on the wire.

    Sending and receiving raise `Lost` when the connection is gone.
    """

    def __init__(self, socket: ClientConnection, ambient: Ambient, timing: Timing) -> None:
        """Take over an open socket."""
        self._socket = socket
        self._ambient = ambient
        self._timing = timing
        self._batch: deque[Raw] = deque()
        self._packed = socket.subprotocol == codec.MSGPACK_PROTOCOL
        self.last_sent = asyncio.get_running_loop().time()

    @classmethod
    @asynccontextmanager
    async def open(cls, options: Options, ambient: Ambient) -> AsyncIterator[Self]:
        """Connect, and close at the end; raises `Lost`."""
        socket = await _open(options)
        try:
            yield cls(socket, ambient, options.timing)
        finally:
            await socket.close()

    async def send(self, message: bytes) -> None:
        """Send a message in JSON."""
        self.last_sent = asyncio.get_running_loop().time()
        frame = codec.pack(message) if self._packed else message
        try:
            async with asyncio.timeout(self._timing.send):
                await self._socket.send(frame, text=not self._packed)
        except ConnectionClosed as error:
            raise closed(error) from error
        except TimeoutError as error:
            reason = "the server takes nothing any more"
            raise Lost(reason) from error

    async def say(self, kind: str, data: bytes = codec.EMPTY, *, prefix: str | None = None) -> str:
        """Send a message of this type with a new id, and return that."""
        message_id = self._ambient.message_id(prefix or kind)
        await self.send(codec.prefix(kind, message_id, data, self._ambient.now()) + b"}")
        return message_id

    async def receive(self) -> Incoming:
        """Wait for the next message; those of a batch come one by one."""
        try:
            while not self._batch:
                message = await self._receive()
                if message.type != Batch.wire_type:
                    return message
                self._batch.extend(decode(Batch, message.data).messages)
            return read(self._batch.popleft())
        except ConnectionClosed as error:
            raise closed(error) from error
        except TimeoutError as error:
            reason = "nothing was heard from the server"
            raise Lost(reason) from error
        except Rejected as error:
            reason = "the server sent what is no message"
            raise Lost(reason) from error

    async def _receive(self) -> Incoming:
        async with asyncio.timeout(self._timing.silence):
            frame = await self._socket.recv(decode=False)
        return read(codec.unpack(frame) if self._packed else frame)

    async def gone(self) -> None:
        """Wait until the connection is closed."""
        await self._socket.wait_closed()


async def _open(options: Options) -> ClientConnection:
    offered = [codec.MSGPACK_PROTOCOL, codec.JSON_PROTOCOL] if options.packed else []
    secure = options.url.startswith("wss:")
    try:
        return await connect(
            options.url,
            ssl=options.ssl or True if secure else None,
            subprotocols=[Subprotocol(name) for name in offered] or None,
            user_agent_header=f"hugmood/{__version__}",
            open_timeout=options.timing.open,
            close_timeout=options.timing.close,
            # Our own keep-alive counts messages and stands still with backpressure.
            ping_interval=None,
            max_size=MAX_INCOMING,
            logger=_SOCKET_LOG,
        )
    except InvalidStatus as error:
        raise _refused(error) from error
    except SSLCertVerificationError as error:
        reason = f"the server's certificate is not trusted: {error.verify_message}"
        raise Lost(reason, end=Unreachable(reason)) from error
    except (OSError, WebSocketException, TimeoutError) as error:
        reason = "the server cannot be reached"
        raise Lost(reason) from error


def _refused(error: InvalidStatus) -> Lost:
    """What an answer in HTTP means: that of a proxy passes, a 4xx stays."""
    status = error.response.status_code
    reason = f"the server answered with HTTP status {status}"
    after = error.response.headers.get("Retry-After", "")
    delay = float(after) if after.isdecimal() else 0.0
    final = status < _SERVER_ERRORS and status != _TOO_MANY
    return Lost(reason, delay=delay, end=Unreachable(reason) if final else None)
