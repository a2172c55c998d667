"""The gateway's side of the engine: processes started, watched, asked, restarted.

`EngineLink.ask` never awaits: the answer comes to a callback, in the loop turn that
read it. A process that dies is started again and what it had not answered is asked
again; every command with a caller is idempotent by its id, so that repeating is safe.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from hugmood.ambient import monotonic
from hugmood.engine.child import Child
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Cut,
    Delivery,
    Heads,
    Presence,
    Probe,
    Ready,
    StreamPage,
    Transient,
    read_said,
)
from hugmood.errors import too_many, unavailable
from hugmood.wire.message import LANES, Lane

MODULE: Final = "hugmood.engine.worker"

MAX_PENDING: Final[dict[Lane, int]] = {"write": 20_000, "read": 20_000, "check": 20_000}
"""Questions a lane may owe; more are refused at once with `rate_limit_exceeded`."""

MAX_ATTEMPTS: Final = 3
"""A question that was in hand at so many deaths of its process is given up."""

_PATIENCE: Final = 60.0
_PATIENCE_WHEN_DOWN: Final = 10.0
_SWEEP_EVERY: Final = 1.0

log = structlog.get_logger(__name__)

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


class _Pending:
    # No dataclass: its `__init__` would not be compiled, and each question makes one.
    __slots__ = ("attempts", "callback", "question", "since")

    def __init__(
        self, question: Ask | AskPage | AskHeads | Presence | Probe, callback: Callback
    ) -> None:
        self.question = question
        self.callback = callback
        self.since = monotonic()
        self.attempts = 1


class _Worker(Child):
    """One engine process, and what it has not answered yet."""

    def __init__(
        self, lane: Lane, config_json: bytes, nursery: Nursery, link: "EngineLink"
    ) -> None:
        super().__init__(lane, MODULE, config_json, nursery)
        self.lane = lane
        self.pending: dict[int, _Pending] = {}
        self.ready = False
        self.reason = "starting"
        self._link = link

    # Life

    def greet(self) -> None:
        self._link.greet(self)
        callers = self._ask_again()
        if callers:
            self._link.tell_again(self, callers)

    def died(self, code: int | None) -> None:
        self.ready = False
        log.error("engine process died", lane=self.lane, exit=code, pending=len(self.pending))

    def _ask_again(self) -> set[int]:
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
                self.put(pending.question)
        return callers

    # Asking

    def ask(
        self, question: Ask | AskPage | AskHeads | Presence | Probe, callback: Callback
    ) -> None:
        if len(self.pending) >= MAX_PENDING[self.lane]:
            callback(Answer(question.number, refusal=too_many(1).refusal))
            return
        self.pending[question.number] = _Pending(question, callback)
        self.put(question)

    def give_up(self, now: float) -> None:
        """Refuse what has waited too long; end a process that is stuck."""
        before = now - (_PATIENCE if self.ready else _PATIENCE_WHEN_DOWN)
        overdue = [number for number, p in self.pending.items() if p.since < before]
        for number in overdue:
            self._link.refused(self.pending.pop(number))
        if overdue and self.ready:
            log.error("engine process is stuck", lane=self.lane, overdue=len(overdue))
            self.kill()

    # Hearing

    def hear(self, frame: bytes) -> None:
        said = read_said(frame)
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


def lanes(readers: int) -> list[Lane]:
    """List the lane of each process that an engine with so many readers has."""
    reading: list[Lane] = ["read"] * readers
    return ["write", "check", *reading]


class EngineLink:
    """The engine as processes: one writer, one checker, and readers."""

    def __init__(self, config_json: bytes, nursery: Nursery, *, readers: int = 1) -> None:
        """Know how to start them; `config_json` holds secrets and goes by socket only."""
        self.listener: Listener
        self._write, self._check, *self._readers = [
            _Worker(lane, config_json, nursery, self) for lane in lanes(readers)
        ]
        self._workers = [self._write, self._check, *self._readers]
        self._number = 0
        self._online: set[int] = set()
        self._untold: set[int] = set()
        self._write_was_up = False
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
            reader.put(Presence(list(here), list(gone)))
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
            worker.put(Presence(sorted(self._online), []))
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
