"""Repeated commands (decisions: Sequence numbers and replay, Idempotency)."""

from typing import Any

import pytest

from hugmood.engine.writer import Writer
from hugmood.features.hugs.messages import FetchHugHistory, SendHug
from hugmood.features.moods.messages import FetchMoodHistory
from tests.databases import on_sqlite
from tests.device import Device, Message
from tests.engine.conftest import MakeWreck
from tests.world import World

DAY = 24 * 3600
ID_REUSED = {"field": "id", "issue": "id_reused"}


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


def hugs(device: Device) -> int:
    """How many hugs a device's owner sent and received."""
    return device.request(FetchHugHistory()).total_count


def mood(device: Device, data: str, *, message_id: str = "same") -> Message:
    """Send a mood with this very text as `data`, and return the answer."""
    envelope = f'{{"type":"mood_update","id":"{message_id}","data":{data}}}'
    return device.raw(envelope.encode())[0]


def moods(device: Device) -> int:
    """How many moods a device's owner had."""
    return device.request(FetchMoodHistory()).total_count


# The same again


def test_same_reply(ada: Device, bob: Device) -> None:
    """The same command with the same id gets the same reply."""
    first, second = (ada.send(hug(bob), id="same") for _ in range(2))
    replies = [m.data for m in ada.received if m.id == "same-resp"]
    assert (first.id, second.id, replies[0]) == ("same", "same", replies[1])


def test_no_second_effect(ada: Device, bob: Device) -> None:
    """The same command with the same id has no second effect and no second event."""
    for _ in range(2):
        ada.send(hug(bob), id="same")
    assert (hugs(bob), len(bob.events())) == (1, 1)


def test_same_in_one_batch(world: World, ada: Device, bob: Device) -> None:
    """A command repeated while the first still runs has no second effect."""
    with world.batch():
        for _ in range(3):
            ada.send(hug(bob), id="same")
    replies = [m.data for m in ada.received if m.id == "same-resp"]
    assert (replies, len(bob.events())) == ([replies[0]] * 3, 1)


def test_same_from_another_device(ada: Device, bob: Device) -> None:
    """A command that is repeated from another connection gets the first one's reply."""
    reply = ada.request(hug(bob), id="same")
    assert (ada.another().request(hug(bob), id="same"), hugs(bob)) == (reply, 1)


def test_same_after_restart(world: World, ada: Device, bob: Device) -> None:
    """A command is remembered though its process died."""
    reply = ada.request(hug(bob), id="same")
    world.turn(world.engine.die)
    assert ada.another().request(hug(bob), id="same") == reply


def test_asked_again_after_death(world: World, ada: Device, bob: Device) -> None:
    """A command whose process died after the commit is asked again, and happened once."""
    world.engine.hold("write")
    sent = ada.send(hug(bob))
    world.engine._held.clear()
    world.turn(lambda: world.engine.die(after_commit=True))
    assert (sent.reply().success, len(bob.events()), hugs(bob)) == (True, 1, 1)


def test_time_is_no_payload(ada: Device, bob: Device) -> None:
    """The client's own time may differ when it repeats a command."""
    reply = ada.request(hug(bob), id="same", at="2023-08-25T14:00:00.000Z")
    again = ada.another().request(hug(bob), id="same", at="2023-08-25T14:01:00.000Z")
    assert again == reply


def test_old_time_repeated(world: World, ada: Device, bob: Device) -> None:
    """A queued command that was done is answered though its time is too old by now."""
    at = "2023-08-18T14:30:00.000Z"
    reply = ada.request(hug(bob), id="same", at=at)
    world.clock.move(60)
    assert ada.another().request(hug(bob), id="same", at=at) == reply


def test_recipient_gone_offline(world: World, ada: Device, bob: Device) -> None:
    """The reply is what it was, though it would be another by now."""
    ada.send(hug(bob), id="same")
    bob.drop()
    world.clock.move(30)
    assert ada.another().request(hug(bob), id="same").delivery_status == "sent"


SAME = [
    '{"mood":"calm","intensity":1,"isPublic":false}',
    '{"intensity":1,"isPublic":false,"mood":"calm"}',
    '{ "mood" : "calm", "intensity": 1.0, "isPublic": false }',
    '{"mood":"\\u0063alm","intensity":1e0,"isPublic":false}',
    '{"mood":"sad","mood":"calm","intensity":10E-1,"isPublic":false}',
]


@on_sqlite
@pytest.mark.parametrize("data", SAME)
def test_same_values(ada: Device, data: str) -> None:
    """Payloads are compared as values: order, spaces, 1 or 1.0 do not matter."""
    first = mood(ada, SAME[0])
    assert (mood(ada, data).data, moods(ada)) == (first.data, 1)


BIG = "123456789012345678901234567890"


@on_sqlite
@pytest.mark.parametrize(
    "data",
    [
        '{"mood":"calm","intensity":0.5,"isPublic":false}',
        '{"mood":"sad","intensity":1,"isPublic":false}',
        '{"mood":"calm","intensity":1}',
        '{"mood":"calm","intensity":1,"isPublic":false,"more":0}',
        '{"mood":"calm","intensity":1,"isPublic":true}',
    ],
)
def test_other_payload(ada: Device, data: str) -> None:
    """The same id with other values is refused, and has no effect."""
    mood(ada, SAME[0])
    assert (mood(ada, data).data["details"], moods(ada)) == (ID_REUSED, 1)


