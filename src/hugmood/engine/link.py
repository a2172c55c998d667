"""The gateway's side of the engine: processes started, watched, asked, restarted.

`EngineLink.ask` never awaits: the answer comes to a callback, in the loop turn that
read it. A process that dies is started again and what it had not answered is asked
again; every command with a caller is idempotent by its id, so that repeating is safe.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, cast

import structlog
from msgspec.structs import replace

from hugmood.ambient import monotonic
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Cut,
    Delivery,
    Frames,
    Heads,
    Presence,
    Probe,
    Question,
    Ready,
    Said,
    StreamPage,
    Transient,
    pack,
    read_said,
)
from hugmood.errors import too_many, unavailable
from hugmood.wire.message import LANES, Lane

MAX_PENDING: Final[dict[Lane, int]] = {"write": 20_000, "read": 20_000, "check": 20_000}
"""Questions a lane may owe; more are refused at once with `rate_limit_exceeded`."""

MAX_ATTEMPTS: Final = 3
"""A question that was in hand at so many deaths of its process is given up."""

_PATIENCE: Final = 60.0
_PATIENCE_WHEN_DOWN: Final = 10.0
_SWEEP_EVERY: Final = 1.0
_FIRST_RESTART: Final = 0.05
_SLOWEST_RESTART: Final = 5.0
_SETTLED: Final = 10.0
_STOP_PATIENCE: Final = 10.0

log = structlog.get_logger()

Reply = Answer | StreamPage | Heads
Callback = Callable[[Reply], None]


class Engine(Protocol):
    """What the gateway asks; behind it are processes, or in tests a function."""

    def ask(self, ask: Ask, callback: Callback) -> None:
        """Have a command or query handled; `ask.number` is put in here."""
        ...

    def ask_page(self, user: int, after: int, callback: Callback) -> None:
        """Read on in a user's stream; answered by a `StreamPage`, or a refusal."""
        ...

    def ask_heads(self, users: Sequence[int], callback: Callback) -> None:
        """Read users' newest numbers; answered by `Heads`, or a refusal."""
        ...

    def presence(self, here: Sequence[int], gone: Sequence[int]) -> None:
        """Tell who came and who went."""
        ...


