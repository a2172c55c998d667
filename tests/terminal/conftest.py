"""The SDK's fake server, and conversations with it."""

import re
from collections.abc import AsyncGenerator

import pytest
from rich.text import Text

from hugmood.ambient import Instant, System
from hugmood.client import Client
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from hugmood.terminal.session import PIPED, converse
from tests.client.conftest import join, pytest_runtest_setup, server

__all__ = [
    "NOON",
    "Shown",
    "join",
    "knowing",
    "pytest_runtest_setup",
    "said",
    "server",
    "talk",
    "text",
]

NOON = Instant.parse("2023-08-25T12:00:00.000Z")
_TIME = r"(\d\d \w+ (\d{4} )?)?\d\d:\d\d"


def text(line: Text) -> str:
    """A line without the time at its beginning, and with others as `TIME`."""
    return re.sub(_TIME, "TIME", re.sub(f"^{_TIME}  ", "", line.plain))


class Shown(list[str]):
    """The lines of a conversation."""

    def __call__(self, line: Text) -> None:
        """Print a line."""
        self.append(text(line))


@pytest.fixture
def shown() -> Shown:
    """What was shown."""
    return Shown()


@pytest.fixture
def known() -> Known:
    """What user-1 knows."""
    return knowing()


def knowing() -> Known:
    """Some moods, some kinds of hugs, one person, one thing each."""
    known = Known(
        moods={"calm": "pleasant low", "happy": "pleasant high", "tired": "unpleasant low"},
        hugs=["supportive", "warm"],
        now=lambda: NOON,
    )
    known.people.me = "user-1"
    known.people.seen("user-2", "Jane Smith")
    known.entries.wait("mood-1", "kept", NOON)
    known.requests.wait("req-1", "open", NOON)
    known.groups.put("group-1", "Tea time")
    for way in ("invited", "joined", "created"):
        known.groups.wait("group-1", way, NOON)
    known.notifications.wait("n-1", "unread", NOON)
    known.sessions.put("session-1")
    return known


@pytest.fixture
def display(known: Known) -> Display:
    """What user-1 looks at."""
    return Display(known)


async def said(*lines: str) -> AsyncGenerator[str, None]:
    """Someone who types this and then leaves."""
    for line in lines:
        yield line


async def talk(hug: Client, shown: Shown, *lines: str) -> None:
    """Have a conversation through a pipe."""
    await converse(Conversation(hug, shown, System()), said(*lines), PIPED)
