"""Following (protocol: Follow / Friend Messages; decisions: Follows)."""

import pytest

from hugmood.features.follows.messages import (
    FetchFollowers,
    FetchFollowing,
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    UserFollowed,
)
from hugmood.wire.message import Error, ErrorDetails, Page
from tests.databases import on_sqlite
from tests.device import Device, Message
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


def follow(one: Device, other: Device) -> UserFollowed:
    """Have the one follow the other."""
    return one.request(FollowUser(target_user_id=other.user_id, action="follow"))


def unfollow(one: Device, other: Device) -> UserFollowed:
    """Have the one follow the other no more."""
    return one.request(FollowUser(target_user_id=other.user_id, action="unfollow"))


def items(page: FollowPage) -> list[str]:
    """The names on a page."""
    return [item.name for item in page.items]


# The protocol's examples


def test_example(world: World) -> None:
    """Following is answered, and told to its target, as in the protocol."""
    jane, john = world.register("Jane Smith"), world.register("John")
    world.clock.move_to("2023-08-25T18:00:00.000Z")
    (reply,) = jane.raw(
        {
            "type": "follow_user",
            "id": "msg-90123",
            "data": {"targetUserId": john.user_id, "action": "follow"},
            "timestamp": "2023-08-25T18:00:00.000Z",
        }
    )
    assert reply == Message(
        type="follow_user_response",
        id="msg-90123-resp",
        data={
            "success": True,
            "targetUserId": john.user_id,
            "action": "follow",
            "currentFollowerCount": 1,
        },
        timestamp="2023-08-25T18:00:00.000Z",
        number=0,
        previous=None,
    )
    told = john.received[-1]
    assert told == Message(
        type="follow_update",
        id=told.id,
        data={
            "userId": jane.user_id,
            "userName": "Jane Smith",
            "action": "followed_you",
            "timestamp": "2023-08-25T18:00:00.000Z",
        },
        timestamp="2023-08-25T18:00:00.000Z",
        number=1,
        previous=None,
    )
    assert told.id.startswith("notif-")


# Following


def test_follow_twice(ada: Device, bob: Device) -> None:
    """To follow again says the same and is not told again."""
    assert [follow(ada, bob) for _ in range(2)] == [
        UserFollowed(target_user_id=bob.user_id, action="follow", current_follower_count=1)
    ] * 2
    assert len(bob.events()) == 1


def test_unfollow(ada: Device, bob: Device) -> None:
    """To follow no more takes effect at once, and nobody is told."""
    follow(ada, bob)
    bob.events()
    assert unfollow(ada, bob) == UserFollowed(
        target_user_id=bob.user_id, action="unfollow", current_follower_count=0
    )
    assert (bob.events(), bob.request(FetchFollowers()).items) == ([], [])


def test_unfollow_in_vain(ada: Device, bob: Device) -> None:
    """To follow no more whom one did not follow is no error."""
    assert unfollow(ada, bob).current_follower_count == 0


def test_follow_anew(ada: Device, bob: Device) -> None:
    """To follow once more after having stopped is told again."""
    follow(ada, bob)
    unfollow(ada, bob)
    follow(ada, bob)
    assert [type(event) for event in bob.events()] == [FollowUpdate, FollowUpdate]


def test_count_of_target(world: World, ada: Device, bob: Device) -> None:
    """The count in the answer is the target's followers."""
    follow(bob, world.register("Eve"))
    follow(bob, ada)
    assert follow(world.register("Joe"), bob).current_follower_count == 1


def test_follow_guest(world: World, ada: Device) -> None:
    """A guest can be followed."""
    guest = world.guest("Zoe")
    assert (follow(ada, guest).success, len(guest.events())) == (True, 1)


def test_told_when_back(world: World, ada: Device, bob: Device) -> None:
    """Who was away when somebody followed them learns it on return."""
    bob.drop()
    follow(ada, bob)
    assert len(bob.another(last=0).events()) == 1


