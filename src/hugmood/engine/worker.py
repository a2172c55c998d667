"""An engine process: it does the work of one lane.

It is started by the gateway (`engine/nursery.py`), is given its configuration over the
socket pair, answers until the gateway is gone, and ends then: an engine never outlives its
gateway.
"""

import fcntl
import gc
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

import structlog

from hugmood import logs
from hugmood.ambient import Ambient, System, monotonic
from hugmood.config import Config
from hugmood.engine import housekeeping  # noqa: F401 (it registers what it handles)
from hugmood.engine.framing import Frames, pack
from hugmood.engine.handling import Host, route
from hugmood.engine.presence import PresenceChanged
from hugmood.engine.reader import Reader
from hugmood.engine.records import (
    NOBODY,
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Presence,
    Probe,
    Question,
    Ready,
    Said,
    internal_ask,
    read_questions,
)
from hugmood.engine.writer import Quiet, Writer
from hugmood.errors import Rejected, too_many, unavailable
from hugmood.features import load_handlers
from hugmood.store import migrate
from hugmood.store.database import Database, DatabaseError
from hugmood.store.opening import open_database, open_streams
from hugmood.store.streams import Retention, Streams
from hugmood.wire import codec
from hugmood.wire.limits import Rates
from hugmood.wire.message import Lane

MAX_BATCH: Final = 512
"""Commands in one transaction."""

MOST_COSTLY: Final = 200
"""Passwords that may wait to be checked, some five seconds' worth; more are refused."""
COSTLY_WAIT: Final = 5
"""Seconds after which those who were refused may try again."""

_RECEIVE_BYTES: Final = 1 << 18
_TOGETHER: Final = 0.002
"""How long an answer may wait for others to be sent with, in seconds."""
_DAY: Final = 24 * 3600 * 1000
_IDLE_AFTER: Final = 0.02
_HOUSEKEEPING_EVERY: Final = 1.0
_FIRST_RETRY: Final = 0.02
_SLOWEST_RETRY: Final = 0.5
_NOTHING: Final = Quiet([], more=False)

log = structlog.get_logger(__name__)


class Work(Protocol):
    """What a lane does with the questions it is asked."""

    def answers(self, questions: list[Question]) -> Iterator[list[Said]]:
        """Answer; each list yielded is sent at once."""
        ...

    @property
    def waiting(self) -> bool:
        """Tell whether `answers` has something to do without any question."""
        ...

    def idle(self) -> Quiet:
        """Use a quiet moment."""
        ...


class WriteWork:
    """Commands, a batch to a transaction, and who is online."""

    def __init__(self, database: Database, host: Host) -> None:
        """Be the writer of this database."""
        self._writer = Writer(database, host)
        self._reader = Reader(database, host)
        self._database = database
        self._host = host

    def answers(self, questions: list[Question]) -> Iterator[list[Said]]:
        """Answer in batches; presence counts for the commands that follow it.

        With no questions there is what was scheduled and is due.
        """
        batch: list[Ask] = []
        for question in questions:
            if isinstance(question, Ask):
                batch.append(question)
            elif isinstance(question, Presence):
                _note_presence(self._host.online, question)
                batch += _presence_changes(question)
            else:
                yield [self._about_database(question)]
            while len(batch) >= MAX_BATCH:
                yield self._writer.run(batch[:MAX_BATCH])
                yield from self._help()
                batch = batch[MAX_BATCH:]
        if batch or not questions:
            yield self._writer.run(batch)
            yield from self._help()

    @property
    def waiting(self) -> bool:
        """Tell whether streams have something to do that cannot wait for a quiet moment."""
        return self._writer.steps_owed > 0

    def idle(self) -> Quiet:
        """Keep house."""
        return self._writer.step()

    def _help(self) -> Iterator[list[Said]]:
        """Do what cannot wait for a quiet moment; those who ask meanwhile are the brake."""
        for _ in range(self._writer.steps_owed):
            if not self._writer.steps_owed:  # one failed, or that was all
                break
            yield self._writer.step().said

    def _about_database(self, question: AskPage | AskHeads | Probe) -> Said:
        if not isinstance(question, Probe):
            return self._reader.answer(question)
        try:
            migrated = migrate.revision(self._database) == migrate.HEAD
        except DatabaseError:
            migrated = False
        return Answer(question.number, refusal=None if migrated else unavailable().refusal)


