"""Blocking (decisions: Follows; Sequence numbers, filtered events)."""

from typing import Any

import pytest

from hugmood.features.follows.messages import (
    BlockedItem,
    BlockedPage,
    BlockUser,
    FetchBlocked,
    FetchFollowers,
    FetchFollowing,
    FollowUser,
    UserBlocked,
)
from hugmood.features.hugs.messages import HugReceived, SendHug
from hugmood.wire.message import Error, ErrorDetails, Event
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import befriend, block, follow, unblock
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
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


@pytest.fixture
def eve(world: World) -> Device:
    """Somebody whom nobody blocks."""
    return world.register("Eve")


def senders(events: list[Event]) -> list[str]:
    """Who sent these hugs."""
    return [event.sender_name for event in events if isinstance(event, HugReceived)]


# The command


def test_block_user(ada: Device, bob: Device) -> None:
    """A block is answered with what holds now, as often as it is said."""
    expected = UserBlocked(target_user_id=bob.user_id, action="block")
    assert [block(ada, bob) for _ in range(2)] == [expected] * 2
    assert ada.request(FetchBlocked()).total_count == 1


def test_unblock(ada: Device, bob: Device) -> None:
    """A block ends when that is said, and to say it again is no error."""
    block(ada, bob)
    expected = UserBlocked(target_user_id=bob.user_id, action="unblock")
    assert [unblock(ada, bob) for _ in range(2)] == [expected] * 2
    assert ada.request(FetchBlocked()).items == []


