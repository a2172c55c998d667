"""What goes out and comes back: requests, their replies, and who awaits them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar, cast

import msgspec

from hugmood.ambient import Ambient
from hugmood.client.errors import RequestFailed
from hugmood.client.incoming import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    Incoming,
    decode,
    request_failed,
)
from hugmood.client.journal import Journal
from hugmood.client.outbox import Entry, Outbox
from hugmood.client.waking import Bell
from hugmood.errors import Rejected
from hugmood.features.subscriptions.messages import Subscribe, Unsubscribe
from hugmood.wire import codec
from hugmood.wire.message import (
    COMMANDS,
    VARIANT_FIELDS,
    AnyCommand,
    Command,
    Error,
    Query,
    Reply,
    reply_type,
)

R = TypeVar("R", bound=Reply)

MAX_BYTES: Final = 1 << 16
"""A larger message would close the connection (protocol: Envelope), again and again."""
MAX_SERVER_ERRORS: Final = 5
"""How often a command is sent again after `server_error`."""
_CLOCKS_DIFFER: Final = 60_000
"""Milliseconds; the server takes times up to five minutes ahead of its own."""
_RETRY: Final = 1_000
"""Milliseconds before the first of those, doubled each time."""

_LOG: Final = logging.getLogger(__name__)


class _Awaited:
    """A request that someone awaits; its time may stand still while it cannot be sent."""

    def __init__(self, seconds: float | None, patience: float | None) -> None:
        """Fail after `seconds` in all, or `patience` after it was sent."""
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self.future: asyncio.Future[Reply | None] = self._loop.create_future()
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self.settle, TimeoutError())

    def sent(self) -> None:
        """Begin to count."""
        if self._patience is not None:
            self._timer = self._loop.call_later(self._patience, self.settle, TimeoutError())

    def unsent(self) -> None:
        """Stop counting until it is sent again."""
        if self._patience is not None:
            self.stop()

    def stop(self) -> None:
        """Count no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def settle(self, outcome: Reply | Exception | None) -> bool:
        """Return or raise this where the request is awaited; False if it is no more."""
        if self.future.done():
            return False
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)
        return True


