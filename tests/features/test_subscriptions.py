"""`subscribe`: a connection gets what it asked for, and knows what it did not get."""

from typing import Any

import pytest
from msgspec import UNSET

from hugmood.features.follows.messages import FollowUpdate, FollowUser
from hugmood.features.hugs.messages import HugReceived
from hugmood.features.moods.messages import MoodChanged
from hugmood.features.status.messages import StatusUpdate, UserStatusChanged
from hugmood.features.subscriptions.messages import (
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from hugmood.wire.message import Error, ErrorDetails, MissedMessages, Ping
from tests.device import Device
from tests.features.people import feel, hug
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def eve(world: World) -> Device:
    """Somebody else."""
    return world.register("Eve")


@pytest.fixture
def bob(world: World, ada: Device, eve: Device) -> Device:
    """Somebody who follows both, and is followed by them."""
    bob = world.register("Bob")
    for other in (ada, eve):
        bob.request(FollowUser(target_user_id=other.user_id, action="follow"))
        other.request(FollowUser(target_user_id=bob.user_id, action="follow"))
    bob.events()
    return bob


def narrow(
    device: Device, types: list[str] | None = None, people: list[Device] | None = None
) -> Subscribed:
    """Subscribe to events of these types and people."""
    return device.request(
        Subscribe(
            types=UNSET if types is None else types,
            user_ids=UNSET if people is None else [one.user_id for one in people],
        )
    )


def kinds(device: Device) -> list[type[Any]]:
    """The kinds of events that came since this was last asked."""
    return [type(event) for event in device.events()]


def moods(device: Device) -> list[str]:
    """Whose moods came since this was last asked."""
    return [event.user_id for event in device.events() if isinstance(event, MoodChanged)]


# What it answers


def test_reply_says_what_holds(ada: Device, bob: Device) -> None:
    """Each type and person once, in the order of the request."""
    subscribed = bob.request(
        Subscribe(
            types=["mood_changed", "hug_received", "mood_changed"],
            user_ids=[bob.user_id, ada.user_id, bob.user_id],
        )
    )
    assert subscribed == Subscribed(
        types=["mood_changed", "hug_received"], user_ids=[bob.user_id, ada.user_id]
    )


def test_nothing_narrowed(bob: Device) -> None:
    """Without types and people it gets everything."""
    assert Subscribed() == narrow(bob)


def test_unknown_people_are_left_out(ada: Device, bob: Device) -> None:
    """Someone who is gone does not stand in the way of the others."""
    subscribed = bob.request(Subscribe(user_ids=["user-nobody", ada.user_id]))
    assert Subscribed(user_ids=[ada.user_id]) == subscribed


def test_unsubscribe_reply(bob: Device) -> None:
    """It says that it is done."""
    assert Unsubscribed() == bob.request(Unsubscribe())


@pytest.mark.parametrize("name", ["no_such_type", "error", "ping", "mood_update", "batch"])
def test_unknown_type(bob: Device, name: str) -> None:
    """Only events and notices can be chosen."""
    error = bob.refusal(Subscribe(types=["mood_changed", name]))
    assert isinstance(error, Error)
    assert "invalid_request" == error.code
    assert ErrorDetails(field="data.types[1]", issue="unknown_value") == error.details


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (Subscribe(types=["mood_changed"] * 51), "data.types"),
        (Subscribe(user_ids=["user-1"] * 101), "data.userIds"),
    ],
)
def test_too_many(bob: Device, command: Subscribe, field: str) -> None:
    """Both lists have an end."""
    error = bob.refusal(command)
    assert ErrorDetails(field=field, issue="too_long") == error.details


def test_refused_changes_nothing(ada: Device, bob: Device) -> None:
    """What held before holds on."""
    narrow(bob, ["mood_changed"])
    bob.refusal(Subscribe(types=["no_such_type"]))
    hug(ada, bob)
    feel(ada, is_public=True)
    assert [MoodChanged] == kinds(bob)


