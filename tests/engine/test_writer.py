"""The writer: a batch in one transaction, and whose failure is whose."""

import pytest
from structlog.testing import capture_logs

from hugmood.engine.handling import ROUTES
from hugmood.engine.records import Answer, Ask, Caller
from hugmood.engine.writer import Quiet, UserLimits, Writer
from hugmood.features import load_handlers
from hugmood.features.hugs.messages import FetchHugHistory, HugReceived, SendHug
from hugmood.features.moods.messages import MoodUpdate
from hugmood.store.database import DatabaseError, DatabaseUnavailable
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.engine.conftest import SECRET, MakeWreck
from tests.world import World

WRONG = "Something went wrong on our side; please try again"
FULL = DatabaseUnavailable("database or disk is full")


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def hug(recipient: Device, message: str = "There") -> SendHug:
    """A hug for somebody."""
    return SendHug(recipient_id=recipient.user_id, hug_type="warm", message=message)


def messages(device: Device) -> list[str]:
    """What the hugs say that a device received, all of them."""
    return [event.message or "" for event in device.pushes(HugReceived)]


def kept(device: Device) -> list[str]:
    """What the hugs say in a device's history, oldest first."""
    items = device.request(FetchHugHistory(limit=100)).items
    return [item.message or "" for item in items][::-1]


def wrecked_days(world: World) -> int:
    """How much of what wrecks wrote is there."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM mood_day WHERE day = 1")[0][0])


def code(refusal: object) -> str:
    """The code of an error."""
    assert isinstance(refusal, Error)
    return refusal.code


# A batch


def test_one_transaction(world: World, ada: Device, bob: Device) -> None:
    """Commands that wait together are one transaction."""
    before = world.database.transactions.count("write")
    with world.batch():
        for number in range(10):
            ada.send(hug(bob, str(number)))
    assert world.database.transactions.count("write") == before + 1


def test_order_of_commands(world: World, ada: Device, bob: Device) -> None:
    """Events have the order of their commands, replies too."""
    with world.batch():
        for number in range(5):
            ada.send(hug(bob, str(number)), id=str(number))
    replies = [m.id for m in ada.received if m.type == "send_hug_response"]
    assert (replies, messages(bob)) == ([f"{n}-resp" for n in range(5)], list("01234"))


def test_replies_before_events(world: World, ada: Device) -> None:
    """All replies of a batch come before its events."""
    with world.batch():
        for _ in range(2):
            ada.send(MoodUpdate(mood="calm", intensity=1))
    assert [m.type for m in ada.received[-5:]] == [
        "mood_update_response",
        "mood_update_response",
        "mood_changed",
        "notification",
        "mood_changed",
    ]


def test_command_sees_earlier(world: World, ada: Device) -> None:
    """A command sees what those before it in its batch have done."""
    with world.batch():
        first = ada.send(MoodUpdate(mood="calm", intensity=1), at="2023-08-24T14:30:00.000Z")
        second = ada.send(MoodUpdate(mood="calm", intensity=1))
    streaks = [sent.reply().streak_update for sent in (first, second)]
    assert [streak.current for streak in streaks if streak] == [1, 2]


def test_nothing_before_commit(world: World, ada: Device, bob: Device) -> None:
    """Before the commit nobody is told anything."""
    world.engine.hold("write")
    sent = ada.send(hug(bob))
    assert (sent.answered, bob.events()) == (False, [])


# One command's failure


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("bug", ("server_error", WRONG)),
        ("statement", ("server_error", WRONG)),
        ("event", ("server_error", WRONG)),
        ("refusal", ("permission_denied", "Not today")),
        ("refusal with effect", ("permission_denied", "Not today")),
    ],
)
def test_failure(ada: Device, wreck: MakeWreck, how: str, expected: tuple[str, str]) -> None:
    """A command that fails is told so, and of the inside nothing."""
    refusal = ada.refusal(wreck(how=how))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.message, refusal.details or None) == (*expected, None)


FAILURES = ["bug", "statement", "event", "refusal"]


@pytest.mark.parametrize("how", FAILURES)
def test_effects_undone(world: World, ada: Device, wreck: MakeWreck, how: str) -> None:
    """Of a command that fails nothing stays: no row, no event, no device is cut off."""
    tablet = ada.another()
    ada.refusal(wreck(how=how))
    assert (wrecked_days(world), ada.events(), tablet.closed) == (0, [], None)


@pytest.mark.parametrize("how", FAILURES)
def test_undone_alone(world: World, ada: Device, bob: Device, wreck: MakeWreck, how: str) -> None:
    """Of a batch with a command that fails all the others take effect, once."""
    with world.batch():
        ada.send(hug(bob, "before"))
        failing = bob.send(wreck(how=how))
        ada.send(hug(bob, "after"))
    failing.refusal()
    assert (wrecked_days(world), messages(bob), kept(bob)) == (
        0,
        ["before", "after"],
        ["before", "after"],
    )


@pytest.mark.parametrize("how", FAILURES)
def test_several_failures(
    world: World, ada: Device, bob: Device, wreck: MakeWreck, how: str
) -> None:
    """Several commands of a batch may fail, each for itself."""
    with world.batch():
        failing = [device.send(wreck(how=how)) for device in (ada, bob)]
        ada.send(hug(bob, "last"))
    assert ([sent.answered for sent in failing], messages(bob)) == ([True, True], ["last"])


def test_well(world: World, ada: Device, wreck: MakeWreck) -> None:
    """The command that these tests wreck does all those things where nothing is wrong."""
    tablet = ada.another()
    ada.request(wreck(how="well"))
    assert (wrecked_days(world), len(ada.events()), tablet.closed) == (
        1,
        1,
        (4401, "session_revoked"),
    )


def test_refusal_with_effect(world: World, ada: Device, wreck: MakeWreck) -> None:
    """A refusal that found something out keeps rows and cuts; events it has none."""
    tablet = ada.another()
    ada.refusal(wreck(how="refusal with effect"))
    assert (wrecked_days(world), ada.events(), tablet.closed) == (
        1,
        [],
        (4401, "session_revoked"),
    )


def test_refusal_with_effect_beside_failure(
    world: World, ada: Device, bob: Device, wreck: MakeWreck
) -> None:
    """A refusal keeps its effect when the batch is done again for another's failure."""
    with world.batch():
        ada.send(wreck(how="refusal with effect"))
        bob.send(wreck(how="bug"))
    assert wrecked_days(world) == 1


