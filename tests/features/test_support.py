"""The support card (product: Safety and privacy): when it comes, and to whom alone."""

from typing import Any

import msgspec
import pytest
import structlog
from msgspec import UNSET

from hugmood.features.moods.messages import MoodEdit, MoodUpdate, MoodUpdated
from hugmood.features.notifications.messages import Notification
from hugmood.features.profile.messages import UpdateProfile
from hugmood.features.support.messages import Helpline, SupportCard
from hugmood.features.support.service import MESSAGES, TITLE
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel, follow
from tests.world import World

WORDS = "I want to die"
HOUR = 3600
WAYS_OUT = [
    Helpline(name="Find A Helpline", url="https://findahelpline.com", languages=["en"]),
    Helpline(name="Befrienders Worldwide", url="https://befrienders.org", languages=["en"]),
]


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


def reason(reply: MoodUpdated) -> str | None:
    """Why there is a card; None if there is none."""
    return reply.support.reason if reply.support else None


def low(device: Device, *days: int, mood: str = "despairing") -> list[str | None]:
    """Have a hard time on these days of August; the reasons of the cards."""
    return [
        reason(
            feel(
                device,
                mood,
                intensity=0.5,
                pleasantness=-0.6,
                at=f"2023-08-{day:02}T12:00:00.000Z",
            )
        )
        for day in days
    ]


# What it says


def test_card_for_words(ada: Device) -> None:
    """A note that speaks of harming oneself is answered with whom one can talk to."""
    assert feel(ada, note=WORDS).support == SupportCard(
        reason="words",
        title=TITLE,
        message=MESSAGES["words"],
        helplines=WAYS_OUT,
        as_of="2026-11-23",
    )


def test_card_by_country(world: World) -> None:
    """Whom it names, depends on where somebody lives now."""
    ada = world.register("Ada", time_zone="Europe/Berlin")
    first = feel(ada, note=WORDS)
    ada.request(UpdateProfile(time_zone="America/New_York"))
    second = ada.request(MoodEdit(mood_id=first.mood_id, note=f"{WORDS} now"))
    names = [card.helplines[0].name for card in (first.support, second.support) if card]
    assert ["TelefonSeelsorge", "988 Suicide & Crisis Lifeline"] == names


def test_usually_none(ada: Device) -> None:
    """A bad day is no crisis, and a reply without a card has no such field."""
    replies = [feel(ada, "sad", intensity=1.0, note="My dog died"), feel(ada, note="")]
    assert [UNSET, UNSET] == [reply.support for reply in replies]
    assert "support" not in ada.received[-1].data


def test_guest(world: World) -> None:
    """A guest needs no account for it."""
    assert "words" == reason(feel(world.guest(), note=WORDS))


# When it comes


def test_words_always(ada: Device) -> None:
    """Words bring a card each time."""
    assert ["words"] * 3 == [reason(feel(ada, note=WORDS)) for _ in range(3)]


@pytest.mark.parametrize(
    ("mood", "intensity", "expected"),
    [
        ("despairing", 0.8, "pattern"),
        ("despairing", 1.0, "pattern"),
        ("despairing", 0.79, None),
        ("sad", 1.0, None),
    ],
)
def test_despair(ada: Device, mood: str, intensity: float, expected: str | None) -> None:
    """Great despair is a reason by itself."""
    assert expected == reason(feel(ada, mood, intensity=intensity))


def test_pattern_once_a_day(world: World, ada: Device) -> None:
    """What shows in the days themselves is said once in 24 hours."""
    told = []
    for wait in (0, 23 * HOUR, HOUR - 1, 1, HOUR):
        world.clock.move(wait)
        told.append(reason(feel(ada, "despairing", intensity=0.9)))
    assert ["pattern", None, None, "pattern", None] == told


def test_words_within_the_pause(ada: Device) -> None:
    """The pause of the one is none for the other, either way."""
    despair = {"mood": "despairing", "intensity": 1.0}
    notes: list[dict[str, Any]] = [{"note": WORDS}, despair, {"note": WORDS}, despair]
    assert ["words", "pattern", "words", None] == [reason(feel(ada, **one)) for one in notes]


def test_pause_is_ones_own(world: World, ada: Device) -> None:
    """Somebody else's card takes nothing from mine."""
    bob = world.register("Bob")
    assert ["pattern"] * 2 == [reason(feel(one, "despairing", intensity=1.0)) for one in (ada, bob)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([21, 23, 25], [None, None, "pattern"]),
        ([23, 24, 25], [None, None, "pattern"]),
        ([20, 23, 25], [None, None, None]),
        ([24, 25], [None, None]),
        ([25, 25, 25], [None, None, None]),
    ],
)
def test_low_days(ada: Device, days: list[int], expected: list[str | None]) -> None:
    """Three days out of five with a score of 2 or less bring a card."""
    assert expected == low(ada, *days)


