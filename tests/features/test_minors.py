"""People under 18 (product rules: Safety and privacy)."""

from datetime import date
from typing import Any

import pytest

from hugmood.ambient import Instant
from hugmood.features.auth.ages import age, grown_up_at
from hugmood.features.moods.messages import MoodChanged
from hugmood.features.profile.messages import FetchProfile, FetchUsers, UpdateProfile
from hugmood.features.settings.messages import FetchSettings, UpdateSettings
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device, Message
from tests.features.bonds import befriend, choose
from tests.features.people import feel, news
from tests.features.signing import credentials
from tests.world import PASSWORD, World

# The day of these tests is 25 August 2023.
THIRTEEN = date(2010, 8, 25)
SEVENTEEN = date(2005, 8, 26)
EIGHTEEN = date(2005, 8, 25)


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def kim(world: World) -> Device:
    """Somebody who is 17 until tomorrow."""
    return world.register("Kim", birth_date=SEVENTEEN)


def registered(world: World, birth_date: object) -> Message:
    """What comes of opening an account with this date of birth."""
    data = {
        "method": "register",
        "email": "kim@example.com",
        "password": PASSWORD,
        "name": "Kim",
        "birthDate": birth_date,
    }
    (reply,) = world.connect().raw({"type": "auth", "id": "msg-1", "data": data})
    return reply


def found(device: Device, name: str) -> list[str]:
    """Who is found by this name."""
    return [item.name for item in device.request(FetchUsers(query=name)).items]


@pytest.mark.parametrize("birth", ["2010-08-25", "2005-08-26", "1990-02-28", "1894-01-01"])
def test_old_enough(world: World, birth: str) -> None:
    """From 13 on one may have an account."""
    assert registered(world, birth).data["success"] is True


@pytest.mark.parametrize(
    ("birth", "issue"),
    [
        ("2010-08-26", "out_of_range"),
        ("2023-08-25", "out_of_range"),
        ("2030-01-01", "out_of_range"),
        ("1892-08-25", "out_of_range"),
        ("1992-08-25", None),
        ("2001-02-29", "invalid_format"),
        ("25.8.2000", "invalid_format"),
        ("2000-08-25T00:00:00Z", "invalid_format"),
        (2000, "invalid_type"),
        (None, "invalid_type"),
    ],
)
@on_sqlite
def test_birth_dates(world: World, birth: object, issue: str | None) -> None:
    """Who is under 13 is refused, as is what is no date or nobody's."""
    data = registered(world, birth).data
    wanted: dict[str, Any] = {"field": "data.birthDate", "issue": issue}
    assert data.get("details") == (wanted if issue else None)
    assert data["success"] is (issue is None)


def test_begins_closed(kim: Device) -> None:
    """Only friends may hug and see somebody who is under 18, to begin with."""
    chosen = kim.request(FetchSettings()).settings
    assert (chosen.hugs_from, chosen.status_to) == ("friends", "friends")


@pytest.mark.parametrize("audience", ["everyone", "followers"])
def test_hugs_from_friends_at_most(kim: Device, audience: Any) -> None:  # noqa: ANN401 (a word)
    """Who is under 18 cannot let others than friends hug them."""
    refusal = kim.refusal(UpdateSettings(hugs_from=audience, streaks=False))
    assert isinstance(refusal, Error)
    assert refusal.details == ErrorDetails(field="data.hugsFrom", issue="out_of_range")
    assert kim.request(FetchSettings()).settings.streaks


def test_hugs_from_nobody(kim: Device) -> None:
    """Who is under 18 can let nobody hug them."""
    assert choose(kim, hugs_from="nobody").hugs_from == "nobody"
    assert choose(kim, hugs_from="friends").hugs_from == "friends"


def test_moods_are_private(world: World, kim: Device) -> None:
    """The moods of those under 18 are private, whatever they ask for."""
    friend = world.register("Bob")
    befriend(friend, kim)
    friend.events()
    kim.events()
    feel(kim, is_public=True)
    (event,) = news(kim)
    assert isinstance(event, MoodChanged)
    assert (event.is_public, friend.events()) == (False, [])


def test_not_found(world: World, kim: Device) -> None:
    """Nobody finds those under 18, neither by an old or new name nor by id."""
    bob = world.register("Bob")
    kim.request(UpdateProfile(name="Kimberley"))
    assert (found(bob, "kim"), found(bob, kim.user_id)) == ([], [])


def test_birthday(world: World, kim: Device) -> None:
    """At 18 one is found, may choose freely, and may show moods."""
    world.clock.move_to("2023-08-26T00:00:02.000Z")
    bob = world.register("Bob")
    assert found(bob, "kim") == ["Kim"]
    assert choose(kim, hugs_from="everyone").hugs_from == "everyone"
    feel(kim, is_public=True)
    (event,) = news(kim)
    assert isinstance(event, MoodChanged)
    assert event.is_public


def test_grown_up(world: World) -> None:
    """Who is 18, or does not say, is not protected."""
    bob = world.register("Bob", birth_date=EIGHTEEN)
    ada = world.register("Ada")
    assert (found(ada, "bob"), found(bob, "ada")) == (["Bob"], ["Ada"])
    assert bob.request(FetchSettings()).settings.hugs_from == "everyone"


def test_date_is_private(world: World, kim: Device) -> None:
    """One's date of birth is in one's own profile, and in nobody else's."""
    bob = world.register("Bob")
    own = kim.request(FetchProfile()).profile
    others = bob.request(FetchProfile(user_id=kim.user_id)).profile
    assert (own.birth_date, bool(others.birth_date)) == (SEVENTEEN, False)
    again = world.connect()
    again.sign_in(credentials(kim.email))
    assert again.request(FetchProfile()).profile.birth_date == SEVENTEEN


@pytest.mark.parametrize(
    ("birth", "grown_up"),
    [
        (date(2005, 8, 26), "2023-08-26T00:00:00.000Z"),
        (date(2008, 2, 29), "2026-03-01T00:00:00.000Z"),
        (date(2000, 2, 29), "2018-03-01T00:00:00.000Z"),
        (date(2000, 12, 31), "2018-12-31T00:00:00.000Z"),
    ],
)
def test_grown_up_at(birth: date, grown_up: str) -> None:
    """One is 18 from the first moment of the birthday, of 29 February the day after."""
    moment = grown_up_at(birth)
    assert str(Instant(moment)) == grown_up
    assert (age(birth, moment - 1), age(birth, moment)) == (17, 18)
