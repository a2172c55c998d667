"""The one writer: all waiting commands in one transaction, answered after its commit.

A batch runs without savepoints. If a command fails after it has written something,
the whole batch is undone and repeated with a savepoint for each command, so that only
the failing one's effects are undone. That is rare; a savepoint for each always is not.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import structlog

from hugmood.engine import schedule
from hugmood.engine.handling import (
    DEFAULT_RATES,
    Announcement,
    Ctx,
    Emission,
    Erasure,
    Host,
    Outbox,
    RejectedWithEffect,
    Removal,
    Route,
    ask_ahead,
    dispatch,
    route,
)
from hugmood.engine.idempotency import Memory, fingerprint
from hugmood.engine.records import (
    NOBODY,
    Answer,
    Ask,
    Cut,
    Delivery,
    Onward,
    Said,
    Transient,
    internal_ask,
)
from hugmood.engine.schedule import Due
from hugmood.errors import Refusal, Rejected, too_many, unavailable
from hugmood.store.database import Database, DatabaseError, DatabaseUnavailable, Transaction
from hugmood.store.streams import NewEvent, Numbered
from hugmood.wire import codec
from hugmood.wire.bucket import Bucket
from hugmood.wire.limits import Rates
from hugmood.wire.message import COMMANDS, Command, Push, Reply

_MOST_BUCKETS: Final = 10_000
_LOOK_EVERY: Final = 1_000
"""How often the schedule is looked at, ms; what is due waits no longer than this."""

log = structlog.get_logger(__name__)


class _MustUndo(Exception):  # noqa: N818 (it asks for the batch to be repeated)
    """A command failed after it wrote: what it did cannot stay."""


class _Outcome(NamedTuple):
    answer: Answer
    cuts: Sequence[Cut] = ()
    changes: Sequence[NewEvent | Erasure | Removal] = ()
    transients: Sequence[Transient] = ()
    again: bool = False
    """Whether something was scheduled for now."""


class Quiet(NamedTuple):
    """What was said in a quiet moment; is there `more` to use the next for?"""

    said: list[Said]
    more: bool


class Writer:
    """Runs commands that change something, a batch at a time, in the caller's thread."""

    def __init__(self, database: Database, host: Host) -> None:
        """Write to this database; there must be one writer on SQLite."""
        self._database = database
        self._host = host
        self._limits = UserLimits(host.rates)
        self._look_at = 0
        self._rounds_begun = False
        self._failing = False

    def run(self, asks: Sequence[Ask]) -> list[Said]:
        """Run a batch; what it returns may be told, for it is on disk.

        Answers come first, in the order of the commands, then the events, then the
        notices: a connection that signs in within the batch gets the batch's events.
        Commands that `NOBODY` waits for get no answer. What was scheduled and is due comes
        before the batch: with an empty one that is all there is.
        """
        if not asks and not self._anything_due():
            return []
        self._limits.begin()
        try:
            try:
                return self._batch(asks, isolated=False)
            except (_MustUndo, DatabaseError) as error:
                if isinstance(error, DatabaseUnavailable):
                    raise
                return self._batch(asks, isolated=True)
        except DatabaseError as error:
            return self._all_failed(asks, error)

    @property
    def steps_owed(self) -> int:
        """How many steps are due now; none after one failed, until another was tried."""
        return 0 if self._failing else self._host.streams.steps_owed

    def step(self) -> Quiet:
        """Do some of what streams have left to do."""
        streams = self._host.streams
        try:
            step = streams.step(self._database)
        except DatabaseError as error:
            log.warning("housekeeping failed", error=str(error))
            self._failing = True
            return Quiet([], more=False)
        self._failing = False
        told: list[Said] = [Delivery.of(*event) for event in step.told]
        return Quiet(told, more=step.more or self._look_at <= self._host.ambient.now())

    def _batch(self, asks: Sequence[Ask], *, isolated: bool) -> list[Said]:
        now = self._host.ambient.now()
        try:
            with self._database.transaction(write=True) as tx:
                memory = Memory(tx, now)
                self._begin_rounds(tx, now)
                claimed = schedule.claim(tx, now) if now >= self._look_at else None
                outcomes = [
                    self._due(tx, memory, due, now, isolated=isolated) for due in claimed or ()
                ]
                outcomes += self._each(tx, memory, asks, now, isolated=isolated)
                changes = [change for outcome in outcomes for change in outcome.changes]
                numbered = self._write_streams(tx, changes, now)
                memory.write()
        except BaseException:
            self._host.streams.forget()
            raise
        self._rounds_begun = True
        if any(outcome.again for outcome in outcomes) or len(claimed or ()) == schedule.MOST:
            self._look_at = now
        elif claimed is not None:
            self._look_at = now + _LOOK_EVERY
        return _told(outcomes, numbered)

    def _each(
        self, tx: Transaction, memory: Memory, asks: Sequence[Ask], now: int, *, isolated: bool
    ) -> Iterator[_Outcome]:
        """Run one after the other; where they are not isolated, the database may look ahead."""
        if isolated or not tx.asks_ahead:
            yield from (self._one(tx, memory, ask, now, isolated=isolated) for ask in asks)
            return
        memory.read_ahead([ask for ask in asks if _may_be_remembered(ask)])
        ask_ahead(tx, asks)
        coming: defaultdict[str, list[int]] = defaultdict(list)
        for ask in reversed(asks):
            if ask.caller:
                coming[ask.type].append(ask.caller.key)
        for ask in asks:
            tx.expect(coming[ask.type][::-1] if ask.caller else (), ask.type)
            yield self._one(tx, memory, ask, now, isolated=False)
            memory.write_some()
            if ask.caller:
                coming[ask.type].pop()
        tx.expect(())

    def _write_streams(
        self, tx: Transaction, changes: Sequence[NewEvent | Erasure | Removal], now: int
    ) -> list[Numbered]:
        """Append events, all in one where nothing is taken away between them."""
        streams = self._host.streams
        numbered: list[Numbered] = []
        waiting: list[NewEvent] = []
        for change in changes:
            if isinstance(change, NewEvent):
                waiting.append(change)
                continue
            numbered += streams.append(tx, waiting, now)
            waiting = []
            if isinstance(change, Erasure):
                streams.erase(tx, change.author, change.containing)
            else:
                streams.drop(tx, change.user)
        return numbered + streams.append(tx, waiting, now)

    def _begin_rounds(self, tx: Transaction, now: int) -> None:
        """See to it that everything recurring is in the schedule."""
        if self._rounds_begun:
            return
        for kind in list(COMMANDS.values()):
            if kind.recurring:
                schedule.put(tx, kind.wire_type, codec.EMPTY, now, name=kind.wire_type)

    def _anything_due(self) -> bool:
        now = self._host.ambient.now()
        if not self._rounds_begun:
            return True
        if now < self._look_at:
            return False
        try:
            with self._database.transaction(write=False) as tx:
                found = schedule.any_due(tx, now)
        except DatabaseError as error:
            log.warning("schedule unknown", error=str(error))
            found = False
        if not found:
            self._look_at = now + _LOOK_EVERY
        return found

    def _due(
        self, tx: Transaction, memory: Memory, due: Due, now: int, *, isolated: bool
    ) -> _Outcome:
        ask = internal_ask(due.type, due.data)
        outcome = self._one(tx, memory, ask, now, isolated=isolated)
        if outcome.answer.refusal:
            log.error("due command put back", type=due.type, attempts=due.attempts + 1)
            schedule.put_back(tx, due, now)
        return outcome

    def _one(
        self, tx: Transaction, memory: Memory, ask: Ask, now: int, *, isolated: bool
    ) -> _Outcome:
        before = tx.changes
        try:
            if isolated:
                with tx.savepoint():
                    return self._handle(tx, memory, ask, now)
            return self._handle(tx, memory, ask, now)
        except Rejected as rejected:
            if not isolated and tx.changes != before:
                raise _MustUndo from rejected
            return _Outcome(Answer(ask.number, refusal=rejected.refusal))
        except DatabaseUnavailable:
            raise
        except Exception as error:
            if not isolated:
                raise _MustUndo from error
            return _Outcome(failed(ask, self._host))

    def _handle(self, tx: Transaction, memory: Memory, ask: Ask, now: int) -> _Outcome:
        found = route(ask)
        remembered = is_remembered(ask, found)
        reply = memory.recall(ask) if remembered else None
        if reply is not None:
            return _Outcome(Answer(ask.number, reply))
        if self._host.limited:
            self._limits.check(ask, found, now)
        outbox = Outbox()
        try:
            result = dispatch(Ctx(tx, ask, now, outbox, self._host), found)
        except RejectedWithEffect as rejected:
            return _Outcome(Answer(ask.number, refusal=rejected.refusal), outbox.cuts)
        answer = answered(ask, found, result, outbox)
        changes = [self._encoded(change, now) for change in outbox.changes]
        transients = [self._transient(said, ask, now) for said in outbox.announcements]
        if remembered:  # nothing may fail after this: a failed command is not remembered
            memory.keep(ask, answer.data)
        return _Outcome(answer, outbox.cuts, changes, transients, outbox.hurry)

    def _encoded(
        self, change: Emission | Erasure | Removal, now: int
    ) -> NewEvent | Erasure | Removal:
        if not isinstance(change, Emission):
            return change
        return NewEvent(self._prefix(change.event, now), change.to, change.author)

    def _transient(self, said: Announcement, ask: Ask, now: int) -> Transient:
        prefix = self._prefix(said.notice, now)
        return Transient.of(
            prefix, said.to, fold=said.notice.fold, spare=ask.client, author=said.author
        )

    def _prefix(self, push: Push, now: int) -> bytes:
        message_id = self._host.ambient.message_id(push.id_prefix)
        return codec.prefix(push.wire_type, message_id, codec.encode(push), now)

    def _all_failed(self, asks: Sequence[Ask], error: DatabaseError) -> list[Said]:
        log.error("transaction failed", commands=len(asks), error=str(error))
        return [failed(ask, self._host, trace=False) for ask in asks if ask.number != NOBODY]