class ReadWork:
    """Queries and replay, one by one."""

    def __init__(self, database: Database, host: Host) -> None:
        """Read from this database."""
        self._reader = Reader(database, host)
        self._host = host

    def answers(self, questions: list[Question]) -> Iterator[list[Said]]:
        """Answer what is quick together."""
        done: list[Said] = []
        begun = monotonic()
        for said in self._reader.answers(self._noting_presence(questions)):
            done.append(said)
            if monotonic() - begun > _TOGETHER:
                yield done
                done = []
                begun = monotonic()
        if done:
            yield done

    @property
    def waiting(self) -> bool:
        """Have nothing to do without a question."""
        return False

    def idle(self) -> Quiet:
        """Have nothing to do."""
        return _NOTHING

    def _noting_presence(self, questions: list[Question]) -> Iterator[Ask | AskPage | AskHeads]:
        """Leave the questions; presence counts for those that follow it."""
        for question in questions:
            if isinstance(question, Presence):
                _note_presence(self._host.online, question)
            elif isinstance(question, Ask | AskPage | AskHeads):
                yield question


class CheckWork:
    """Passwords and tokens: what takes long waits for what does not."""

    def __init__(self, database: Database, host: Host) -> None:
        """Look accounts up in this database."""
        self._reader = Reader(database, host)
        self._costly: deque[Ask] = deque()

    def answers(self, questions: list[Question]) -> Iterator[list[Said]]:
        """Answer the quick ones; costly ones wait for an idle moment, one at a time."""
        for question in questions:
            if not isinstance(question, Ask):
                continue
            if not _is_costly(question):
                yield [self._reader.answer(question)]
            elif len(self._costly) < MOST_COSTLY:
                self._costly.append(question)
            else:
                refusal = too_many(COSTLY_WAIT).refusal
                yield [Answer(question.number, refusal=refusal)]
        if self._costly:
            yield [self._reader.answer(self._costly.popleft())]

    @property
    def waiting(self) -> bool:
        """Tell whether a costly question waits: `answers` takes it next."""
        return bool(self._costly)

    def idle(self) -> Quiet:
        """Have nothing to do but what waits."""
        return _NOTHING


def _note_presence(online: set[int], presence: Presence) -> None:
    """Bring up to date who is online."""
    online.update(presence.here)
    online.difference_update(presence.gone)


def _presence_changes(presence: Presence) -> list[Ask]:
    """Make a command of each change that is news; the last one's answer is for all."""
    changes = [PresenceChanged(user_key=user) for user in (*presence.here, *presence.gone)]
    changes += [PresenceChanged(user_key=user, again=True) for user in presence.again]
    return [
        internal_ask(
            change.wire_type,
            codec.encode(change),
            presence.number if place == len(changes) else NOBODY,
        )
        for place, change in enumerate(changes if presence.number else [], 1)
    ]


def _is_costly(ask: Ask) -> bool:
    try:
        return route(ask).command.costly
    except Rejected:
        return False


def make_work(lane: Lane, database: Database, host: Host) -> Work:
    """Make what this lane does."""
    kinds: dict[Lane, Callable[[Database, Host], Work]] = {
        "write": WriteWork,
        "read": ReadWork,
        "check": CheckWork,
    }
    return kinds[lane](database, host)


def make_host(config: Config, ambient: Ambient, streams: Streams) -> Host:
    """Make what the handlers of this process share."""
    return Host(
        ambient,
        streams,
        secrets=config.secret_key,
        limited=config.rate_limit,
        rates=Rates(**{name: getattr(config, name) for name in Rates.__struct_fields__}),
    )


