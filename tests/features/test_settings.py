"""Settings (decisions: Account and settings)."""

from typing import Any

import pytest
from msgspec import UNSET

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.moods.messages import MoodUpdated
from hugmood.features.settings.messages import (
    Choices,
    FetchSettings,
    Settings,
    SettingsUpdated,
    UpdateSettings,
)
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.bonds import block, choose, unblock
from tests.features.people import feel
from tests.world import World

UNKNOWN = "user-12345"


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


def chosen(device: Device) -> Choices:
    """What holds for somebody now."""
    return device.request(FetchSettings()).settings


def test_nothing_chosen(ada: Device) -> None:
    """Who chose nothing lets everybody hug and see, and shares no analytics."""
    assert ada.request(FetchSettings()) == Settings(
        settings=Choices(hugs_from="everyone", status_to="everyone", analytics_to=[], streaks=True),
        as_of_sequence=0,
    )


def test_update_settings(ada: Device, bob: Device) -> None:
    """What is chosen is answered and kept."""
    told = choose(
        ada, hugs_from="friends", status_to="nobody", analytics_to=[bob.user_id], streaks=False
    )
    assert told == SettingsUpdated(
        hugs_from="friends", status_to="nobody", analytics_to=[bob.user_id], streaks=False
    )
    assert chosen(ada) == Choices(
        hugs_from="friends", status_to="nobody", analytics_to=[bob.user_id], streaks=False
    )


@pytest.mark.parametrize(
    "change",
    [
        {"hugs_from": "nobody"},
        {"status_to": "followers"},
        {"analytics_to": []},
        {"streaks": True},
        {},
    ],
    ids=str,
)
def test_the_rest_stays(ada: Device, bob: Device, change: dict[str, Any]) -> None:
    """What is left out stays, and the answer says all that holds."""
    before: dict[str, Any] = {
        "hugs_from": "friends",
        "status_to": "friends",
        "analytics_to": [bob.user_id],
        "streaks": False,
    }
    choose(ada, **before)
    assert choose(ada, **change) == SettingsUpdated(**(before | change))


def test_own_settings_only(ada: Device, bob: Device) -> None:
    """One person's choice is not another's."""
    choose(ada, hugs_from="nobody")
    assert chosen(bob).hugs_from == "everyone"


def test_guests_choose(world: World) -> None:
    """Guests have settings too."""
    guest = world.guest()
    choose(guest, status_to="nobody")
    assert chosen(guest).status_to == "nobody"


def test_same_command_twice(ada: Device) -> None:
    """A late repetition does not undo what was chosen after it."""
    ada.request(UpdateSettings(hugs_from="nobody"), id="msg-1")
    choose(ada, hugs_from="friends")
    ada.another().request(UpdateSettings(hugs_from="nobody"), id="msg-1")
    assert chosen(ada).hugs_from == "friends"


@on_sqlite
@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({"hugsFrom": "enemies"}, "data.hugsFrom", "unknown_value"),
        ({"statusTo": 7}, "data.statusTo", "invalid_type"),
        ({"statusTo": None}, "data.statusTo", "invalid_type"),
        ({"streaks": "no"}, "data.streaks", "invalid_type"),
        ({"analyticsTo": "user-1"}, "data.analyticsTo", "invalid_type"),
        ({"analyticsTo": [""]}, "data.analyticsTo[0]", "invalid_format"),
        ({"analyticsTo": ["user-1"] * 101}, "data.analyticsTo", "too_long"),
    ],
)
def test_bad_settings(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "update_settings", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}


# Sharing analytics


def test_unknown_viewer(ada: Device, bob: Device) -> None:
    """Analytics are shared with people there are; else nothing is changed."""
    command = UpdateSettings(analytics_to=[bob.user_id, UNKNOWN], hugs_from="nobody")
    refusal = ada.refusal(command)
    assert isinstance(refusal, Error)
    assert refusal.details
    assert (refusal.code, refusal.details.field) == ("not_found", "data.analyticsTo[1]")
    assert (chosen(ada).analytics_to, chosen(ada).hugs_from) == ([], "everyone")


