"""Who sees a status (decisions: Status; Account and settings, `statusTo`)."""

import pytest

from hugmood.features.settings.messages import Audience
from hugmood.features.status.messages import Status, StatusUpdate
from tests.device import Device
from tests.features.bonds import (
    befriend,
    block,
    changed,
    follow,
    heard,
    show_status_to,
    status_of,
    unfollow,
)
from tests.features.people import hug
from tests.world import OFFLINE_GRACE, World

GRACE = OFFLINE_GRACE / 1000


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody whose status it is."""
    return world.register("Ada")


@pytest.fixture
def fan(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    fan = world.register("Fan")
    follow(fan, ada)
    return fan


@pytest.fixture
def friend(world: World, ada: Device) -> Device:
    """Somebody who follows Ada and is followed by her."""
    friend = world.register("Friend")
    befriend(friend, ada)
    return friend


def be(device: Device, status: Status) -> None:
    """Have somebody choose a status."""
    device.request(StatusUpdate(status=status))


AUDIENCES: list[tuple[Audience, str, str]] = [
    ("everyone", "online", "online"),
    ("followers", "online", "online"),
    ("friends", "offline", "online"),
    ("nobody", "offline", "offline"),
]
audiences = pytest.mark.parametrize(("audience", "to_fan", "to_friend"), AUDIENCES)


@audiences
def test_list(
    ada: Device, fan: Device, friend: Device, audience: Audience, to_fan: str, to_friend: str
) -> None:
    """The list of statuses shows only what the owner lets the asker see."""
    show_status_to(ada, audience)
    assert (status_of(fan, ada), status_of(friend, ada)) == (to_fan, to_friend)


@audiences
def test_new_status(
    ada: Device, fan: Device, friend: Device, audience: Audience, to_fan: str, to_friend: str
) -> None:
    """Only those who may see a status are told of a new one."""
    show_status_to(ada, audience)
    with heard(fan) as by_fan, heard(friend) as by_friend:
        be(ada, "away")
    expected = {"online": [changed(ada, "away")], "offline": []}
    assert (by_fan, by_friend) == (expected[to_fan], expected[to_friend])


@audiences
def test_going(
    world: World,
    ada: Device,
    fan: Device,
    friend: Device,
    audience: Audience,
    to_fan: str,
    to_friend: str,
) -> None:
    """Only those who may see a status are told that someone went, and came."""
    show_status_to(ada, audience)
    with heard(fan) as by_fan, heard(friend) as by_friend:
        ada.drop()
        world.clock.move(GRACE + 1)
        world.clock.move(1)
        ada.another()
    news = [changed(ada, "offline"), changed(ada, "online")]
    expected = {"online": news, "offline": []}
    assert (by_fan, by_friend) == (expected[to_fan], expected[to_friend])


def test_own_devices(ada: Device) -> None:
    """One's own devices hear what was chosen, whoever else may see it."""
    show_status_to(ada, "nobody")
    phone = ada.another()
    with heard(phone) as news:
        be(ada, "away")
    assert news == [changed(ada, "away")]


@pytest.mark.parametrize(
    ("audience", "stranger", "to_fan", "to_friend"),
    [
        ("everyone", True, True, True),
        ("followers", False, True, True),
        ("friends", False, False, True),
        ("nobody", False, False, False),
    ],
)
def test_hugs(
    *,
    world: World,
    ada: Device,
    fan: Device,
    friend: Device,
    audience: Audience,
    stranger: bool,
    to_fan: bool,
    to_friend: bool,
) -> None:
    """The answer to a hug tells who is there only to those who may see it."""
    show_status_to(ada, audience)
    askers = [world.register("Stranger"), fan, friend]
    replies = [hug(asker, ada) for asker in askers]
    shown = [stranger, to_fan, to_friend]
    assert [reply.recipient_online for reply in replies] == shown
    words = ["sent" if seen else "queued" for seen in shown]
    assert [reply.delivery_status for reply in replies] == words


# Changes


@pytest.mark.parametrize("before", [row[0] for row in AUDIENCES])
@audiences
def test_another_audience(
    ada: Device,
    fan: Device,
    friend: Device,
    before: Audience,
    audience: Audience,
    to_fan: str,
    to_friend: str,
) -> None:
    """Who sees something else by a new choice is told, and nobody else."""
    be(ada, "away")
    show_status_to(ada, before)
    was = [status_of(fan, ada), status_of(friend, ada)]
    with heard(fan) as by_fan, heard(friend) as by_friend:
        show_status_to(ada, audience)
    wanted = ["away" if to == "online" else to for to in (to_fan, to_friend)]
    told = [[news.status for news in by] for by in (by_fan, by_friend)]
    assert told == [[] if new == old else [new] for new, old in zip(wanted, was, strict=True)]


def test_another_audience_unseen(ada: Device, fan: Device) -> None:
    """Whoever is invisible is not given away by a choice."""
    be(ada, "offline")
    with heard(fan) as news:
        show_status_to(ada, "nobody")
        show_status_to(ada, "everyone")
    assert news == []


def test_a_friend_more(ada: Device, fan: Device) -> None:
    """By following back one shows friends a status that is only for them."""
    show_status_to(ada, "friends")
    with heard(fan) as news:
        follow(ada, fan)
    assert (news, status_of(fan, ada)) == ([changed(ada, "online")], "online")


def test_a_friend_less(ada: Device, friend: Device) -> None:
    """Who is a friend no more sees a status offline that is only for friends."""
    show_status_to(ada, "friends")
    with heard(friend) as news:
        unfollow(ada, friend)
    assert (news, status_of(friend, ada)) == ([changed(ada, "offline")], "offline")


@pytest.mark.parametrize("audience", ["everyone", "followers", "nobody"])
def test_friendship_does_not_matter(ada: Device, fan: Device, audience: Audience) -> None:
    """Where the status is not for friends alone following back changes nothing."""
    show_status_to(ada, audience)
    with heard(fan) as news:
        follow(ada, fan)
        unfollow(ada, fan)
    assert news == []


def test_after_the_writer_died(world: World, ada: Device, fan: Device, friend: Device) -> None:
    """Who may not see a status any more learns it also if the writer dies on the way."""
    world.clock.move(1)
    before = len(fan.received)
    world.engine.hold("write")
    ada.send(StatusUpdate(status="away"))
    show = {"type": "update_settings", "id": "msg-1", "data": {"statusTo": "friends"}}
    ada.raw(show)
    world.engine.release("write")
    world.engine.die(after_commit=True)
    world.settle()
    world.clock.move(1)
    news = [message.data for message in fan.received[before:]]
    assert news[-1] == {"userId": ada.user_id, "status": "offline"}
    assert friend.received[-1].data == {"userId": ada.user_id, "status": "away"}


# Blocks


def test_block(ada: Device, friend: Device) -> None:
    """By a block each sees the other go offline, as if they had left."""
    with heard(friend) as by_friend:
        block(ada, friend)
    assert by_friend == [changed(ada, "offline")]
    assert (status_of(friend, ada), status_of(ada, friend)) == ("", "")


def test_block_on_other_devices(ada: Device, friend: Device) -> None:
    """The blocker's other devices see the blocked one go too."""
    phone = ada.another()
    with heard(phone) as news:
        block(ada, friend)
    assert news == [changed(friend, "offline")]


def test_block_of_a_stranger(world: World, ada: Device) -> None:
    """Who followed nobody hears nothing of a block."""
    stranger = world.register("Stranger")
    with heard(stranger) as news:
        block(ada, stranger)
    assert news == []