class Process:
    """The loop of an engine process over its end of the socket pair."""

    def __init__(self, lane: Lane, sock: socket.socket) -> None:
        """Answer what comes over this socket."""
        self._lane = lane
        self._sock = sock
        self._frames = Frames()
        self._received = memoryview(bytearray(_RECEIVE_BYTES))
        """What came last; made once, for so much new memory each time is three system calls."""
        self._early: list[Question] = []
        """What came before there was a database: first what a restart asks again."""
        self._lock: IO[str] | None = None

    def run(self) -> None:
        """Serve until the gateway is gone."""
        config = Config.from_json(self._receive_config())
        logs.configure(config.log_level, config.log_format, f"engine-{self._lane}")
        load_handlers()
        database, streams = self._ready(config)
        work = make_work(self._lane, database, make_host(config, System(), streams))
        # What is there by now stays: to look through it would stop everything for 50 ms.
        gc.freeze()
        self._serve(work)

    def _receive_config(self) -> bytes:
        while not (frames := self._frames.feed(self._receive(blocking=True))):
            pass
        config_json, *others = frames
        self._early += [question for frame in others for question in read_questions(frame)]
        return config_json

    def _ready(self, config: Config) -> tuple[Database, Streams]:
        """Wait until the database is there, migrated and ours; say what hinders it."""
        told = ""
        pause = _FIRST_RETRY
        while True:
            try:
                return self._prepare(config)
            except (BrokenPipeError, ConnectionResetError):
                raise  # the gateway has gone: `main` knows what to do
            except (DatabaseError, OSError) as error:
                if str(error) != told:
                    told = str(error)
                    log.warning("database not ready", reason=told)
                    self._send([Ready(migrated=False, reason=told)])
            readable, _, _ = select.select([self._sock], [], [], pause)
            pause = min(2 * pause, _SLOWEST_RETRY)
            if readable:
                self._refuse_all(self._receive(blocking=True))

    def _prepare(self, config: Config) -> tuple[Database, Streams]:
        if self._lane == "write" and config.database_file:
            self._be_alone(config.database_file)
        database = open_database(
            config.database_url, timeout=config.db_timeout, writes_much=self._lane == "write"
        )
        found = migrate.revision(database)
        if found != migrate.HEAD and self._lane == "write" and config.database_file:
            migrate.upgrade(config.database_url)
            found = migrate.revision(database)
        if found != migrate.HEAD:
            database.close()
            message = f"database is at step {found}, not {migrate.HEAD}: run `hugmood migrate`"
            raise DatabaseError(message)
        self._send([Ready(migrated=True)])
        retention = Retention(config.retention_days * _DAY, config.retention_events)
        return database, open_streams(config.database_url, retention)

    def _be_alone(self, file: Path) -> None:
        """Hold a lock that ends with this process: two writers would number alike."""
        if self._lock is not None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.with_name(file.name + ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            message = "another server is writing to this database"
            raise DatabaseError(message) from error
        self._lock = lock

    def _refuse_all(self, data: bytes | memoryview) -> None:
        refusal = unavailable().refusal
        for frame in self._frames.feed(data):
            for question in read_questions(frame):
                if isinstance(question, Presence):
                    self._early.append(question)
                else:
                    self._send([Answer(question.number, refusal=refusal)])

    def _serve(self, work: Work) -> None:
        next_quiet = 0.0
        more = False
        while True:
            pause = _IDLE_AFTER if more else _HOUSEKEEPING_EVERY
            questions = self._questions(0 if work.waiting else pause)
            for said in work.answers(questions):
                self._send(said)
            # Once a second even if there is never a quiet moment.
            if (more and not questions) or monotonic() >= next_quiet:
                said, more = work.idle()
                self._send(said)
                next_quiet = monotonic() + _HOUSEKEEPING_EVERY

    def _questions(self, wait: float) -> list[Question]:
        """Take all that waits, or wait so many seconds for something."""
        questions, self._early = self._early, []
        readable, _, _ = select.select([self._sock], [], [], 0 if questions else wait)
        while readable and len(questions) < MAX_BATCH:
            data = self._receive(blocking=False)
            for frame in self._frames.feed(data):
                questions += read_questions(frame)
            if len(data) < _RECEIVE_BYTES:  # there was no more
                break
        return questions

    def _receive(self, *, blocking: bool) -> memoryview:
        """Return what comes, until the next call; nothing where that would take waiting."""
        try:
            count = self._sock.recv_into(self._received, 0, 0 if blocking else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._received[:0]
        if not count:
            raise SystemExit(0)
        return self._received[:count]

    def _send(self, said: list[Said]) -> None:
        if said:
            self._sock.sendall(pack(said))


def main(lane: Lane, sock: socket.socket) -> None:
    """Do the work of a lane for the gateway at the other end of this socket."""
    with suppress(BrokenPipeError, ConnectionResetError):
        Process(lane, sock).run()
