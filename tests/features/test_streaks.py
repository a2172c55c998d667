"""Streaks: days on end with a mood (decisions: Moods)."""

import pytest
from msgspec import UNSET

from hugmood.engine.handling import Ctx
from hugmood.features.auth.messages import AuthCredentials
from hugmood.features.follows.messages import FollowUser
from hugmood.features.moods.messages import (
    FetchStreak,
    MoodUpdated,
    StreakNow,
    StreakShown,
    StreakUpdate,
)
from hugmood.store.database import Params
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel
from tests.features.within import key_of, within
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob")
    bob.request(FollowUser(target_user_id=ada.user_id, action="follow"))
    ada.events()
    return bob


def run(reply: MoodUpdated) -> tuple[int, int]:
    """The current and the best streak in a reply."""
    assert reply.streak_update
    return reply.streak_update.current, reply.streak_update.best


def daily(device: Device, pattern: str) -> list[tuple[int, int]]:
    """Feel something on each day marked `x`; the streaks that were told.

    A session lasts a day: each day begins with a new one.
    """
    world, told = device.world, []
    for mark in pattern:
        fresh = world.connect()
        fresh.sign_in(AuthCredentials(email=device.email, password=device.password))
        if mark == "x":
            told.append(run(feel(fresh)))
        fresh.drop()
        world.clock.move(DAY)
    return told


def test_first_day(world: World, ada: Device) -> None:
    """A first mood is a streak of one day, told with the time of now."""
    assert feel(ada).streak_update == StreakUpdate(
        current=1, best=1, last_updated=world.clock.after(0)
    )


def test_same_day(ada: Device) -> None:
    """More moods on one day are one day."""
    assert [run(feel(ada)) for _ in range(3)] == [(1, 1)] * 3


def test_day_after_day(ada: Device) -> None:
    """A day more is a day more."""
    assert daily(ada, "xxx") == [(1, 1), (2, 2), (3, 3)]


def test_gap(ada: Device) -> None:
    """A day without a mood ends a streak; the best stays."""
    assert daily(ada, "xx x") == [(1, 1), (2, 2), (1, 2)]


def test_streak_of_the_example(ada: Device) -> None:
    """Five days after a gap, and twelve before it, are the protocol's example.

    The gap is two days, for twelve days with a mood earn one rest day.
    """
    assert daily(ada, "x" * 12 + "  " + "x" * 5)[-1] == (5, 12)


def test_gap_filled(ada: Device) -> None:
    """A queued mood that arrives late credits its own day, and joins two streaks."""
    daily(ada, "x x")
    late = ada.world.connect()
    late.sign_in(AuthCredentials(email=ada.email, password=ada.password))
    assert run(feel(late, at="2023-08-26T12:00:00.000Z")) == (3, 3)


def test_late_mood_without_today(ada: Device) -> None:
    """A mood of days ago credits a day that is no longer current."""
    assert run(feel(ada, at="2023-08-20T12:00:00.000Z")) == (0, 1)


def test_yesterday_counts(ada: Device) -> None:
    """A streak up to yesterday is current: today is not over."""
    assert run(feel(ada, at="2023-08-24T12:00:00.000Z")) == (1, 1)


def test_ahead_into_tomorrow(world: World) -> None:
    """A client's clock a few minutes ahead may be in tomorrow already."""
    world.clock.move_to("2023-08-26T03:58:00.000Z")
    ada = world.register()
    feel(ada)
    assert run(feel(ada, at="2023-08-26T04:01:00.000Z")) == (2, 2)


def test_rest_day(ada: Device) -> None:
    """A day missed after seven days is a rest day: it keeps the run and does not count."""
    assert daily(ada, "xxxxxxx x x")[-2:] == [(8, 8), (1, 8)]


def test_across_the_date_line(world: World) -> None:
    """A day that the calendar skipped does not end a streak.

    The places are 25 hours apart: the first entry is of the 24th, the next of the 26th.
    """
    ada = world.register("Zoe", time_zone="Pacific/Pago_Pago")
    world.clock.move_to("2023-08-25T14:59:00.000Z")
    feel(ada)
    move_to(ada, "Pacific/Kiritimati")
    world.clock.move(3600)
    assert run(feel(ada)) == (2, 2)


def test_move_changes_no_old_day(world: World) -> None:
    """Who moves east stands where they stood, and a day there is the next."""
    ada = world.register("Zoe", time_zone="America/New_York")
    feel(ada)
    move_to(ada, "Asia/Tokyo")
    world.clock.move(6 * 3600)
    assert run(feel(ada)) == (2, 2)


def move_to(device: Device, time_zone: str) -> None:
    """Have somebody live elsewhere from now on."""
    sql = "UPDATE account SET time_zone = :zone WHERE key = :key"
    change(device, sql, {"zone": time_zone, "key": key_of(device)})


