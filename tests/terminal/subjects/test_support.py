"""The card is calm, alone, and nowhere but on the screen."""

import logging
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text

from hugmood.ambient import System
from hugmood.features.moods.messages import MoodEdit, MoodEdited, MoodUpdate, MoodUpdated
from hugmood.features.support.messages import Helpline, SupportCard
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.display import Display
from hugmood.terminal.session import PIPED, converse
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, said, talk

CARD = SupportCard(
    reason="words",
    title="You are not \x1b[31malone",
    message="Please talk to somebody.",
    helplines=[
        Helpline(
            name="A Line", phone="116 123", text="HI to 85258", hours="24/7", languages=["de", "en"]
        ),
        Helpline(name="Another", url="https://example.org", languages=["en"]),
    ],
    as_of="2026-11-01",
)
LINES = [
    "╭── You are not [31malone",
    "│ Please talk to somebody.",
    "│ ",
    "│ A Line",
    "│   call  116 123",
    "│   text  HI to 85258",
    "│   open  24/7",
    "│   in    de, en",
    "│ Another",
    "│   see   https://example.org",
    "│ ",
    "│ This is for you alone. Go on whenever you like; /ask asks someone for a hug.",
    "│ Helplines as of 2026-11-01",
    "╰──",
]
ANSWER: dict[str, Any] = {
    "moodId": "mood-1",
    "streakUpdate": {"current": 5, "best": 9, "lastUpdated": "2023-08-25T15:30:05.000Z"},
    "support": {
        "reason": "words",
        "title": "You are not alone",
        "message": "Please talk to somebody.",
        "helplines": [{"name": "A Line", "phone": "116 123", "languages": ["en"]}],
        "asOf": "2026-11-01",
    },
}


def styles(lines: list[Text]) -> set[str]:
    """All styles in these lines."""
    return {str(span.style) for line in lines for span in line.spans} | {
        str(line.style) for line in lines
    }


def test_the_card_comes_first_and_by_itself(display: Display) -> None:
    """With all ways to reach somebody, and how to go on."""
    reply = MoodUpdated(mood_id="mood-1", support=CARD)
    lines = display.answer(MoodUpdate(mood="sad", intensity=1), reply, NOON)
    assert [*LINES, "· Kept, only you see it"] == [line.plain for line in lines]


def test_the_card_is_calm(display: Display) -> None:
    """Nothing in it is red, not even by what others wrote."""
    reply = MoodUpdated(mood_id="mood-1", support=CARD)
    lines = display.answer(MoodUpdate(mood="sad", intensity=1), reply, NOON)
    assert {"blue", "bold", "bright_black", ""} == styles(lines)


def test_a_changed_entry_may_bring_one(display: Display) -> None:
    """The same one."""
    lines = display.answer(
        MoodEdit(mood_id="mood-1", note="x"), MoodEdited(mood_id="mood-1", support=CARD), NOON
    )
    assert [*LINES, "· Changed"] == [line.plain for line in lines]


def written(folder: Path) -> str:
    """All that is in the files there."""
    return "".join(file.read_text() for file in folder.iterdir())


async def test_nothing_is_celebrated_beside_it(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """No streak, no check mark."""
    server.answers["mood_update"] = ANSWER
    async with join() as hug:
        await talk(hug, shown, "/mood sad 1")
    assert "╭── You are not alone" == shown[0]
    assert "· Kept, only you see it" == shown[-1]
    assert not any("in a row" in line or "✓" in line for line in shown)


async def test_nothing_of_it_is_kept(
    join: Joining,
    server: FakeServer,
    shown: Shown,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in a log, however talkative, nor in the state file."""
    caplog.set_level(logging.DEBUG)
    server.answers["mood_update"] = ANSWER
    async with join(state=tmp_path / "state") as hug:
        await converse(Conversation(hug, shown, System()), said("/mood sad 1"), PIPED)
    kept = caplog.text + written(tmp_path)
    assert "mood" in kept
    for word in ("alone", "talk to somebody", "A Line", "116 123"):
        assert word in "".join(shown)
        assert word not in kept