@on_sqlite
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "true"),
        ("0", "false"),
        ("1", '"1"'),
        ("null", "false"),
        ("[1, 2]", "[2, 1]"),
        ("{}", "[]"),
        (BIG, BIG[:-1] + "1"),
        (BIG, f'"{BIG}"'),
        ("1e300", "1e301"),
        ("0.1", "0.10000000000000001e1"),
    ],
)
def test_different_values(ada: Device, one: str, other: str) -> None:
    """Values that are not the same are told apart, even where nobody reads them."""
    first = mood(ada, f'{{"mood":"calm","intensity":1,"more":{one}}}')
    second = mood(ada, f'{{"mood":"calm","intensity":1,"more":{other}}}')
    assert (first.type, second.data["details"]) == ("mood_update_response", ID_REUSED)


@on_sqlite
@pytest.mark.parametrize("value", [BIG, f"-{BIG}", "1e999", "-0.0", "9007199254740993"])
def test_odd_values(ada: Device, value: str) -> None:
    """Numbers of any size where nobody reads them do no harm, and are the same again."""
    data = f'{{"mood":"calm","intensity":1,"more":{value}}}'
    assert (mood(ada, data).data, moods(ada)) == (mood(ada, data).data, 1)


def test_other_type(ada: Device, bob: Device) -> None:
    """The same id with another type is refused."""
    mood(ada, SAME[0])
    ada.send(hug(bob), id="same")
    assert (ada.received[-1].data["details"], bob.events()) == (ID_REUSED, [])


def test_other_payload_in_one_batch(world: World, ada: Device, bob: Device) -> None:
    """The same id with other values is refused while the first still runs, too."""
    with world.batch():
        ada.send(hug(bob, "first"), id="same")
        ada.send(hug(bob, "second"), id="same")
    (error,) = [m for m in ada.received if m.type == "error"]
    assert (error.data["details"], hugs(bob)) == (ID_REUSED, 1)


def test_other_person(ada: Device, bob: Device) -> None:
    """Ids are each person's own."""
    ada.send(hug(bob), id="same")
    assert (bob.request(hug(ada), id="same").success, hugs(ada)) == (True, 2)


# What is not remembered


def test_refusal_not_remembered(world: World, ada: Device, bob: Device) -> None:
    """A command that was refused may succeed with the same id."""
    at = "2023-08-25T14:40:00.000Z"
    ada.send(hug(bob), id="same", at=at).refusal()
    world.clock.move(600)
    assert ada.another().request(hug(bob), id="same", at=at).success


def test_refused_in_one_batch(world: World, ada: Device, bob: Device) -> None:
    """A command that was refused may succeed with the same id in the same batch."""
    with world.batch():
        ada.send(SendHug(recipient_id="user-12345", hug_type="warm"), id="same")
        ada.send(hug(bob), id="same")
    assert hugs(bob) == 1


@pytest.mark.parametrize("how", ["bug", "statement", "event", "refusal with effect"])
def test_failure_not_remembered(ada: Device, wreck: MakeWreck, how: str) -> None:
    """A command that failed is not answered as if it had not."""
    for _ in range(2):
        ada.send(wreck(how=how), id="same")
    assert [m.type for m in ada.received[-2:]] == ["error", "error"]


def test_over_limit_not_remembered(world: World, ada: Device, bob: Device) -> None:
    """A command over the limit may succeed with the same id when it is repeated."""
    for _ in range(30):
        ada.request(hug(bob))
    ada.send(hug(bob), id="same")
    world.clock.move(2)
    assert ada.another().request(hug(bob), id="same").success


def test_repetition_is_free(world: World, ada: Device, bob: Device) -> None:
    """A repetition does not count against the limit."""
    for number in range(29):
        ada.request(hug(bob), id=str(number))
    tablet = ada.another()
    for number in range(29):
        tablet.request(hug(bob), id=str(number))
    assert tablet.request(hug(bob)).success


def test_queries(ada: Device) -> None:
    """Queries change nothing, so that their ids may be used again for anything."""
    data: list[dict[str, Any]] = [{"dataType": "hug_history"}, {"dataType": "followers"}]
    found = [ada.raw({"type": "fetch", "id": "same", "data": each})[0] for each in data]
    assert [m.data["dataType"] for m in found] == ["hug_history", "followers"]


# How long


def test_week(world: World, bob: Device) -> None:
    """A reply is remembered for seven days."""
    ada = world.register("Eve", remember_me=True)
    reply = ada.request(hug(bob), id="same")
    world.clock.move(7 * DAY - 1)
    assert ada.another().request(hug(bob), id="same") == reply


def test_after_a_week(world: World, bob: Device) -> None:
    """After seven days a reply is forgotten: the id is as good as new."""
    ada = world.register("Eve", remember_me=True)
    reply = ada.request(hug(bob), id="same")
    world.clock.move(7 * DAY + 60)
    again = ada.another().request(hug(bob), id="same")
    assert (again.hug_id != reply.hug_id, hugs(ada)) == (True, 2)


def test_forgotten_bit_by_bit(world: World) -> None:
    """Old replies are forgotten a thousand at a time, newer ones are not."""
    insert = """
        INSERT INTO remembered_reply (user_key, command, payload, reply, created_at)
        VALUES (1, :command, :none, :none, :created_at)
    """
    now = world.clock.now()
    ages = [8 * DAY] * 1500 + [6 * DAY] * 10
    rows = [
        {"command": b"%d" % number, "none": b"", "created_at": now - age * 1000}
        for number, age in enumerate(ages)
    ]
    with world.database.transaction(write=True) as tx:
        tx.execute_many(insert, rows)
    writer, left = Writer(world.database, world.engine.hosts["write"]), []
    for _ in range(3):
        writer.run([])
        left.append(remembered(world))
    assert left == [510, 10, 10]


def remembered(world: World) -> int:
    """How many replies are remembered."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM remembered_reply")[0][0])
