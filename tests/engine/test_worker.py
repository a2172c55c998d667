"""What each lane does with the questions it is asked, and when it keeps house."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest

from hugmood.ambient import System
from hugmood.config import Config
from hugmood.engine import worker
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Caller,
    Delivery,
    Heads,
    Presence,
    Probe,
    Question,
    Said,
    StreamPage,
)
from hugmood.engine.worker import (
    MAX_BATCH,
    MOST_COSTLY,
    CheckWork,
    ReadWork,
    WriteWork,
    make_host,
    make_work,
)
from hugmood.features.auth.messages import AuthCredentials, AuthToken
from hugmood.store import backlog, migrate, sqlite_streams
from hugmood.store.database import DatabaseUnavailable
from hugmood.store.streams import DEFAULT_RETENTION, Step
from hugmood.wire import codec
from hugmood.wire.message import AnyCommand, Lane
from tests.device import Device
from tests.world import PASSWORD, SECRETS, World

GONE = DatabaseUnavailable("the disk is on fire")


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody, whose key is 1."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody else, whose key is 2."""
    return world.register("Bob")


@pytest.fixture
def write(world: World, ada: Device, bob: Device) -> WriteWork:
    """The writer's work, in a world with two people."""
    return WriteWork(world.database, world.engine._make_host())


@pytest.fixture
def check(world: World, ada: Device) -> CheckWork:
    """The checker's work, in a world with one person."""
    return CheckWork(world.database, world.engine._make_host())


def hug(world: World, number: int) -> Ask:
    """A hug of Ada's for Bob."""
    data = b'{"recipientId":"%b","hugType":"warm"}' % world.devices[1].user_id.encode()
    caller = Caller(1, world.devices[0].user_id, "session", guest=False)
    return Ask(number, "send_hug", str(number), data, caller, at=None, client="c", remote="r")


def auth(command: AnyCommand, number: int) -> Ask:
    """A sign-in of nobody yet."""
    data = codec.encode(command)
    return Ask(number, "auth", str(number), data, None, at=None, client="c", remote="r")


def all_said(lists: Iterator[list[Said]]) -> list[Said]:
    """Everything that was said."""
    return [record for said in lists for record in said]


def data(record: Said) -> dict[str, Any]:
    """The reply in an answer."""
    assert isinstance(record, Answer)
    return dict(msgspec.json.decode(record.data))


# Writing


def test_answers_then_events(world: World, write: WriteWork) -> None:
    """A batch's answers come first, then its events, in the order of the commands."""
    said = all_said(write.answers([hug(world, n) for n in (1, 2)]))
    assert [type(record) for record in said] == [Answer, Answer, Delivery, Delivery]
    assert [r.number for r in said if isinstance(r, Answer)] == [1, 2]


def test_largest_batch(world: World, write: WriteWork) -> None:
    """A transaction has at most 512 commands; what is more makes another."""
    questions: list[Question] = [hug(world, n) for n in range(MAX_BATCH + 1)]
    before = len(world.database.transactions)
    sizes = [sum(isinstance(r, Answer) for r in said) for said in write.answers(questions)]
    assert (sizes, len(world.database.transactions)) == ([MAX_BATCH, 1], before + 2)


def test_batch_told_at_once(world: World, write: WriteWork) -> None:
    """A batch is told before the next one is begun."""
    answers = write.answers([hug(world, n) for n in range(MAX_BATCH + 1)])
    before = len(world.database.transactions)
    next(answers)
    assert len(world.database.transactions) == before + 1


def test_presence(world: World, write: WriteWork) -> None:
    """Who comes and goes counts for the commands after it."""
    found: list[bool] = []
    for presence in (Presence([2], []), Presence([], [2])):
        list(write.answers([presence]))
        (answer, _) = all_said(write.answers([hug(world, len(found))]))
        found.append(data(answer)["recipientOnline"])
    assert found == [True, False]


def test_presence_gone_twice(world: World, write: WriteWork) -> None:
    """To hear twice that somebody went, or never came, does no harm."""
    questions: list[Question] = [Presence([], [2]), Presence([], [2]), hug(world, 1)]
    (answer, _) = all_said(write.answers(questions))
    assert data(answer)["deliveryStatus"] == "queued"