def test_blocked_list(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Those whom one blocks are listed with name and time, newest first."""
    block(ada, bob)
    first = world.clock.after(0)
    world.clock.move(60)
    block(ada, eve)
    assert ada.request(FetchBlocked()) == BlockedPage(
        data_type="blocked",
        total_count=2,
        as_of_sequence=0,
        items=[
            BlockedItem(user_id=eve.user_id, name="Eve", since=world.clock.after(0)),
            BlockedItem(user_id=bob.user_id, name="Bob", since=first),
        ],
    )


def test_blocked_pages(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """The list has pages, and the last may be empty."""
    block(ada, bob)
    world.clock.move(1)
    block(ada, eve)
    pages = [ada.request(FetchBlocked(limit=1, offset=offset)) for offset in range(3)]
    assert [[item.name for item in page.items] for page in pages] == [["Eve"], ["Bob"], []]
    assert [page.total_count for page in pages] == [2, 2, 2]


def test_blocked_list_is_private(ada: Device, bob: Device) -> None:
    """Nobody sees whom others block, least of all by whom they are blocked."""
    block(ada, bob)
    refusal = bob.refusal(FetchBlocked(user_id=ada.user_id))
    assert isinstance(refusal, Error)
    assert (refusal.code, bob.request(FetchBlocked()).total_count) == ("permission_denied", 0)


def test_guest_blocks(world: World, ada: Device) -> None:
    """Guests can block, and be blocked."""
    guest, other = world.guest("Zoe"), world.guest("Kim")
    block(guest, ada)
    block(ada, other)
    assert [item.name for item in guest.request(FetchBlocked()).items] == ["Ada"]
    assert [item.name for item in ada.request(FetchBlocked()).items] == ["Kim"]


@pytest.mark.parametrize("action", ["block", "unblock"])
def test_block_nobody(ada: Device, action: str) -> None:
    """Nobody can block whom there is not, or themselves."""
    unknown = ada.refusal(BlockUser(target_user_id="user-12345", action=action))  # type: ignore[arg-type]
    oneself = ada.refusal(BlockUser(target_user_id=ada.user_id, action=action))  # type: ignore[arg-type]
    assert isinstance(unknown, Error)
    assert isinstance(oneself, Error)
    assert (unknown.code, unknown.details) == ("not_found", ErrorDetails(field="data.targetUserId"))
    assert oneself.details == ErrorDetails(field="data.targetUserId", issue="unknown_value")


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"targetUserId": "u"}, "data.action", "required_field_missing"),
        ({"targetUserId": "u", "action": "mute"}, "data.action", "unknown_value"),
        ({"action": "block"}, "data.targetUserId", "required_field_missing"),
        ({"targetUserId": "", "action": "block"}, "data.targetUserId", "invalid_format"),
    ],
)
def test_bad_block(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "block_user", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}


# Following


def test_block_ends_follows(ada: Device, bob: Device) -> None:
    """A block ends both follows, and nobody is told."""
    befriend(ada, bob)
    bob.events()
    block(ada, bob)
    lists = [one.request(kind()) for one in (ada, bob) for kind in (FetchFollowers, FetchFollowing)]
    assert [page.total_count for page in lists] == [0, 0, 0, 0]
    assert bob.events() == []


def test_unblock_does_not_bring_back(ada: Device, bob: Device) -> None:
    """The end of a block brings no follow back."""
    befriend(ada, bob)
    block(ada, bob)
    unblock(ada, bob)
    assert ada.request(FetchFollowers()).total_count == 0


@pytest.mark.parametrize("other_way", [False, True], ids=["blocked", "blocks"])
def test_follow_across_a_block(ada: Device, bob: Device, other_way: bool) -> None:  # noqa: FBT001 (a case)
    """Nobody follows whom they block, or who blocks them; after that they may."""
    blocker, blocked = (bob, ada) if other_way else (ada, bob)
    block(blocker, blocked)
    refusal = bob.refusal(FollowUser(target_user_id=ada.user_id, action="follow"))
    assert isinstance(refusal, Error)
    assert (refusal.code, ada.events()) == ("permission_denied", [])
    unblock(blocker, blocked)
    follow(bob, ada)
    assert ada.request(FetchFollowers()).total_count == 1


def test_unfollow_across_a_block(ada: Device, bob: Device) -> None:
    """To follow no more is always possible."""
    block(ada, bob)
    reply = bob.request(FollowUser(target_user_id=ada.user_id, action="unfollow"))
    assert reply.current_follower_count == 0


# What is told: hugs sent before a block are the events of the one who sent them


def test_replay_without_the_blocked(ada: Device, bob: Device, eve: Device) -> None:
    """What a blocked person caused is left out of what was missed; numbers count it."""
    ada.drop()
    hug(bob, ada)
    hug(eve, ada)
    hug(bob, ada)
    block(ada.another(), bob)
    back = ada.another(last=0)
    (page,) = [message for message in back.received if message.type == "missed_messages"]
    assert (page.data["startSequence"], page.data["endSequence"], page.number) == (1, 3, 3)
    (only,) = page.data["messages"]
    assert (only["sequenceNumber"], only["previousSequenceNumber"]) == (2, 0)
    assert senders(back.events()) == ["Eve"]


def test_live_after_a_filtered_event(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """After an event that was filtered the next one says which was before it."""
    block(ada, bob)
    watch(world, ada, bob)
    feel(bob, is_public=True)
    hug(eve, ada)
    last = ada.received[-1]
    assert (last.type, last.number, last.previous) == ("hug_received", 2, 0)
    assert senders(ada.events()) == ["Eve"]


def watch(world: World, one: Device, other: Device) -> None:
    """Put a follow into the table, as if it had come about behind the back of the block.

    So what is told to followers goes to someone who blocks its author: the stream has to
    leave it out by itself, as it does for what several people share.
    """
    with world.database.transaction(write=True) as tx:
        tx.execute(
            """
            INSERT INTO follow (followee_key, follower_key, created_at)
            SELECT a.key, b.key, 0 FROM account a, account b WHERE a.id = :one AND b.id = :other
            """,
            {"one": other.user_id, "other": one.user_id},
        )


@pytest.mark.parametrize("other_way", [False, True], ids=["blocks", "blocked"])
def test_nothing_live(world: World, ada: Device, bob: Device, other_way: bool) -> None:  # noqa: FBT001 (a case)
    """Neither of the two hears of the other, whoever of them blocks."""
    block(*((bob, ada) if other_way else (ada, bob)))
    watch(world, ada, bob)
    feel(bob, is_public=True)
    assert (ada.events(), ada.position) == ([], 0)


def test_pages_of_a_slow_reader(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """A filtered event is left out after a new connection as well, number by number."""
    block(ada, bob)
    watch(world, ada, bob)
    hug(eve, ada)
    seen = ada.position
    ada.drop()
    feel(bob, is_public=True)
    hug(eve, ada)
    feel(bob, is_public=True)
    back = ada.another(last=seen)
    assert (senders(back.events()), back.position) == (["Eve"], 4)
    hug(eve, ada)
    assert (senders(back.events()), back.position) == (["Eve"], 5)


@pytest.mark.parametrize("how", ["one way", "both ways"])
def test_shown_again(ada: Device, bob: Device, how: str) -> None:
    """After the end of all blocks what was hidden is in the stream again."""
    hug(bob, ada)
    block(ada, bob)
    if how == "both ways":
        block(bob, ada)
        unblock(ada, bob)
        assert ada.another(last=0).events() == []
        unblock(bob, ada)
    else:
        unblock(ada, bob)
    assert senders(ada.another(last=0).events()) == ["Bob"]


def test_block_and_event_at_once(world: World, ada: Device, bob: Device) -> None:
    """A hug in the same moment as the block, before or after it, is not delivered."""
    with world.batch():
        ada_blocks = BlockUser(target_user_id=bob.user_id, action="block")
        hugs: list[Any] = [bob.send(hug_of(ada))]
        ada.send(ada_blocks)
        hugs.append(bob.send(hug_of(ada)))
    assert [sent.answered for sent in hugs] == [True, True]
    assert ada.events() == []


def hug_of(recipient: Device) -> Any:  # noqa: ANN401 (a command)
    """The wish to hug somebody."""
    return SendHug(recipient_id=recipient.user_id, hug_type="warm")


def test_effort(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """To block takes no more statements the more one blocks."""
    with world.statements() as few:
        block(ada, bob)
    for number in range(3):
        block(ada, world.register(f"P{number}"))
    with world.statements() as many:
        block(ada, eve)
    assert (len(many), len(few) > 0) == (len(few), True)