class UserLimits:
    """How often each user may send the commands that have a limit of their own."""

    def __init__(self, rates: Rates = DEFAULT_RATES) -> None:
        """Owe nothing; commands name some of their limits, and `rates` has the figures."""
        self._rates = rates
        self._buckets: dict[tuple[int, str], Bucket] = {}
        self._waits: dict[int, int] = {}

    def begin(self) -> None:
        """Begin a batch, in which each command counts once, however often it is run."""
        self._waits.clear()

    def check(self, ask: Ask, found: Route, now: int) -> None:
        """Take one; `Rejected` with `rate_limit_exceeded` when there is none left."""
        rate = found.command.per_minute
        if rate is None or ask.caller is None:
            return
        if isinstance(rate, str):
            rate = int(getattr(self._rates, rate))
        wait = self._waits.get(ask.number)
        if wait is None:
            wait = self._waits[ask.number] = self._take((ask.caller.key, ask.type), rate, now)
        if wait:
            raise too_many(wait)

    def _take(self, key: tuple[int, str], rate: int, now: int) -> int:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(rate, rate, now)
        wait = bucket.take(now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets = {k: b for k, b in self._buckets.items() if not b.full(now)}
        return wait


def is_remembered(ask: Ask, found: Route) -> bool:
    """Tell whether the reply is remembered; a second half goes by what the client sent."""
    if ask.caller is None:
        return False
    return bool(ask.fingerprint) if ask.internal else found.command.remembered


def _may_be_remembered(ask: Ask) -> bool:
    try:
        return is_remembered(ask, route(ask))
    except Rejected:
        return False


def answered(ask: Ask, found: Route, result: object, outbox: Outbox) -> Answer:
    """Turn what a handler returned into an answer: a reply, or what to do next."""
    if isinstance(result, Command):
        known = fingerprint(ask) if is_remembered(ask, found) else b""
        return Answer(ask.number, onward=Onward(result.wire_type, codec.encode(result), known))
    if isinstance(result, Reply):
        return Answer(
            ask.number, codec.encode(result), grant=outbox.grant, narrowing=outbox.narrowing
        )
    message = f"a handler of {ask.type} returned {type(result).__name__}"
    raise TypeError(message)


def failed(ask: Ask, host: Host, *, trace: bool = True) -> Answer:
    """Answer `server_error`, and log why under the id that the error will have."""
    error_id = host.ambient.message_id("err")
    refusal = unavailable().refusal
    log.error("command failed", error_id=error_id, client=ask.client, type=ask.type, exc_info=trace)
    return Answer(ask.number, refusal=Refusal(refusal.code, refusal.message, error_id=error_id))


def _told(outcomes: list[_Outcome], numbered: list[Numbered]) -> list[Said]:
    said: list[Said] = []
    for outcome in outcomes:
        if outcome.answer.number != NOBODY:
            said.append(outcome.answer)
        said.extend(outcome.cuts)
    said.extend(Delivery.of(*event) for event in numbered)
    for outcome in outcomes:
        said.extend(outcome.transients)
    return said
