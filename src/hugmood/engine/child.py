"""A process of our own beside the gateway: started, spoken with, and started again.

It is given its configuration over the socket, where no list of processes shows it, and
ends when the gateway's end of the socket is gone.
"""

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Final, cast

import structlog

from hugmood.ambient import monotonic
from hugmood.engine.framing import Frames, frame, pack
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import Record

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_FIRST_RESTART: Final = 0.05
_SLOWEST_RESTART: Final = 5.0
_SETTLED: Final = 10.0
_STOP_PATIENCE: Final = 10.0

log = structlog.get_logger(__name__)


class Child(asyncio.Protocol):
    """One process; what is said in one loop turn goes in one frame."""

    def __init__(self, name: str, module: str, config_json: bytes, nursery: Nursery) -> None:
        """Know what to start, as `Nursery.launch` does."""
        self.name = name
        self._nursery = nursery
        self._module = module
        self._config_json = config_json
        self._frames = Frames()
        self._outgoing: list[Record] = []
        self._transport: asyncio.Transport | None = None
        self._process: BaseProcess | None = None
        self._started = 0.0
        self._restart_delay = _FIRST_RESTART
        self._stopping = False
        self._restart: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None

    # What a subclass does

    def greet(self) -> None:
        """Say what a process that has just started has to know."""

    def died(self, code: int | None) -> None:
        """Take notice that it is gone, with this exit code; it is started again."""
        raise NotImplementedError

    def hear(self, frame: bytes) -> None:
        """Take one frame of what it says."""
        raise NotImplementedError

    # Life

    async def start(self) -> None:
        """Start it; it becomes ready in its own time."""
        launched = await asyncio.wrap_future(self._nursery.launch(self.name, self._module))
        self._process, ours = launched
        if self._stopping:
            ours.close()
            return
        self._started = monotonic()
        self._frames = Frames()
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self, sock=ours)

    def stop(self) -> None:
        """Have it finish what it has in hand, and end."""
        self._stopping = True
        if self._restart:
            self._restart.cancel()
        if self._transport:
            self._transport.close()

    async def ended(self) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        process = self._process
        if process is None:
            return
        await asyncio.to_thread(process.join, _STOP_PATIENCE)
        if process.is_alive():
            process.kill()

    def kill(self) -> None:
        """End it at once; it is started again."""
        # While it holds its end of the socket, the number is its own. What `multiprocessing`
        # knows of it ends with the fork server.
        if self._transport and self.pid:
            os.kill(self.pid, signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process else None

    # Speaking

    def put(self, record: Record) -> None:
        """Say this at the end of the loop turn; lost if it is not there."""
        if self._transport is None:
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(record)

    def _flush(self) -> None:
        if self._outgoing and self._transport:
            self._transport.write(pack(self._outgoing))
        self._outgoing.clear()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say how it is configured, then what it has to know."""
        # uvloop's transports are not subclasses of asyncio's, though they are the same.
        self._transport = transport = cast("asyncio.Transport", transport)
        transport.write(frame(self._config_json))
        self._outgoing.clear()
        self.greet()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        """Start it again, the later the more often that was needed."""
        self._transport = None
        if self._stopping:
            return
        self.died(self._process.exitcode if self._process else None)
        if monotonic() - self._started > _SETTLED:
            self._restart_delay = _FIRST_RESTART
        self._start_after(self._restart_delay)
        self._restart_delay = min(self._restart_delay * 2, _SLOWEST_RESTART)

    def data_received(self, data: bytes) -> None:
        """Cut what comes into frames."""
        for body in self._frames.feed(data):
            self.hear(body)

    def _start_after(self, delay: float) -> None:
        self._restart = asyncio.get_running_loop().call_later(delay, self._start_again)

    def _start_again(self) -> None:
        self._starting = asyncio.get_running_loop().create_task(self._try_to_start())

    async def _try_to_start(self) -> None:
        try:
            await self.start()
        except OSError as error:
            log.error("process cannot be started", process=self.name, error=str(error))  # noqa: TRY400 (the reason is all)
            self._start_after(_SLOWEST_RESTART)