def test_follow_oneself(ada: Device) -> None:
    """Nobody can follow themselves."""
    refusal = ada.refusal(FollowUser(target_user_id=ada.user_id, action="follow"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.details) == (
        "invalid_request",
        ErrorDetails(field="data.targetUserId", issue="unknown_value"),
    )


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_follow_nobody(ada: Device, action: str) -> None:
    """Nobody can follow whom there is not."""
    (error,) = ada.raw(
        {
            "type": "follow_user",
            "id": "msg-1",
            "data": {"targetUserId": "user-12345", "action": action},
        }
    )
    assert (error.data["code"], error.data["details"]) == (
        "not_found",
        {"field": "data.targetUserId"},
    )


@pytest.mark.parametrize("action", ["follow", "unfollow"])
def test_guest_follows(world: World, ada: Device, action: str) -> None:
    """Guests follow nobody."""
    (error,) = world.guest().raw(
        {
            "type": "follow_user",
            "id": "msg-1",
            "data": {"targetUserId": ada.user_id, "action": action},
        }
    )
    assert (error.data["code"], ada.events()) == ("permission_denied", [])


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"targetUserId": "u"}, "data.action", "required_field_missing"),
        ({"targetUserId": "u", "action": "block"}, "data.action", "unknown_value"),
        ({"targetUserId": "u", "action": None}, "data.action", "invalid_type"),
        ({"action": "follow"}, "data.targetUserId", "required_field_missing"),
        ({"targetUserId": "", "action": "follow"}, "data.targetUserId", "invalid_format"),
        ({"targetUserId": "u" * 129, "action": "follow"}, "data.targetUserId", "too_long"),
        ({"targetUserId": 7, "action": "follow"}, "data.targetUserId", "invalid_type"),
    ],
)
def test_bad_follow(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "follow_user", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}


# Lists


@pytest.mark.parametrize(
    ("query", "kind"), [(FetchFollowers(), "followers"), (FetchFollowing(), "following")]
)
def test_empty_list(ada: Device, query: FetchFollowers | FetchFollowing, kind: str) -> None:
    """Nobody follows a newcomer, and a newcomer follows nobody."""
    assert ada.request(query) == FollowPage(
        data_type=kind, total_count=0, as_of_sequence=0, items=[]
    )


def test_followers(world: World, ada: Device, bob: Device) -> None:
    """One's followers are listed with name and time; a mutual follow is a friend."""
    follow(ada, bob)
    since = world.clock.after(0)
    world.clock.move(60)
    follow(bob, ada)
    assert bob.request(FetchFollowers()) == FollowPage(
        data_type="followers",
        total_count=1,
        as_of_sequence=1,
        items=[FollowItem(user_id=ada.user_id, name="Ada", since=since, is_friend=True)],
    )


def test_following(world: World, ada: Device, bob: Device) -> None:
    """Those whom one follows are listed with name and time."""
    follow(ada, bob)
    assert ada.request(FetchFollowing()) == FollowPage(
        data_type="following",
        total_count=1,
        as_of_sequence=0,
        items=[
            FollowItem(user_id=bob.user_id, name="Bob", since=world.clock.after(0), is_friend=False)
        ],
    )


def crowd_of(world: World, ada: Device, count: int) -> None:
    """Have so many people follow Ada and be followed by her, one each second."""
    for number in range(count):
        other = world.register(f"P{number}")
        follow(other, ada)
        follow(ada, other)
        world.clock.move(1)


@pytest.mark.parametrize("query", [FetchFollowers, FetchFollowing])
def test_newest_first(
    world: World, ada: Device, query: type[FetchFollowers] | type[FetchFollowing]
) -> None:
    """A list begins with the newest."""
    crowd_of(world, ada, 3)
    assert items(ada.request(query())) == ["P2", "P1", "P0"]