def change(device: Device, sql: str, params: Params) -> None:
    """Have one row written."""

    def work(ctx: Ctx) -> None:
        assert ctx.tx.execute(sql, params) == 1

    within(device, work)


# Asking for it


def shown(device: Device) -> tuple[int, int, int] | None:
    """The current and the best streak and the rest days, as fetched."""
    streak = device.request(FetchStreak()).streak
    return (streak.current, streak.best, streak.rest_days) if streak else None


def test_fetch(world: World, ada: Device) -> None:
    """A streak can be asked for, with the rest days that one has."""
    for day in range(19, 26):
        feel(ada, at=f"2023-08-{day}T14:30:00.000Z")
    assert ada.request(FetchStreak()) == StreakShown(
        streak=StreakNow(current=7, best=7, last_updated=world.clock.after(0), rest_days=1),
        as_of_sequence=ada.position,
    )


def test_fetch_nothing(ada: Device) -> None:
    """Who has not said anything yet has a streak of no days."""
    assert shown(ada) == (0, 0, 0)


def test_fetch_as_days_go_by(world: World) -> None:
    """Missed days take the rest day, then end the run; nobody is told of that."""
    ada = world.register("Zoe", remember_me=True)
    for day in range(19, 26):
        feel(ada, at=f"2023-08-{day}T14:30:00.000Z")
    ada.events()
    told = []
    for _ in range(3):
        world.clock.move(DAY)
        told.append(shown(ada))
    assert (told, ada.events()) == ([(7, 7, 1), (7, 7, 0), (0, 7, 0)], [])


def test_anothers_streak(ada: Device, bob: Device) -> None:
    """A streak is private, and one's own id is one's own streak."""
    refusal = bob.refusal(FetchStreak(user_id=ada.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"
    assert bob.request(FetchStreak(user_id=bob.user_id)).success


def test_turned_off(ada: Device) -> None:
    """Who wants to see no streak is told of none."""
    sql = """
        INSERT INTO settings (user_key, hugs_from, status_to, streaks)
        VALUES (:user, 'everyone', 'everyone', :streaks)
    """
    change(ada, sql, {"user": key_of(ada), "streaks": False})
    assert (feel(ada).streak_update, shown(ada)) == (UNSET, None)


# Days of the person


@on_sqlite
@pytest.mark.parametrize(
    ("time_zone", "first", "second", "expected"),
    [
        ("UTC", "2023-08-25T03:59:59.999Z", "2023-08-25T04:00:00.000Z", 2),
        ("UTC", "2023-08-24T04:00:00.000Z", "2023-08-25T03:59:59.999Z", 1),
        ("America/New_York", "2023-08-25T07:59:59.999Z", "2023-08-25T08:00:00.000Z", 2),
        ("America/New_York", "2023-08-24T08:00:00.000Z", "2023-08-25T07:59:59.999Z", 1),
        ("Pacific/Kiritimati", "2023-08-24T13:59:59.999Z", "2023-08-24T14:00:00.000Z", 2),
        ("Pacific/Pago_Pago", "2023-08-24T14:59:59.999Z", "2023-08-24T15:00:00.000Z", 2),
    ],
)
def test_day_of_the_person(
    world: World, time_zone: str, first: str, second: str, expected: int
) -> None:
    """A day ends at four in the morning where the person lives."""
    ada = world.register("Zoe", time_zone=time_zone)
    feel(ada, at=first)
    assert run(feel(ada, at=second))[1] == expected


@pytest.mark.parametrize(
    ("time_zone", "moments", "best"),
    [
        (  # a day of 23 hours, from four to four
            "America/New_York",
            ["2023-03-11T09:00:00Z", "2023-03-12T08:00:00Z", "2023-03-13T08:00:00Z"],
            3,
        ),
        (  # a day of 25 hours
            "America/New_York",
            ["2023-11-04T08:00:00Z", "2023-11-05T09:00:00Z", "2023-11-06T09:00:00Z"],
            3,
        ),
        ("UTC", ["2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z"], 3),
        ("UTC", ["2024-02-28T12:00:00Z", "2024-03-01T12:00:00Z"], 1),
        ("UTC", ["2023-02-28T12:00:00Z", "2023-03-01T12:00:00Z"], 2),
        ("UTC", ["2023-12-31T12:00:00Z", "2024-01-01T12:00:00Z"], 2),
    ],
)
def test_days_of_another_length(
    world: World, time_zone: str, moments: list[str], best: int
) -> None:
    """Days of 23 and 25 hours and leap days are days like any other."""
    world.clock.move_to(moments[-1])
    ada = world.register("Zoe", time_zone=time_zone)
    told = [feel(ada, at=moment) for moment in moments]
    assert run(told[-1])[1] == best