def test_score_above_two(ada: Device) -> None:
    """Days count by their mean: one with a better hour in it is not that low."""
    low(ada, 23, 24)
    feel(ada, pleasantness=-0.55, at="2023-08-25T10:00:00.000Z")
    assert [None, "pattern"] == [
        reason(feel(ada, pleasantness=one, at="2023-08-25T11:00:00.000Z")) for one in (-0.6, -1.0)
    ]


def test_low_days_of_others(world: World, ada: Device) -> None:
    """Others' days are not mine."""
    low(world.register("Bob"), 23, 24)
    assert [None] == low(ada, 25)


# Second thoughts


def test_edit_brings_a_card(ada: Device) -> None:
    """Words that come later count as well, each time something is changed."""
    mood_id = feel(ada).mood_id
    edits = [
        MoodEdit(mood_id=mood_id, tags=["one"]),
        MoodEdit(mood_id=mood_id, note=WORDS),
        MoodEdit(mood_id=mood_id, note=WORDS),
        MoodEdit(mood_id=mood_id, note="I went for a walk"),
    ]
    cards = [ada.request(edit).support for edit in edits]
    assert [None, "words", None, None] == [card.reason if card else None for card in cards]


def test_edit_to_despair(ada: Device) -> None:
    """So does despair, with the same pause."""
    mood_id = feel(ada, "despairing", intensity=0.5).mood_id
    card = ada.request(MoodEdit(mood_id=mood_id, intensity=0.8)).support
    assert ("pattern", None) == (
        card.reason if card else None,
        reason(feel(ada, "despairing", intensity=1.0)),
    )


# Kindness


def badges(device: Device) -> list[str]:
    """The badges that somebody was told of since this was last asked."""
    told = [event for event in device.events() if isinstance(event, Notification)]
    return [event.data["badgeName"] for event in told if event.data]


def test_no_celebration(ada: Device) -> None:
    """What was earned is not told beside a card, but with the next word."""
    assert ("words", []) == (reason(feel(ada, "sad", note=WORDS)), badges(ada))
    assert (None, ["First Feeling"]) == (reason(feel(ada, "calm")), badges(ada))


# To the writer alone


def test_only_in_the_reply(world: World, ada: Device) -> None:
    """Neither followers nor one's other devices are told of a card, live or later."""
    bob = world.register("Bob")
    follow(bob, ada)
    phone = ada.another()
    starts = (phone.position, bob.position)
    feel(ada, "despairing", intensity=1.0, note=WORDS, is_public=True)
    late = phone.another(last=starts[0]), bob.another(last=starts[1])
    heard = [m for one in (phone, bob, *late) for m in one.received]
    assert "mood_changed" in {m.type for m in heard}
    text = msgspec.json.encode([m.data for m in heard]).decode()
    assert [] == [word for word in ("support", "elpline", "die", TITLE) if word in text]


def test_nothing_kept(world: World, ada: Device) -> None:
    """Of words nothing is kept but the note; of a pattern, when a card was shown."""
    shown = "SELECT shown_at FROM support_card"
    feel(ada, note=WORDS)
    with world.database.transaction(write=False) as tx:
        assert [] == tx.rows(shown)
    feel(ada, "despairing", intensity=1.0)
    with world.database.transaction(write=False) as tx:
        assert [(world.clock.after(0),)] == [tuple(row) for row in tx.rows(shown)]


@on_sqlite
def test_nothing_logged(ada: Device) -> None:
    """No line is written about it."""
    with structlog.testing.capture_logs() as lines:
        feel(ada, note=WORDS)
        feel(ada, "despairing", intensity=1.0)
    assert [] == lines


def test_repeated(ada: Device) -> None:
    """A command that is sent again gets the card again, though the pause has begun."""
    command = MoodUpdate(mood="despairing", intensity=1.0)
    first, again = (one.request(command, id="msg-same") for one in (ada, ada.another()))
    assert first == again
    assert "pattern" == reason(again)


def test_effort(world: World, ada: Device) -> None:
    """A long history costs no more statements than a short one."""
    low(ada, 19, 20, 21, 22)
    with world.statements() as few:
        low(ada, 22)
    low(ada, 23, 24, 25)
    with world.statements() as many:
        low(ada, 25)
    assert (len(few), True) == (len(many), len(few) > 0)