# What comes


def test_types(ada: Device, bob: Device) -> None:
    """Only those."""
    narrow(bob, ["hug_received"])
    feel(ada, is_public=True)
    hug(ada, bob)
    feel(ada, is_public=True)
    assert [HugReceived] == kinds(bob)


def test_people(ada: Device, eve: Device, bob: Device) -> None:
    """Only what they did."""
    narrow(bob, people=[eve])
    for one in (ada, eve, bob):
        feel(one, is_public=True)
    assert [eve.user_id] == moods(bob)


def test_types_and_people(ada: Device, eve: Device, bob: Device) -> None:
    """Both must fit."""
    narrow(bob, ["hug_received"], [eve])
    for one in (ada, eve):
        feel(one, is_public=True)
        hug(one, bob)
    assert [eve.user_id] == [e.sender_id for e in bob.events() if isinstance(e, HugReceived)]


@pytest.mark.parametrize("nothing", [{"types": []}, {"people": []}])
def test_nothing_at_all(ada: Device, bob: Device, nothing: dict[str, Any]) -> None:
    """An empty list fits nothing."""
    narrow(bob, **nothing)
    hug(ada, bob)
    assert [] == bob.events()


def test_a_second_replaces_the_first(ada: Device, eve: Device, bob: Device) -> None:
    """They do not add up."""
    narrow(bob, ["hug_received"])
    narrow(bob, people=[eve])
    hug(ada, bob)
    feel(eve, is_public=True)
    assert [MoodChanged] == kinds(bob)


def test_unsubscribe(ada: Device, bob: Device) -> None:
    """Everything comes again."""
    narrow(bob, [])
    bob.request(Unsubscribe())
    hug(ada, bob)
    assert [HugReceived] == kinds(bob)


def test_same_id_twice(ada: Device, bob: Device) -> None:
    """What a repeated message says holds again: it is not remembered as done."""
    bob.request(Subscribe(types=["hug_received"]), id="once")
    bob.request(Unsubscribe())
    bob.request(Subscribe(types=["hug_received"]), id="again")
    narrow(bob, ["mood_changed"])
    bob.send(Subscribe(types=["hug_received"]), id="once")
    hug(ada, bob)
    feel(ada, is_public=True)
    assert [HugReceived] == kinds(bob)


def test_other_devices(ada: Device, bob: Device) -> None:
    """Another connection of the same person is not narrowed."""
    phone = bob.another()
    narrow(bob, [])
    hug(ada, bob)
    assert ([], [HugReceived]) == (kinds(bob), kinds(phone))


def test_messagepack(ada: Device, bob: Device) -> None:
    """The same over the other subprotocol, with the number before a hole."""
    phone = bob.another(binary=True)
    narrow(phone, ["mood_changed"])
    hug(ada, bob)
    feel(ada, is_public=True)
    last = phone.received[-1]
    assert ("mood_changed", last.number - 2) == (last.type, last.previous)


def test_guest(world: World, ada: Device) -> None:
    """Guests may do it as well."""
    guest = world.guest()
    assert Subscribed(user_ids=[ada.user_id]) == narrow(guest, people=[ada])


# Numbers


def test_previous_number(ada: Device, bob: Device) -> None:
    """The next event sent names the last one sent; one that follows it names none."""
    hug(ada, bob)
    narrow(bob, ["mood_changed"])
    for _ in range(3):
        hug(ada, bob)
    for _ in range(2):
        feel(ada, is_public=True)
    start = bob.position - 5
    events = [(m.number, m.previous) for m in bob.received if m.type == "mood_changed"]
    assert [(start + 4, start), (start + 5, None)] == events


def test_position_counts_what_is_left_out(ada: Device, bob: Device) -> None:
    """A reply shows it, so a client that comes back is not told again."""
    narrow(bob, ["mood_changed"])
    before = bob.position
    hug(ada, bob)
    narrow(bob, ["mood_changed"])
    assert before + 1 == bob.position
    assert [] == bob.another(last=bob.position).pushes(MissedMessages)