def test_refusal_without_effect(world: World, ada: Device, bob: Device) -> None:
    """A command refused before it wrote anything costs no second run."""
    before = len(world.database.transactions)
    with world.batch():
        ada.send(hug(bob))
        ada.send(SendHug(recipient_id="user-12345", hug_type="warm"))
    assert len(world.database.transactions) == before + 1


def test_limits_of_repeated_batch(world: World, ada: Device, bob: Device, wreck: MakeWreck) -> None:
    """A batch that is done again counts once against its senders' limits.

    Thirty hugs in a minute are allowed; beside another's failing command the fifteenth
    was the last.
    """
    with world.batch():
        sent = [ada.send(hug(bob)) for _ in range(30)]
        bob.send(wreck(how="bug"))
    assert [each.reply().success for each in sent] == [True] * 30


# The log


def test_failure_logged(ada: Device, wreck: MakeWreck) -> None:
    """A failure's log line has the id of the error that was sent, and the trace."""
    with capture_logs() as lines:
        ada.refusal(wreck(how="bug"))
    (line,) = [line for line in lines if line["event"] == "command failed"]
    assert (line["error_id"], line["type"], line["exc_info"]) == (
        ada.received[-1].id,
        "wreck",
        True,
    )


def test_refusal_not_logged(ada: Device, wreck: MakeWreck) -> None:
    """A refusal is an answer: nothing is logged."""
    with capture_logs() as lines:
        ada.refusal(wreck(how="refusal"))
    assert lines == []


def test_nothing_private_in_error(ada: Device, wreck: MakeWreck) -> None:
    """What went wrong inside is not told."""
    ada.refusal(wreck(how="bug"))
    assert SECRET not in str(ada.received[-1])


def test_nothing_private_in_log(world: World, ada: Device, bob: Device) -> None:
    """When the database fails no log line says what people wrote."""
    world.database.breaks_at_commit = FULL
    with capture_logs() as lines:
        ada.refusal(hug(bob, "for your eyes only"))
    assert [("eyes only" in str(line), "data" in line) for line in lines] == [(False, False)] * 2


# The database's failure


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_all_fail(world: World, ada: Device, bob: Device, moment: str) -> None:
    """Where the database fails all of the batch fail, and nobody hears of any."""
    setattr(world.database, f"breaks_at_{moment}", FULL)
    with world.batch():
        sent = [ada.send(hug(bob)), bob.send(hug(ada))]
    codes = [code(each.refusal()) for each in sent]
    assert (codes, ada.events(), bob.events()) == (["server_error"] * 2, [], [])


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_nothing_kept(world: World, ada: Device, bob: Device, moment: str) -> None:
    """Where the database failed nothing of the batch is there afterwards."""
    setattr(world.database, f"breaks_at_{moment}", FULL)
    ada.refusal(hug(bob))
    setattr(world.database, f"breaks_at_{moment}", None)
    assert (kept(bob), bob.another(last=0).events()) == ([], [])


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_repeated_when_back(world: World, ada: Device, bob: Device, moment: str) -> None:
    """When the database is back the same command with the same id takes effect, once."""
    setattr(world.database, f"breaks_at_{moment}", FULL)
    with world.batch():
        ada.send(hug(bob), id="same")
    setattr(world.database, f"breaks_at_{moment}", None)
    ada.raw({"type": "send_hug", "id": "same", "data": hug_data(bob)})
    assert (messages(bob), bob.position) == (["There"], 1)