@pytest.mark.parametrize("query", [FetchFollowers, FetchFollowing])
@pytest.mark.parametrize(
    ("limit", "offset", "names"),
    [(2, 0, ["P3", "P2"]), (2, 1, ["P2", "P1"]), (100, 3, ["P0"]), (2, 4, [])],
)
def test_paging(
    world: World,
    ada: Device,
    query: type[FetchFollowers] | type[FetchFollowing],
    limit: int,
    offset: int,
    names: list[str],
) -> None:
    """A page begins at its offset, is as long as asked, and knows the whole count."""
    crowd_of(world, ada, 4)
    page = ada.request(query(limit=limit, offset=offset))
    assert (items(page), page.total_count) == (names, 4)


@on_sqlite
@pytest.mark.parametrize("kind", ["followers", "following"])
def test_default_page(world: World, ada: Device, kind: str) -> None:
    """A page has twenty entries where nothing else is asked."""
    crowd_of(world, ada, 21)
    (page,) = ada.raw({"type": "fetch", "id": "msg-1", "data": {"dataType": kind}})
    assert (len(page.data["items"]), page.data["totalCount"]) == (20, 21)


@pytest.mark.parametrize("query", [FetchFollowers, FetchFollowing])
def test_effort(
    world: World, ada: Device, query: type[FetchFollowers] | type[FetchFollowing]
) -> None:
    """A longer page takes no more statements than a short one."""
    crowd_of(world, ada, 5)
    with world.statements() as few:
        ada.request(query(limit=1))
    with world.statements() as many:
        ada.request(query(limit=5))
    assert (len(many), len(few) > 0) == (len(few), True)


def test_effort_of_following(world: World, ada: Device, bob: Device) -> None:
    """To follow somebody with many followers takes no more statements."""
    with world.statements() as few:
        follow(ada, bob)
    crowd_of(world, bob, 4)
    eve = world.register("Eve")
    with world.statements() as many:
        follow(eve, bob)
    assert 0 < len(many) <= len(few)


@pytest.mark.parametrize("query", [FetchFollowers, FetchFollowing])
def test_own_list_by_id(ada: Device, query: type[FetchFollowers] | type[FetchFollowing]) -> None:
    """One's own id may be given."""
    page: Page = ada.request(query(user_id=ada.user_id))
    assert page.total_count == 0


@pytest.mark.parametrize("query", [FetchFollowers, FetchFollowing])
@pytest.mark.parametrize("somebody", [True, False])
def test_list_of_others(
    ada: Device,
    bob: Device,
    query: type[FetchFollowers] | type[FetchFollowing],
    somebody: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """Others' lists are private, and whether there is such a person is not told."""
    refusal = ada.refusal(query(user_id=bob.user_id if somebody else "user-12345"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.message) == ("permission_denied", "These lists are private")


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"limit": 0}, "data.limit", "out_of_range"),
        ({"limit": 101}, "data.limit", "out_of_range"),
        ({"limit": "5"}, "data.limit", "invalid_type"),
        ({"offset": -1}, "data.offset", "out_of_range"),
        ({"offset": 1 << 53}, "data.offset", "out_of_range"),
        ({"offset": 1.5}, "data.offset", "invalid_type"),
        ({"userId": None}, "data.userId", "invalid_type"),
    ],
)
def test_bad_page(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong with a request for a page is said."""
    (error,) = ada.raw({"type": "fetch", "id": "msg-1", "data": {"dataType": "followers", **data}})
    assert error.data["details"] == {"field": field, "issue": issue}


def test_largest_offset(ada: Device) -> None:
    """The largest offset there is leads to an empty page."""
    assert ada.request(FetchFollowers(offset=(1 << 53) - 1)).items == []


def test_list_after_change(ada: Device, bob: Device) -> None:
    """A list says which of the caller's events it reflects."""
    follow(ada, bob)
    assert bob.request(FetchFollowers()).as_of_sequence == bob.position == 1
