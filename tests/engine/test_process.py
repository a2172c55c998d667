"""An engine process: when it answers, keeps house, and may begin."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hugmood.config import Config
from hugmood.engine import worker
from hugmood.engine.framing import Frames, pack
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    Presence,
    Probe,
    Question,
    Ready,
    Said,
    read_said,
)
from hugmood.engine.worker import CheckWork, Process
from hugmood.engine.writer import Quiet
from hugmood.features.auth.messages import AuthCredentials
from hugmood.store import migrate
from hugmood.store.database import DatabaseError, DatabaseUnavailable
from hugmood.wire import codec
from hugmood.wire.message import AnyCommand, Lane
from tests.databases import Place, on_sqlite
from tests.device import Device
from tests.postgresql import PostgresServer
from tests.world import SECRETS, World

GONE = DatabaseUnavailable("the disk is on fire")


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody, whose key is 1."""
    return world.register("Ada")


@pytest.fixture
def check(world: World, ada: Device) -> CheckWork:
    """The checker's work, in a world with one person."""
    return CheckWork(world.database, world.engine._make_host())


def auth(command: AnyCommand, number: int) -> Ask:
    """A sign-in of nobody yet."""
    data = codec.encode(command)
    return Ask(number, "auth", str(number), data, None, at=None, client="c", remote="r")


def wrong_password(number: int) -> Ask:
    """A sign-in that takes long, and fails."""
    return auth(AuthCredentials(email="ada@example.com", password="a wrong one"), number)


# The process