class Listener(Protocol):
    """Who hears what the engine says of itself."""

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events that were committed."""
        ...

    def transient(self, transients: Sequence[Transient]) -> None:
        """Take notices, which no stream has."""
        ...

    def cut(self, cut: Cut) -> None:
        """Take notice that sessions are over."""
        ...

    def engine_restarted(self) -> None:
        """Catch up: events may have been committed that were never told."""
        ...


@dataclass(slots=True)
class _Pending:
    question: Ask | AskPage | AskHeads | Presence | Probe
    callback: Callback
    since: float
    attempts: int = 1


class _Worker(asyncio.Protocol):
    """One engine process and the socket to it; started again when it dies."""

    def __init__(self, lane: Lane, config_json: bytes, link: "EngineLink") -> None:
        self.lane = lane
        self.pending: dict[int, _Pending] = {}
        self.ready = False
        self.reason = "starting"
        self._config_json = config_json
        self._link = link
        self._frames = Frames()
        self._outgoing: list[Question] = []
        self._transport: asyncio.Transport | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._restart_delay = _FIRST_RESTART
        self._stopping = False
        self._restart: asyncio.TimerHandle | None = None

    # Life

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 (our own program; a fork takes milliseconds, once)
                [sys.executable, "-m", "hugmood.engine.worker", self.lane, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._started = monotonic()
        self._frames = Frames()
        loop = asyncio.get_running_loop()
        ours.setblocking(False)  # noqa: FBT003 (that is its signature)
        await loop.create_unix_connection(lambda: self, sock=ours)

    def stop(self) -> None:
        self._stopping = True
        if self._restart:
            self._restart.cancel()
        if self._transport:
            self._transport.close()

    async def ended(self) -> None:
        process = self._process
        if process is None:
            return
        try:
            await asyncio.wait_for(asyncio.to_thread(process.wait), _STOP_PATIENCE)
        except TimeoutError:
            process.kill()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's, though they are the same.
        self._transport = transport = cast("asyncio.Transport", transport)
        length = len(self._config_json).to_bytes(4, "big")
        transport.write(length + self._config_json)
        self._outgoing.clear()
        self._link.greet(self)
        callers = self._send_again()
        if callers:
            self._link.tell_again(self, callers)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's)
        self._transport = None
        self.ready = False
        if self._process:
            self._process.poll()
        if self._stopping:
            return
        code = self._process.returncode if self._process else None
        log.error("engine process died", lane=self.lane, exit=code, pending=len(self.pending))
        if monotonic() - self._started > _SETTLED:
            self._restart_delay = _FIRST_RESTART
        loop = asyncio.get_running_loop()
        self._restart = loop.call_later(self._restart_delay, self._start_again)
        self._restart_delay = min(self._restart_delay * 2, _SLOWEST_RESTART)

    def _start_again(self) -> None:
        self._link.background(self._try_to_start())

    async def _try_to_start(self) -> None:
        try:
            await self.start()
        except OSError as error:
            log.error("engine process cannot be started", lane=self.lane, error=str(error))  # noqa: TRY400 (the reason is all)
            self._restart = asyncio.get_running_loop().call_later(
                _SLOWEST_RESTART, self._start_again
            )

    def _send_again(self) -> set[int]:
        """Ask all that is unanswered again; return whose commands were among it."""
        callers = set()
        for number, pending in list(self.pending.items()):
            if isinstance(pending.question, Ask) and pending.question.caller:
                callers.add(pending.question.caller.key)
            pending.attempts += 1
            if pending.attempts > MAX_ATTEMPTS:
                del self.pending[number]
                self._link.refused(pending)
            else:
                self._put(pending.question)
        return callers

    # Asking

    def ask(
        self, question: Ask | AskPage | AskHeads | Presence | Probe, callback: Callback
    ) -> None:
        if len(self.pending) >= MAX_PENDING[self.lane]:
            callback(Answer(question.number, refusal=too_many(1).refusal))
            return
        self.pending[question.number] = _Pending(question, callback, monotonic())
        self._put(question)

    def tell(self, question: Question) -> None:
        self._put(question)

    def _put(self, question: Question) -> None:
        if self._transport is None:
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(question)

    def _flush(self) -> None:
        if self._outgoing and self._transport:
            self._transport.write(pack(self._outgoing))
        self._outgoing.clear()

    def give_up(self, now: float) -> None:
        """Refuse what has waited too long; end a process that is stuck."""
        before = now - (_PATIENCE if self.ready else _PATIENCE_WHEN_DOWN)
        overdue = [number for number, p in self.pending.items() if p.since < before]
        for number in overdue:
            self._link.refused(self.pending.pop(number))
        if overdue and self.ready and self._process:
            log.error("engine process is stuck", lane=self.lane, overdue=len(overdue))
            self._process.kill()

    # Hearing

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self._hear(read_said(frame))

    def _hear(self, said: list[Said]) -> None:
        deliveries: list[Delivery] = []
        transients: list[Transient] = []
        for record in said:
            if isinstance(record, Delivery):
                deliveries.append(record)
            elif isinstance(record, Transient):
                transients.append(record)
            elif isinstance(record, Cut):
                self._link.listener.cut(record)
            elif isinstance(record, Ready):
                self._now_ready(record)
            else:
                self._answered(record)
        if deliveries:
            self._link.listener.deliver(deliveries)
        if transients:
            self._link.listener.transient(transients)

    def _now_ready(self, record: Ready) -> None:
        self.ready, self.reason = record.migrated, record.reason
        log.info("engine process ready" if self.ready else "engine waits", lane=self.lane)

    def _answered(self, record: Reply) -> None:
        pending = self.pending.pop(record.number, None)
        if pending is None:
            return
        if isinstance(record, Answer) and record.onward is not None:
            self._link.go_on(pending, record)
        else:
            pending.callback(record)


class EngineLink:
    """The engine as processes: one writer, one checker, and readers."""

    def __init__(self, config_json: bytes, *, readers: int = 1) -> None:
        """Know how to start them; `config_json` holds secrets and goes by socket only."""
        self.listener: Listener
        self._write = _Worker("write", config_json, self)
        self._check = _Worker("check", config_json, self)
        self._readers = [_Worker("read", config_json, self) for _ in range(readers)]
        self._workers = [self._write, self._check, *self._readers]
        self._number = 0
        self._online: set[int] = set()
        self._untold: set[int] = set()
        self._write_was_up = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.TimerHandle | None = None

    async def start(self, listener: Listener) -> None:
        """Start every process; they become ready in their own time."""
        self.listener = listener
        await asyncio.gather(*(worker.start() for worker in self._workers))
        self._sweep()

    async def stop(self) -> None:
        """Let every process finish what it has in hand, and end."""
        if self._sweeper:
            self._sweeper.cancel()
        for worker in self._workers:
            worker.stop()
        await asyncio.gather(*(worker.ended() for worker in self._workers))

    @property
    def ready(self) -> bool:
        """Tell whether every process is up and has its database."""
        return all(worker.ready for worker in self._workers)

    @property
    def reason(self) -> str:
        """Say why it is not ready."""
        return next((worker.reason for worker in self._workers if not worker.ready), "")

    @property
    def pids(self) -> dict[str, int]:
        """Return the process ids by lane, for those who watch or measure."""
        names = ["write", "check", *(f"read{n}" for n in range(len(self._readers)))]
        pairs = zip(names, self._workers, strict=True)
        return {name: worker.pid for name, worker in pairs if worker.pid is not None}

    def ask(self, ask: Ask, callback: Callback) -> None:
        """Have a command or query handled; the answer comes to `callback`."""
        lane = LANES.get(ask.type, "write")
        worker = self._reader() if lane == "read" else self._by_lane(lane)
        worker.ask(replace(ask, number=self._next()), callback)

    def ask_page(self, user: int, after: int, callback: Callback) -> None:
        """Read on in a user's stream."""
        self._reader().ask(AskPage(self._next(), user, after), callback)

    def ask_heads(self, users: Sequence[int], callback: Callback) -> None:
        """Read users' newest numbers."""
        self._reader().ask(AskHeads(self._next(), list(users)), callback)

    def presence(self, here: Sequence[int], gone: Sequence[int]) -> None:
        """Tell readers and the writer who came and who went; it tells others."""
        self._online.update(here)
        self._online.difference_update(gone)
        for reader in self._readers:
            reader.tell(Presence(list(here), list(gone)))
        self._announce([*here, *gone])

    async def probe(self, timeout: float) -> bool:  # noqa: ASYNC109 (the caller's patience)
        """Ask the writer whether its database answers and is migrated."""
        if not self.ready:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def heard(reply: Reply) -> None:
            if not answer.done():
                answer.set_result(isinstance(reply, Answer) and reply.refusal is None)

        self._write.ask(Probe(self._next()), heard)
        try:
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError:
            return False

    # For the workers

    def greet(self, worker: _Worker) -> None:
        """Tell a process that has just started what it cannot know."""
        if self._online and worker is not self._check:
            worker.tell(Presence(sorted(self._online), []))
        if worker is not self._write:
            return
        if self._write_was_up:
            self.listener.engine_restarted()
        self._write_was_up = True

    def tell_again(self, worker: _Worker, callers: Collection[int]) -> None:
        """Have others told what holds of those whose commands were asked again.

        These may have been done and their notices lost with the answers; events are
        found in the streams, notices nowhere.
        """
        if worker is self._write:
            question = Presence([], [], sorted(callers), self._next())
            self._write.ask(question, lambda _: None)

    def go_on(self, pending: _Pending, answer: Answer) -> None:
        """Hand the second half of a command to the writer."""
        question, onward = pending.question, answer.onward
        if not isinstance(question, Ask) or onward is None:
            raise TypeError(question)
        second = replace(
            question,
            number=self._next(),
            type=onward.type,
            data=onward.data,
            internal=True,
            fingerprint=onward.fingerprint,
        )
        self._write.ask(second, pending.callback)

    def refused(self, pending: _Pending) -> None:
        """Answer for a process that cannot."""
        pending.callback(Answer(pending.question.number, refusal=unavailable().refusal))

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run a coroutine and keep hold of it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Within

    def _announce(self, users: Sequence[int]) -> None:
        """Have others told who is online now, and again later where that failed."""
        here = [user for user in users if user in self._online]
        gone = [user for user in users if user not in self._online]

        def heard(reply: Reply) -> None:
            refusal = reply.refusal if isinstance(reply, Answer) else None
            # It is invalid where no feature wants to know: then nobody ever will.
            if refusal and refusal.code != "invalid_request":
                self._untold.update(users)

        self._untold.difference_update(users)
        self._write.ask(Presence(here, gone, number=self._next()), heard)

    def _sweep(self) -> None:
        for worker in self._workers:
            worker.give_up(monotonic())
        if self._untold and self._write.ready:
            self._announce(sorted(self._untold))
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_EVERY, self._sweep)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _by_lane(self, lane: Lane) -> _Worker:
        return self._check if lane == "check" else self._write

    def _reader(self) -> _Worker:
        return min(self._readers, key=lambda worker: len(worker.pending))
