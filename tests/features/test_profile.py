"""Profiles (decisions: fetch; Account and settings)."""

import pytest
from msgspec import UNSET

from hugmood.features.follows.messages import FetchFollowers
from hugmood.features.profile.messages import (
    FetchProfile,
    Profile,
    ProfileItem,
    ProfileUpdated,
    UpdateProfile,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import befriend, block, follow, unblock
from tests.features.people import feel, hug
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def profile(one: Device, other: Device | None = None) -> ProfileItem:
    """What the one sees of the other, or of themselves."""
    user_id = other.user_id if other else UNSET
    return one.request(FetchProfile(user_id=user_id)).profile


def not_found(device: Device, user_id: str) -> bool:
    """Whether there is nobody with this id, as far as a device can tell."""
    refusal = device.refusal(FetchProfile(user_id=user_id))
    return isinstance(refusal, Error) and (refusal.code, refusal.details) == (
        "not_found",
        ErrorDetails(field="data.userId"),
    )


# Looking


@pytest.mark.parametrize("by_id", [False, True])
def test_own_profile(world: World, ada: Device, bob: Device, by_id: bool) -> None:  # noqa: FBT001 (a case)
    """One's own profile says all there is."""
    follow(bob, ada)
    assert ada.request(FetchProfile(user_id=ada.user_id if by_id else UNSET)) == Profile(
        profile=ProfileItem(
            user_id=ada.user_id,
            name="Ada",
            email="ada@example.com",
            time_zone="UTC",
            is_anonymous=False,
            created_at=world.clock.after(0),
            follower_count=1,
            following_count=0,
        ),
        as_of_sequence=1,
    )


def test_own_profile_of_a_guest(world: World) -> None:
    """A guest's profile says that it is one, and has no address."""
    found = profile(world.guest("Zoe"))
    assert (found.name, found.email, found.is_anonymous) == ("Zoe", UNSET, True)


@pytest.mark.parametrize(
    ("bond", "follows_you", "you_follow"),
    [
        ("none", False, False),
        ("fan", True, False),
        ("idol", False, True),
        ("friend", True, True),
    ],
)
def test_others_profile(
    ada: Device,
    bob: Device,
    bond: str,
    follows_you: bool,  # noqa: FBT001 (a case)
    you_follow: bool,  # noqa: FBT001 (a case)
) -> None:
    """Another's profile says how the two are bound, and nothing that is private."""
    if follows_you:
        follow(bob, ada)
    if you_follow:
        follow(ada, bob)
    assert profile(ada, bob) == ProfileItem(
        user_id=bob.user_id,
        name="Bob",
        follower_count=1 if you_follow else 0,
        follows_you=follows_you,
        you_follow=you_follow,
        is_friend=bond == "friend",
    )


@pytest.mark.parametrize("blocker", ["ada", "bob"])
def test_profile_across_a_block(ada: Device, bob: Device, blocker: str) -> None:
    """Across a block there is nobody; after it there is somebody again."""
    pair = (ada, bob) if blocker == "ada" else (bob, ada)
    block(*pair)
    assert not_found(ada, bob.user_id)
    assert not_found(bob, ada.user_id)
    unblock(*pair)
    assert profile(ada, bob).name == "Bob"


def test_profile_of_nobody(ada: Device) -> None:
    """Nobody has no profile."""
    assert not_found(ada, "user-12345")


# Changing


def test_update_profile(ada: Device) -> None:
    """A new name and a new time zone are answered and kept."""
    reply = ada.request(UpdateProfile(name=" Ada Lovelace ", time_zone="Europe/London"))
    assert reply == ProfileUpdated(name="Ada Lovelace", time_zone="Europe/London")
    found = profile(ada)
    assert (found.name, found.time_zone) == ("Ada Lovelace", "Europe/London")


def test_the_rest_stays(ada: Device) -> None:
    """What is left out stays as it is."""
    ada.request(UpdateProfile(time_zone="Asia/Tokyo"))
    ada.request(UpdateProfile(name="Countess"))
    assert ada.request(UpdateProfile()) == ProfileUpdated(name="Countess", time_zone="Asia/Tokyo")


def test_others_see_the_new_name(ada: Device, bob: Device) -> None:
    """A new name is seen in lists, profiles and hugs from now on."""
    befriend(ada, bob)
    ada.request(UpdateProfile(name="Countess"))
    hug(ada, bob)
    assert bob.received[-1].data["senderName"] == "Countess"
    assert profile(bob, ada).name == "Countess"
    assert [item.name for item in bob.request(FetchFollowers()).items] == ["Countess"]


def test_guest_gets_a_name(world: World) -> None:
    """A guest can choose another name."""
    guest = world.guest()
    assert guest.request(UpdateProfile(name="Zoe")).name == "Zoe"


def test_a_move_changes_no_old_day(world: World, ada: Device) -> None:
    """Days that are over stay as they were counted, wherever one moves."""
    world.clock.move_to("2023-08-26T23:30:00.000Z")
    feel(ada)
    ada.request(UpdateProfile(time_zone="Pacific/Auckland"))
    world.clock.move_to("2023-08-27T23:30:00.000Z")
    streak = feel(ada).streak_update
    # The 26th in UTC and, by the time of Auckland, the 28th: but no day has passed.
    assert streak
    assert streak.current == 2
    assert feel(ada, at="2023-08-27T10:00:00.000Z").streak_update.current == 3  # type: ignore[union-attr]


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"name": ""}, "data.name", "invalid_format"),
        ({"name": "  "}, "data.name", "invalid_format"),
        ({"name": "x" * 81}, "data.name", "too_long"),
        ({"name": None}, "data.name", "invalid_type"),
        ({"timeZone": "Mars/Olympus"}, "data.timeZone", "unknown_value"),
        ({"timeZone": "../etc/passwd"}, "data.timeZone", "unknown_value"),
        ({"name": "New", "timeZone": "Nowhere"}, "data.timeZone", "unknown_value"),
    ],
)
def test_bad_profile(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, and nothing is changed."""
    (error,) = ada.raw({"type": "update_profile", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}
    assert profile(ada).name == "Ada"