def test_streams_by_writer(world: World, write: WriteWork) -> None:
    """The writer, too, reads pages and heads for who asks it."""
    list(write.answers([hug(world, 1)]))
    page, heads = all_said(write.answers([AskPage(2, 2, 0), AskHeads(3, [1, 2])]))
    assert isinstance(page, StreamPage)
    assert (page.end, heads) == (1, Heads(3, [0, 1]))


def test_probe(write: WriteWork) -> None:
    """A database that answers and is migrated is there."""
    assert all_said(write.answers([Probe(9)])) == [Answer(9)]


@pytest.mark.parametrize("fault", ["gone", "another step"])
def test_probe_in_vain(
    world: World, write: WriteWork, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is gone, or at another step, is not there."""
    if fault == "gone":
        world.database.breaks_at_begin = GONE
    else:
        monkeypatch.setattr(migrate, "HEAD", "9999")
    (answer,) = all_said(write.answers([Probe(9)]))
    assert isinstance(answer, Answer)
    assert answer.refusal
    assert answer.refusal.code == "server_error"


def test_crowded(world: World, write: WriteWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log grows too long, each batch moves and drops as much as it brought."""
    monkeypatch.setattr(backlog, "BACKLOG_LIMIT", 10)
    lengths = []
    for batch in range(10):
        list(write.answers([hug(world, batch * 8 + n) for n in range(8)]))
        with world.database.transaction(write=False) as tx:
            lengths.append(tx.rows("SELECT count(*) FROM fanout")[0][0])
    assert 0 < max(lengths) <= 2 * 10 + 8


def test_not_crowded(world: World, write: WriteWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log is not too long it is left for a quiet moment."""
    monkeypatch.setattr(backlog, "BACKLOG_LIMIT", 10)
    list(write.answers([hug(world, n) for n in range(10)]))
    with world.database.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM fanout") == [(10,)]


def test_step_fails(world: World, write: WriteWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails is tried again in the next quiet moment, not at once and ever again."""
    monkeypatch.setattr(backlog, "BACKLOG_LIMIT", 10)
    streams = world.engine._make_host().streams
    found = []
    with monkeypatch.context() as fault:
        fault.setattr(type(streams), "step", fails)
        list(write.answers([hug(world, n) for n in range(30)]))
        found.append(write.waiting)
    assert write.idle().more
    found.append(write.waiting)
    assert found == [False, True]


def fails(_streams: object, _database: object) -> Step:
    """Be a step for which there is no room."""
    raise GONE


def test_quiet_moment(world: World, write: WriteWork) -> None:
    """In a quiet moment the log is compacted."""
    list(write.answers([hug(world, 1)]))
    while write.idle().more:
        list(write.answers([]))
    with world.database.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM fanout") == [(0,)]


def test_forgets_while_busy(world: World, write: WriteWork) -> None:
    """Replies are forgotten in their time though there is never a quiet moment.

    As long as there was something to compact nothing was ever forgotten.
    """
    list(write.answers([hug(world, 1)]))
    world.clock.moved.clear()  # else another writer keeps house
    world.clock.move(8 * 24 * 3600)
    for number in range(2, 10):
        list(write.answers([hug(world, number)]))
    with world.database.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM remembered_reply") == [(8,)]


# Checking


def wrong_password(number: int) -> Ask:
    """A sign-in that takes long, and fails."""
    return auth(AuthCredentials(email="ada@example.com", password="a wrong one"), number)


def token(device: Device, number: int) -> Ask:
    """A sign-in that is quick, and goes on in the writer."""
    return auth(AuthToken(token=device.token), number)


def answered(lists: Iterator[list[Said]]) -> list[list[int]]:
    """The numbers of the questions that were answered, by what was sent at once."""
    return [[r.number for r in said if isinstance(r, Answer)] for said in lists]


def test_quick_ones_first(check: CheckWork, ada: Device) -> None:
    """Tokens do not wait for passwords; of the passwords one is checked."""
    questions: list[Question] = [wrong_password(1), wrong_password(2), token(ada, 3), token(ada, 4)]
    assert answered(check.answers(questions)) == [[3], [4], [1]]


def test_quick_ones_between(check: CheckWork, ada: Device) -> None:
    """Tokens that come while passwords wait go first again."""
    list(check.answers([wrong_password(1), wrong_password(2), wrong_password(3)]))
    assert answered(check.answers([token(ada, 4)])) == [[4], [2]]


def test_passwords_in_order(check: CheckWork) -> None:
    """Passwords are checked in the order in which they came, one in each quiet moment."""
    found = answered(check.answers([wrong_password(n) for n in (1, 2, 3)]))
    while check.waiting:
        found += answered(check.answers([]))
    assert found == [[1], [2], [3]]


def test_flood_of_passwords(check: CheckWork, ada: Device) -> None:
    """More than may wait are refused at once; tokens are checked all the same."""
    flood: list[Question] = [wrong_password(n) for n in range(1, MOST_COSTLY + 3)]
    said = [record for some in check.answers([*flood, token(ada, 999)]) for record in some]
    answers = {one.number: one for one in said if isinstance(one, Answer)}
    refused = {n for n, one in answers.items() if one.refusal and one.refusal.retry_after}
    assert {MOST_COSTLY + 1, MOST_COSTLY + 2} == refused
    assert answers[999].onward


def test_nothing_waits(check: CheckWork) -> None:
    """With no password to check there is nothing to do."""
    assert (check.waiting, list(check.answers([]))) == (False, [])


def test_goes_on_in_writer(check: CheckWork, ada: Device) -> None:
    """A token that is genuine leads to the writer, which decides."""
    ((answer,),) = check.answers([token(ada, 1)])
    assert isinstance(answer, Answer)
    assert answer.onward
    assert (answer.onward.type, answer.data, answer.grant) == ("resume_session", b"", None)


def test_password_not_passed_on(check: CheckWork, ada: Device) -> None:
    """What goes on to the writer has no password in it."""
    command = AuthCredentials(email=ada.email, password=PASSWORD)
    ((answer,),) = check.answers([auth(command, 1)])
    assert isinstance(answer, Answer)
    assert answer.onward
    assert PASSWORD.encode() not in answer.onward.data


@pytest.mark.parametrize("body", [b"{}", b'{"method":"magic"}', b'{"method":"credentials"}'])
def test_bad_sign_in(check: CheckWork, body: bytes) -> None:
    """A sign-in that cannot be read is refused."""
    ask = Ask(1, "auth", "1", body, None, at=None, client="c", remote="r")
    ((answer,),) = check.answers([ask])
    assert isinstance(answer, Answer)
    assert answer.refusal
    assert answer.refusal.code == "invalid_request"


def test_checks_questions_only(check: CheckWork) -> None:
    """What is no sign-in is no matter of the checker's."""
    assert list(check.answers([Presence([1], []), Probe(1)])) == []


# Reading


def test_reading(world: World, ada: Device) -> None:
    """Quick answers go together."""
    read = ReadWork(world.database, world.engine.hosts["read"])
    said = list(read.answers([AskHeads(1, [1]), AskHeads(2, [1]), Presence([1], [])]))
    assert (said, read.waiting) == ([[Heads(1, [0]), Heads(2, [0])]], False)


def test_slow_reading(world: World, ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer waits long for another."""
    seconds = count()
    monkeypatch.setattr(worker, "monotonic", lambda: next(seconds))
    read = ReadWork(world.database, world.engine.hosts["read"])
    said = list(read.answers([AskHeads(1, [1]), AskHeads(2, [1])]))
    assert said == [[Heads(1, [0])], [Heads(2, [0])]]


@pytest.mark.parametrize(
    ("lane", "kind"), [("write", WriteWork), ("check", CheckWork), ("read", ReadWork)]
)
def test_lanes(world: World, lane: Lane, kind: type) -> None:
    """Each lane has its work."""
    assert type(make_work(lane, world.database, world.engine.hosts[lane])) is kind


def test_host() -> None:
    """What handlers share comes from the configuration."""
    config = Config(secret_key=SECRETS, rate_limit=False)
    host = make_host(config, System(), sqlite_streams.SqliteStreams(DEFAULT_RETENTION))
    assert (host.secrets, host.limited, host.online) == (SECRETS, False, set())