def test_oneself_as_viewer(ada: Device) -> None:
    """Nobody shares with themselves."""
    refusal = ada.refusal(UpdateSettings(analytics_to=[ada.user_id]))
    assert isinstance(refusal, Error)
    assert refusal.details
    assert refusal.details.issue == "unknown_value"


def test_viewer_twice(ada: Device, bob: Device) -> None:
    """To name someone twice is to name them once."""
    assert choose(ada, analytics_to=[bob.user_id] * 2).analytics_to == [bob.user_id]


def test_viewers_are_replaced(world: World, ada: Device, bob: Device) -> None:
    """A new list takes the place of the whole old one."""
    eve = world.register("Eve")
    choose(ada, analytics_to=[bob.user_id])
    assert choose(ada, analytics_to=[eve.user_id]).analytics_to == [eve.user_id]


def test_effort(world: World, ada: Device) -> None:
    """Many viewers take no more reading than one."""
    others = [world.register(f"P{number}").user_id for number in range(4)]
    with world.statements() as few:
        choose(ada, analytics_to=others[:1])
    with world.statements() as many:
        choose(ada, analytics_to=others)
    assert (len(many), len(few) > 0) == (len(few), True)


def analytics_of(one: Device, other: Device, **more: Any) -> Any:  # noqa: ANN401 (to be compared)
    """What the one sees of the other's analytics."""
    return one.request(FetchMoodAnalytics(user_id=other.user_id, **more))


def test_shared_analytics(ada: Device, bob: Device) -> None:
    """Shared analytics are the owner's, say whose they are, and have the insights."""
    feel(ada, pleasantness=1.0)
    feel(bob, pleasantness=-1.0)
    choose(ada, analytics_to=[bob.user_id])
    mine = ada.request(FetchMoodAnalytics(include_correlations=True))
    seen = analytics_of(bob, ada, include_correlations=True)
    assert (seen.user_id, seen.analytics) == (ada.user_id, mine.analytics)
    assert (mine.user_id, mine.analytics.insights) == (UNSET, [])


def test_shared_results_do_not_mix(ada: Device, bob: Device) -> None:
    """Results are kept for each owner, whoever asks first."""
    feel(ada, pleasantness=1.0)
    feel(bob, pleasantness=-1.0)
    choose(ada, analytics_to=[bob.user_id])
    seen = [
        analytics_of(bob, ada).analytics.average_mood,
        bob.request(FetchMoodAnalytics()).analytics.average_mood,
        analytics_of(bob, ada).analytics.average_mood,
        ada.request(FetchMoodAnalytics()).analytics.average_mood,
    ]
    assert seen == [10.0, 0.0, 10.0, 10.0]


def test_analytics_reflect_the_askers_stream(ada: Device, bob: Device) -> None:
    """The position in shared analytics is that of the one who asks."""
    choose(ada, analytics_to=[bob.user_id])
    feel(ada)
    assert analytics_of(bob, ada).as_of_sequence == bob.position == 0


@pytest.mark.parametrize("case", ["never", "no longer", "other way", "blocked", "blocks", "freed"])
def test_analytics_not_shared(ada: Device, bob: Device, case: str) -> None:
    """Analytics are for those they are shared with, and never across a block."""
    choose(ada, analytics_to=[] if case in {"never", "other way"} else [bob.user_id])
    if case == "no longer":
        choose(ada, analytics_to=[])
    elif case == "other way":
        choose(bob, analytics_to=[ada.user_id])
    elif case == "blocks":
        block(bob, ada)
    elif case != "never":
        block(ada, bob)
    if case == "freed":
        unblock(ada, bob)
    refusal = bob.refusal(FetchMoodAnalytics(user_id=ada.user_id))
    nobody = bob.refusal(FetchMoodAnalytics(user_id=UNKNOWN))
    assert isinstance(refusal, Error)
    assert isinstance(nobody, Error)
    assert (refusal.code, refusal.message) == ("permission_denied", nobody.message)


# Streaks


def test_no_streaks(ada: Device) -> None:
    """Who wants no streaks is told of none; the days are counted all the same."""
    choose(ada, streaks=False)
    without = feel(ada)
    assert without == MoodUpdated(mood_id=without.mood_id)
    choose(ada, streaks=True)
    streak = feel(ada).streak_update
    assert streak
    assert streak.current == 1