def test_first_after_unsubscribe(ada: Device, bob: Device) -> None:
    """It, too, names the last one sent."""
    narrow(bob, ["mood_changed"])
    hug(ada, bob)
    bob.request(Unsubscribe())
    hug(ada, bob)
    last = bob.received[-1]
    assert last.number - 2 == last.previous


# Replay


def test_reconnecting(ada: Device, bob: Device) -> None:
    """It is the connection that was narrowed: another one gets all that was missed."""
    narrow(bob, ["mood_changed"])
    bob.drop()
    hug(ada, bob)
    feel(ada, is_public=True)
    assert [HugReceived, MoodChanged] == kinds(bob.another(last=bob.position))


def test_pages_after_it(world: World, ada: Device, bob: Device) -> None:
    """A page that is sent later leaves out what is not wanted, and counts it."""
    last = bob.position
    for _ in range(3):
        hug(ada, bob)
        feel(ada, is_public=True)
    world.engine.hold("read")
    phone = bob.another(last=last)
    narrow(phone, ["mood_changed"])
    world.engine.release("read")
    world.settle()
    (page,) = phone.pushes(MissedMessages)
    assert (last + 1, last + 6) == (page.start_sequence, page.end_sequence)
    assert [MoodChanged] * 3 == kinds(phone)


def test_served_from_the_stream(ada: Device, bob: Device) -> None:
    """A connection that fell behind gets no more than it wants either."""
    narrow(bob, ["mood_changed"])
    bob.stall()
    bob.connection._receiver.congested()
    hug(ada, bob)
    feel(ada, is_public=True)
    bob.drain()
    bob.connection._receiver.writable()
    bob.world.settle()
    assert [MoodChanged] == kinds(bob)


# What is not stored


def test_notices_by_person(ada: Device, eve: Device, bob: Device) -> None:
    """Changes of status are narrowed to those people as well."""
    narrow(bob, people=[eve])
    for one in (ada, eve):
        one.request(StatusUpdate(status="away"))
    bob.world.clock.move(1)
    assert [eve.user_id] == [notice.user_id for notice in bob.pushes(UserStatusChanged)]


def test_notices_of_who_leaves(eve: Device, bob: Device) -> None:
    """That someone went is about that person, though no command said so."""
    narrow(bob, ["user_status_changed"], [eve])
    eve.drop()
    bob.world.clock.move(25)
    bob.world.clock.move(1)
    changes = bob.pushes(UserStatusChanged)
    assert [UserStatusChanged(user_id=eve.user_id, status="offline")] == changes


def test_notices_by_type(ada: Device, bob: Device) -> None:
    """And by type."""
    narrow(bob, ["mood_changed"])
    ada.request(StatusUpdate(status="away"))
    bob.world.clock.move(1)
    assert [] == bob.pushes(UserStatusChanged)


def test_what_is_never_left_out(bob: Device) -> None:
    """Replies, errors and pings come to whoever wants nothing."""
    narrow(bob, [], [])
    feel(bob)
    bob.refusal(Subscribe(types=["no_such_type"]))
    bob.world.clock.move(31)
    assert 1 == len(bob.pushes(Ping))


def test_before_signing_in(world: World) -> None:
    """There is nothing to narrow yet."""
    assert "auth_required" == getattr(world.connect().refusal(Subscribe()), "code", "")


def test_followers_news(ada: Device, bob: Device) -> None:
    """Of who follows whom, too, only what is wanted."""
    narrow(bob, ["follow_update"], [ada])
    ada.request(FollowUser(target_user_id=bob.user_id, action="unfollow"))
    ada.request(FollowUser(target_user_id=bob.user_id, action="follow"))
    assert [FollowUpdate] == kinds(bob)