class Gateway:
    """The gateway's end of the socket pair, and a process whose turns are counted."""

    def __init__(self, lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ours, theirs = socket.socketpair()
        self.process = Process(lane, theirs)
        self.theirs = theirs
        self.now = 0.0
        self.waits: list[float] = []
        monkeypatch.setattr(select, "select", self._select)
        monkeypatch.setattr(worker, "monotonic", lambda: self.now)
        self.arrivals: list[list[Question]] = []

    def say(self, *questions: Question) -> None:
        """Ask, all in one frame."""
        self.ours.sendall(pack(list(questions)))

    def heard(self) -> list[Said]:
        """What the process has said."""
        data = self.ours.recv(1 << 20, socket.MSG_DONTWAIT)
        return [record for frame in Frames().feed(data) for record in read_said(frame)]

    def _select(self, *args: Any) -> tuple[list[Any], list[Any], list[Any]]:  # noqa: ANN401 (as it is)
        """Wait for the next arrival, without waiting; at the end of them hang up."""
        self.waits.append(args[3])
        if not self.arrivals:
            raise SystemExit(0)
        questions = self.arrivals.pop(0)
        if questions:
            self.say(*questions)
        else:
            self.now += args[3]
        return [self.theirs] if questions else [], [], []

    def close(self) -> None:
        """Hang up, and let go of what a process lets go of when it ends."""
        self.ours.close()
        self.theirs.close()
        if self.process._lock:
            self.process._lock.close()


@pytest.fixture
def gateway(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway to a process of the lane that the test names, or to the writer."""
    gateway = Gateway(getattr(request, "param", "write"), monkeypatch)
    yield gateway
    gateway.close()


class Chores:
    """Work that writes down when it was done."""

    def __init__(self, chores: int = 0) -> None:
        self.done: list[str] = []
        self.waiting = False
        self._chores = chores

    def answers(self, questions: list[Question]) -> Iterator[list[Said]]:
        """Answer in one go."""
        if questions:
            self.done.append(f"answer {len(questions)}")
        return iter([])

    def idle(self) -> Quiet:
        """Do a chore."""
        self.done.append("chore")
        self._chores -= 1
        return Quiet([Answer(self._chores)], more=self._chores > 0)


def serve(gateway: Gateway, work: Any, *arrivals: list[Question]) -> None:  # noqa: ANN401 (any work)
    """Have a process serve until nothing arrives any more."""
    gateway.arrivals = list(arrivals)
    with pytest.raises(SystemExit):
        gateway.process._serve(work)


def test_chores_at_start(gateway: Gateway) -> None:
    """A process that has nothing else to do keeps house, until there is no more of it."""
    chores = Chores(chores=3)
    serve(gateway, chores, [], [], [])
    assert (chores.done, gateway.waits[1:]) == (["chore"] * 3, [0.02, 0.02, 1.0])
    assert gateway.heard() == [Answer(2), Answer(1), Answer(0)]


def test_no_pause(gateway: Gateway) -> None:
    """While something is to be done that cannot wait, there is no pause."""
    chores = Chores()
    chores.waiting = True
    serve(gateway, chores, [], [])
    assert gateway.waits == [0, 0, 0]


@pytest.mark.parametrize("waiting", [0, 1000])
def test_chores_while_busy(gateway: Gateway, waiting: int) -> None:
    """A process that is never idle keeps house all the same, once a second.

    With a command each half second it never did: nothing was pruned or forgotten.
    """
    chores = Chores(waiting)
    busy: list[list[Question]] = [[Probe(n)] for n in range(100)]
    original = chores.answers

    def answers(questions: list[Question]) -> Iterator[list[Said]]:
        gateway.now += 0.5
        return original(questions)

    chores.answers = answers  # type: ignore[method-assign]
    serve(gateway, chores, *busy)
    assert 45 <= chores.done.count("chore") <= 55


def test_answers_before_chores(gateway: Gateway) -> None:
    """What waits is answered before the house is kept."""
    chores = Chores(chores=100)
    serve(gateway, chores, [Probe(1), Probe(2)], [])
    assert chores.done[0] == "answer 2"


@pytest.mark.parametrize("gateway", ["check"], indirect=True)
def test_passwords_do_not_wait(gateway: Gateway, check: CheckWork) -> None:
    """Passwords that came together are checked one after the other, without a pause.

    The second of them once waited for a second, though nothing else was to be done.
    """
    serve(gateway, check, [wrong_password(n) for n in (1, 2, 3)], [], [], [])
    assert gateway.waits[1:3] == [0, 0]


def test_end(gateway: Gateway) -> None:
    """When the gateway is gone the process ends."""
    gateway.ours.close()
    with pytest.raises(SystemExit) as caught:
        gateway.process._receive(blocking=True)
    assert caught.value.code == 0


# A process and its database


def config(url: str) -> Config:
    """A configuration for a process."""
    return Config(database_url=url, secret_key=SECRETS, db_timeout=0.1)


def test_migrates_its_file(gateway: Gateway, tmp_path: Path) -> None:
    """The writer makes its SQLite file, migrates it, and says it is ready."""
    database, _ = gateway.process._prepare(config(f"sqlite:///{tmp_path / 'new.db'}"))
    found = migrate.revision(database)
    database.close()
    assert (found, gateway.heard()) == (migrate.HEAD, [Ready(migrated=True)])


@pytest.mark.parametrize("gateway", ["read", "check"], indirect=True)
def test_others_do_not_migrate(gateway: Gateway, tmp_path: Path) -> None:
    """Nobody but the writer migrates."""
    with pytest.raises(DatabaseError, match="is at step None"):
        gateway.process._prepare(config(f"sqlite:///{tmp_path / 'new.db'}"))


def test_server_not_migrated(gateway: Gateway, postgres_server: PostgresServer) -> None:
    """A server's database is migrated by people: the writer says how."""
    with (
        postgres_server.new_database() as url,
        pytest.raises(DatabaseError, match=r"step None, not .*: run `hugmood migrate`"),
    ):
        gateway.process._prepare(config(url))


@on_sqlite
def test_one_writer(gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers on one file would give out the same numbers: the second is refused."""
    database, _ = gateway.process._prepare(config(place.url))
    database.close()
    second = Gateway("write", monkeypatch)
    with pytest.raises(DatabaseError, match="another server is writing"):
        second.process._prepare(config(place.url))
    second.close()


@on_sqlite
def test_next_writer(gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a writer has gone the next one may begin."""
    database, _ = gateway.process._prepare(config(place.url))
    database.close()
    gateway.close()
    second = Gateway("write", monkeypatch)
    database, _ = second.process._prepare(config(place.url))
    database.close()
    heard = second.heard()
    second.close()
    assert heard == [Ready(migrated=True)]


def test_refuses_until_ready(gateway: Gateway) -> None:
    """Questions that come before there is a database are refused, and not lost."""
    questions: list[Question] = [AskHeads(1, [1]), Presence([1], []), Probe(2)]
    gateway.process._refuse_all(pack(questions))
    said = gateway.heard()
    assert [(r.number, r.refusal.code) for r in said if isinstance(r, Answer) and r.refusal] == [
        (1, "server_error"),
        (2, "server_error"),
    ]