def hug_data(recipient: Device) -> dict[str, str]:
    """The data of `hug`."""
    return {"recipientId": recipient.user_id, "hugType": "warm", "message": "There"}


def test_failing_within(world: World, ada: Device, bob: Device, wreck: MakeWreck) -> None:
    """A command that finds the database gone takes its batch with it, no more."""
    with world.batch():
        lost = ada.send(hug(bob, "lost"))
        bob.send(wreck(how="gone"))
    ada.request(hug(bob, "kept"))
    assert (code(lost.refusal()), kept(bob)) == ("server_error", ["kept"])


def test_commit_fails_by_statement(world: World, ada: Device, bob: Device) -> None:
    """A commit that is refused for what is in it is tried again, and then given up."""
    before = len(world.database.transactions)
    world.database.breaks_at_commit = DatabaseError("deferred constraint")
    refusal = ada.refusal(hug(bob))
    assert (code(refusal), len(world.database.transactions)) == ("server_error", before + 2)


def test_unavailable_logged(world: World, ada: Device, bob: Device) -> None:
    """Where the database fails the log says why, once, and which errors were sent."""
    world.database.breaks_at_commit = FULL
    with capture_logs() as lines, world.batch():
        sent = [ada.send(hug(bob)), bob.send(hug(ada))]
    assert [each.answered for each in sent] == [True, True]
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("transaction failed", "database or disk is full"),
        ("command failed", None),
        ("command failed", None),
    ]


# Housekeeping


@on_sqlite
def test_housekeeping_fails(world: World) -> None:
    """Where the database fails compacting waits, and says why."""
    writer = Writer(world.database, world.engine.hosts["write"])
    world.database.breaks_at_begin = FULL
    with capture_logs() as lines:
        quiet = writer.step()
    assert quiet == Quiet([], more=False)
    assert [line["event"] for line in lines] == ["housekeeping failed"]


# What a command may be


def ask(kind: str, *, number: int = 1, user: int = 1) -> Ask:
    """A question as the gateway asks it."""
    caller = Caller(user, f"user-{user}", f"session-{user}", guest=False)
    return Ask(number, kind, "id", b"{}", caller, at=None, client="client-1", remote="")


def test_unknown_type(world: World) -> None:
    """A type that nobody handles is refused; so is a query, which the reader answers."""
    writer = Writer(world.database, world.engine.hosts["write"])
    (said,) = writer.run([ask("become_rich")])
    assert isinstance(said, Answer)
    assert said.refusal
    assert (said.refusal.field, said.refusal.issue) == ("type", "unknown_type")


@pytest.mark.parametrize("kind", ["open_session", "create_account", "resume_session"])
def test_internal_command(world: World, ada: Device, kind: str) -> None:
    """What the engine tells itself is not taken from a client."""
    (error,) = ada.raw({"type": kind, "id": "1", "data": {"userKey": 1, "longLived": True}})
    assert (error.data["code"], error.data["details"]) == (
        "invalid_request",
        {"field": "type", "issue": "unknown_type"},
    )


def test_unknown_type_from_client(ada: Device) -> None:
    """A type that is not known is refused by that name, and the connection goes on."""
    (error,) = ada.raw({"type": "become_rich", "id": "1", "data": {}})
    assert (error.data["details"], ada.closed) == (
        {"field": "type", "issue": "unknown_type"},
        None,
    )


# Limits


def test_numbers_repeat(world: World, ada: Device, bob: Device) -> None:
    """A question's number means something within its batch alone."""
    writer = Writer(world.database, world.engine.hosts["write"])
    said = [writer.run([ask("send_hug")])[0] for _ in range(31)]
    codes = [
        record.refusal.code for record in said if isinstance(record, Answer) and record.refusal
    ]
    assert codes == ["invalid_request"] * 30 + ["rate_limit_exceeded"]


def test_limits_of_many() -> None:
    """Limits of people who owe nothing any more are forgotten when there are too many."""
    load_handlers()
    limits = UserLimits()
    for user in range(10_001):
        question = ask("send_hug", number=user, user=user)
        limits.check(question, ROUTES["send_hug", None], now=user)
    assert len(limits._buckets) < 10_001