class Exchange:
    """Requests on their way, and the outcome of those that nobody awaits, told."""

    def __init__(
        self,
        journal: Journal,
        limit: int,
        ambient: Ambient,
        bell: Bell,
        tell: Callable[[ClientEvent, str], None],
    ) -> None:
        """Begin with the commands that earlier runs left in the journal."""
        self._journal = journal
        self._ambient = ambient
        self._bell = bell
        self._tell = tell
        self._outbox = Outbox(limit)
        self._ahead = 0
        self.narrowing: Subscribe | None = None
        """What the connection was narrowed to, and the next one is to be as well."""
        self._commands: dict[str, AnyCommand] = {}
        self._awaited: dict[str, _Awaited] = {}
        for entry in journal.entries():
            self._outbox.restore(entry)

    @property
    def waiting(self) -> int:
        """How many commands are not answered."""
        return self._outbox.commands

    @property
    def expecting(self) -> bool:
        """Whether a reply is to come."""
        return len(self._outbox) > 0

    # What the user wants

    def put(self, command: AnyCommand) -> str:
        """Queue a request and return its id; raises `QueueFull`, ValueError."""
        if command.wire_type in {"auth", "disconnect"}:
            message = f"{command.wire_type} is sent by the client itself"
            raise ValueError(message)
        now = self._ambient.now()
        data = codec.encode(command)
        query = isinstance(command, Query)
        entry = Entry(self._ambient.message_id("msg"), command.wire_type, data, now, query)
        if len(_written(entry)) > MAX_BYTES:
            message = f"a message holds at most {MAX_BYTES} bytes"
            raise ValueError(message)
        self._outbox.add(entry)
        if not query:
            self._keep(entry)
        self._commands[entry.id] = command
        self._bell.ring()
        return entry.id

    async def answer(
        self, message_id: str, command: Command[R], seconds: float | None, patience: float | None
    ) -> R:
        """Wait for the reply; raises `RequestFailed`, TimeoutError, what `end` was given.

        A command goes on without being awaited, a query does not.
        """
        awaited = _Awaited(seconds, patience)
        self._awaited[message_id] = awaited
        self._bell.ring()
        try:
            return cast("R", await awaited.future)
        finally:
            awaited.stop()
            self._awaited.pop(message_id, None)
            if isinstance(command, Query):
                self._forget(message_id)

    async def drained(self) -> None:
        """Wait until every command is answered."""
        while self.waiting:
            await self._bell.heard()

    # What the connection asks and brings

    def set_clock(self, ahead: int) -> None:
        """Learn by how many milliseconds the server's clock is ahead of ours.

        A wrong clock is corrected as messages go out, so that the server does not
        refuse their times; a little difference is only the way that messages take.
        """
        self._ahead = ahead if abs(ahead) > _CLOCKS_DIFFER else 0

    def next(self) -> bytes | None:
        """Return the next message to send, if there is one now."""
        entry = self._outbox.next(self._ambient.now())
        if entry is None:
            return None
        if entry.id in self._awaited:
            self._awaited[entry.id].sent()
        return _written(entry, self._ahead)

    async def more(self) -> None:
        """Wait until `next` may have something."""
        now = self._ambient.now()
        due = self._outbox.due(now)
        await self._bell.heard(None if due is None else (due - now) / 1000)

    def disconnected(self) -> None:
        """Send again over the next connection what is not answered."""
        self._outbox.disconnected()
        for awaited in self._awaited.values():
            awaited.unsent()

    def replied(self, message: Incoming) -> None:
        """Take a reply."""
        message_id = message.id.removesuffix("-resp")
        entry = self._outbox.get(message_id)
        if entry is None or message.type != f"{entry.type}_response":
            _LOG.debug("%s %s answers nothing that waits", message.type, message.id)
            return
        command = self._command(entry)
        if command is None:
            self._settle(entry, None)
            return
        try:
            reply: Reply = decode(reply_type(type(command)), message.data)
        except Rejected as error:
            _LOG.warning("%s %s is not understood: %s", message.type, message.id, error)
            reason = "The reply is not understood by this version"
            self._settle(entry, RequestFailed("unreadable_reply", reason))
        else:
            if isinstance(command, Subscribe | Unsubscribe):
                self.narrowing = command if isinstance(command, Subscribe) else None
            self._settle(entry, reply)

    def refused(self, error: Error) -> None:
        """Take an error."""
        entry = self._outbox.get(error.original_message_id or "")
        failure = request_failed(error)
        if entry is None:
            _LOG.warning("the server reports %s", failure.code)
        elif failure.code == "rate_limit_exceeded":
            self._again(entry, 1000 if failure.retry_after is None else 1000 * failure.retry_after)
        elif failure.code == "server_error" and entry.refusals < MAX_SERVER_ERRORS:
            self._again(entry, _RETRY << entry.refusals)
        else:
            self._settle(entry, failure)

    def end(self, error: Exception) -> None:
        """Raise this wherever a reply is awaited."""
        for awaited in self._awaited.values():
            awaited.settle(error)

    # Within

    def _again(self, entry: Entry, milliseconds: int) -> None:
        self._outbox.refuse(entry.id, self._ambient.now() + milliseconds)
        if entry.id in self._awaited:
            self._awaited[entry.id].unsent()
        self._bell.ring()

    def _settle(self, entry: Entry, outcome: Reply | RequestFailed | None) -> None:
        awaited = self._awaited.get(entry.id)
        command = self._command(entry)
        self._forget(entry.id)
        if awaited and awaited.settle(outcome):
            return
        if isinstance(outcome, RequestFailed):
            self._tell(CommandFailed(entry.id, command, outcome), entry.id)
        elif command and outcome and not entry.query:
            self._tell(CommandDone(entry.id, command, outcome), entry.id)

    def _forget(self, message_id: str) -> None:
        self._outbox.remove(message_id)
        self._commands.pop(message_id, None)
        self._journal.finished(message_id)
        self._bell.ring()

    def _keep(self, entry: Entry) -> None:
        try:
            self._journal.queued(entry)
        except OSError:
            self._outbox.remove(entry.id)
            raise

    def _command(self, entry: Entry) -> AnyCommand | None:
        """Return what was asked; of an earlier run's command, as far as it is known."""
        if entry.id not in self._commands:
            command = _restored(entry)
            if command is None:
                return None
            self._commands[entry.id] = command
        return self._commands[entry.id]


def _written(entry: Entry, ahead: int = 0) -> bytes:
    return codec.prefix(entry.type, entry.id, entry.data, entry.timestamp + ahead) + b"}"


def _restored(entry: Entry) -> AnyCommand | None:
    field = VARIANT_FIELDS.get(entry.type)
    try:
        variant = msgspec.json.decode(entry.data)[field] if field else None
        kind = COMMANDS.get((entry.type, variant))
        return decode(kind, entry.data) if kind else None
    except (Rejected, KeyError):
        return None
