"""Second thoughts, feeds and streaks."""

import pytest
from msgspec import UNSET

from hugmood.features.moods.messages import (
    Feed,
    FeedItem,
    FetchFeed,
    FetchStreak,
    MoodChanged,
    MoodDelete,
    MoodDeleted,
    MoodTakenBack,
    StreakNow,
    StreakShown,
)
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, talk, text


async def test_the_newest_entry_is_changed_and_taken_back(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """The one that was just kept."""
    server.answers["mood_edit"] = {"moodId": "mood-1"}
    server.answers["mood_delete"] = {"moodId": "mood-1"}
    async with join() as hug:
        await talk(hug, shown, "/mood calm", "/edit happy 0.9", "/delete", "/delete")
    assert [
        "✓ Kept, only you see it. 1 day in a row",
        "✓ Changed",
        "✓ Gone, and whoever saw it is told to forget it",
        "! There is no entry of yours now",
    ] == shown
    assert {"moodId": "mood-1", "mood": "happy", "intensity": 0.9} == server.effects[1].data


def test_an_entry_of_another_device_can_be_taken_back(display: Display, known: Known) -> None:
    """It comes as an event, and so does its end."""
    event = MoodChanged(
        user_id="user-1", mood_id="mood-9", mood="calm", intensity=1, is_public=False,
        timestamp=NOON,
    )  # fmt: skip
    display.event(event, NOON, NOON)
    assert "mood-9" in known.entries.waiting("kept", NOON)
    display.event(MoodDeleted(user_id="user-1", mood_id="mood-9"), NOON, NOON)
    assert "mood-9" not in known.entries.waiting("kept", NOON)


def test_others_entries_are_not_ones_own(display: Display, known: Known) -> None:
    """They could not be taken back."""
    event = MoodChanged(
        user_id="user-2", mood_id="mood-9", mood="calm", intensity=1, is_public=True,
        timestamp=NOON,
    )  # fmt: skip
    display.event(event, NOON, NOON)
    assert ["mood-1"] == known.entries.waiting("kept", NOON)


@pytest.mark.parametrize(
    ("user_id", "line"),
    [("user-2", "Jane Smith took back a mood"), ("user-1", "you took back an entry")],
)
def test_what_was_taken_back_is_said(display: Display, user_id: str, line: str) -> None:
    """Not what it was."""
    event = MoodDeleted(user_id=user_id, mood_id="mood-1")
    assert [line] == [text(one) for one in display.event(event, NOON, NOON)]


def test_what_was_taken_back_is_gone(display: Display, known: Known) -> None:
    """For the next command, too."""
    display.answer(MoodDelete(mood_id="mood-1"), MoodTakenBack(mood_id="mood-1"), NOON)
    assert [] == known.entries.waiting("kept", NOON)


def test_a_feed_says_who_feels_how(display: Display) -> None:
    """The newest last."""
    items = [
        FeedItem(
            id=f"mood-{name}", user_id=f"user-{name}", user_name=name, mood="calm", intensity=0.6,
            created_at=NOON,
        )
        for name in ("Bob", "Cleo")
    ]  # fmt: skip
    page = Feed(data_type="feed", total_count=2, as_of_sequence=1, items=items)
    assert ["Cleo feels calm ●●●○○ 0.6", "Bob feels calm ●●●○○ 0.6", "2 of 2"] == [
        text(line) for line in display.answer(FetchFeed(), page, NOON)
    ]


@pytest.mark.parametrize(
    ("streak", "line"),
    [
        (
            StreakNow(current=1, best=12, last_updated=NOON, rest_days=2),
            "1 day in a row, 12 at best; 2 rest days in hand",
        ),
        (
            StreakNow(current=3, best=3, last_updated=NOON, rest_days=0),
            "3 days in a row, 3 at best",
        ),
        (UNSET, "· You chose to see no streaks: /settings streaks on"),
    ],
)
def test_a_streak_is_said_or_not(display: Display, streak: StreakNow, line: str) -> None:
    """As one chose."""
    reply = StreakShown(streak=streak, as_of_sequence=1)
    assert [line] == [text(one) for one in display.answer(FetchStreak(), reply, NOON)]
