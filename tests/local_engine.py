"""The engine without processes; `tests/contract` holds it to the real one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from hugmood.engine.framing import LENGTH_BYTES, pack
from hugmood.engine.handling import Host
from hugmood.engine.link import Callback, Listener
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Cut,
    Delivery,
    Heads,
    Presence,
    Question,
    Ready,
    Said,
    StreamPage,
    Transient,
    read_questions,
    read_said,
)
from hugmood.engine.worker import Work, make_work
from hugmood.store.database import Database
from hugmood.wire.message import LANES, Lane


@dataclass(slots=True)
class _Pending:
    question: Ask | AskPage | AskHeads | Presence
    callback: Callback


class LocalEngine:
    """The engine in the caller's thread: a lane does all that waits in one go.

    Questions and answers go through the same bytes as between processes.
    """

    listener: Listener

    def __init__(
        self, loop: asyncio.AbstractEventLoop, database: Database, make_host: Callable[[], Host]
    ) -> None:
        self._loop = loop
        self._database = database
        self._make_host = make_host
        self._queues: dict[Lane, list[Question]] = {"check": [], "write": [], "read": []}
        self._pending: dict[int, _Pending] = {}
        self._number = 0
        self._held: set[Lane] = set()
        self._online: set[int] = set()
        self._start()

    # What the gateway asks

    def ask(self, ask: Ask, callback: Callback) -> None:
        """Have a command or query handled."""
        self._ask(LANES.get(ask.type, "write"), replace(ask, number=self._next()), callback)

    def ask_page(self, user: int, after: int, callback: Callback) -> None:
        """Read on in a user's stream."""
        self._ask("read", AskPage(self._next(), user, after), callback)

    def ask_heads(self, users: Sequence[int], callback: Callback) -> None:
        """Read users' newest numbers."""
        self._ask("read", AskHeads(self._next(), list(users)), callback)

    def presence(self, here: Sequence[int], gone: Sequence[int]) -> None:
        """Tell readers and the writer who came and who went; it tells others."""
        self._online.update(here)
        self._online.difference_update(gone)
        self._put("read", Presence(list(here), list(gone)))
        self._announce(here, gone)

    # What a test asks

    def hold(self, lane: Lane) -> None:
        """Let what is asked of this lane wait."""
        self._held.add(lane)

    def release(self, lane: Lane) -> None:
        """Do what has waited, in one go."""
        self._held.discard(lane)
        self._loop.call_soon(self._run)

    def keep_house(self) -> None:
        """Use a quiet moment, as the writer does every second."""
        work = self._works["write"]
        said = list(work.answers([]))
        more = True
        while more:
            done, more = work.idle()
            said += [done, *work.answers([])]
        self._loop.call_soon(self._hear_all, said)

    def die(self, *, after_commit: bool = False) -> None:
        """Start the writer again; before that it may have done its work and told nobody."""
        if after_commit:
            self._said("write")
        self._start()
        owed: list[Question] = [
            pending.question
            for pending in self._pending.values()
            if isinstance(pending.question, Presence)
            or (isinstance(pending.question, Ask) and self._lane(pending.question) == "write")
        ]
        callers = {q.caller.key for q in owed if isinstance(q, Ask) and q.caller}
        self._queues["read"].insert(0, self._who_is_here())
        self._queues["write"] = [self._who_is_here(), *owed]
        if callers:
            self._announce([], [], sorted(callers))
        self.listener.engine_restarted()
        self._loop.call_soon(self._run)

    # Within

    def _start(self) -> None:
        self.hosts: dict[Lane, Host] = {lane: self._make_host() for lane in self._queues}
        self._works: dict[Lane, Work] = {
            lane: make_work(lane, self._database, host) for lane, host in self.hosts.items()
        }

    def _who_is_here(self) -> Presence:
        return Presence(sorted(self._online), [])

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _lane(self, ask: Ask) -> Lane:
        return "write" if ask.internal else LANES.get(ask.type, "write")

    def _announce(
        self, here: Sequence[int], gone: Sequence[int], again: Sequence[int] = ()
    ) -> None:
        question = Presence(list(here), list(gone), list(again), self._next())
        self._ask("write", question, lambda _: None)

    def _ask(
        self, lane: Lane, question: Ask | AskPage | AskHeads | Presence, callback: Callback
    ) -> None:
        self._pending[question.number] = _Pending(question, callback)
        self._put(lane, question)

    def _put(self, lane: Lane, question: Question) -> None:
        self._queues[lane].append(question)
        self._loop.call_soon(self._run)

    def _run(self) -> None:
        for lane in self._queues:
            if lane not in self._held:
                for said in self._said(lane):
                    self._hear(said)

    def _said(self, lane: Lane) -> list[list[Said]]:
        questions, self._queues[lane] = self._queues[lane], []
        if not questions:
            return []
        work = self._works[lane]
        said = list(work.answers(read_questions(pack(questions)[LENGTH_BYTES:])))
        while work.waiting:
            said += work.answers([])
        return [read_said(pack(records)[LENGTH_BYTES:]) for records in said]

    def _hear_all(self, said: list[list[Said]]) -> None:
        for records in said:
            self._hear(read_said(pack(records)[LENGTH_BYTES:]))

    def _hear(self, said: list[Said]) -> None:
        deliveries: list[Delivery] = []
        transients: list[Transient] = []
        for record in said:
            if isinstance(record, Delivery):
                deliveries.append(record)
            elif isinstance(record, Transient):
                transients.append(record)
            elif isinstance(record, Cut):
                self.listener.cut(record)
            elif not isinstance(record, Ready):
                self._answered(record)
        if deliveries:
            self.listener.deliver(deliveries)
        if transients:
            self.listener.transient(transients)

    def _answered(self, record: Answer | StreamPage | Heads) -> None:
        pending = self._pending.pop(record.number)
        onward = record.onward if isinstance(record, Answer) else None
        if onward is None:
            pending.callback(record)
            return
        if not isinstance(pending.question, Ask):
            raise TypeError(pending.question)
        second = replace(
            pending.question,
            number=self._next(),
            type=onward.type,
            data=onward.data,
            internal=True,
            fingerprint=onward.fingerprint,
        )
        self._ask("write", second, pending.callback)
