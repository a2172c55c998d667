"""Settings, sessions, and taking one's data along."""

import pytest

from hugmood.ambient import System
from hugmood.features.auth.messages import FetchSessions, SessionItem, SessionPage
from hugmood.features.profile.messages import ProfileUpdated, UpdateProfile
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.display import Display
from hugmood.terminal.places import site
from hugmood.terminal.session import PIPED, converse
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, said, talk, text


async def test_settings_are_shown_and_changed(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """With all that holds afterwards."""
    chosen = {"hugsFrom": "everyone", "statusTo": "friends", "analyticsTo": [], "streaks": True}
    server.answers["settings"] = {"settings": chosen}
    viewers = {"hugsFrom": "nobody", "analyticsTo": ["user-2"], "streaks": False}
    server.answers["update_settings"] = {**chosen, **viewers}
    async with join() as hug:
        await talk(hug, shown, "/settings", "/settings hugs nobody")
    assert [
        "hugs       from everyone",
        "status     seen by friends",
        "analytics  seen by nobody",
        "streaks    on",
        "✓ Changed",
        "hugs       from nobody",
        "status     seen by friends",
        "analytics  seen by Jane Smith",
        "streaks    off",
    ] == shown
    assert {"hugsFrom": "nobody"} == server.effects[0].data


async def test_an_export_is_a_whole_link(join: Joining, server: FakeServer, shown: Shown) -> None:
    """On the server that one is connected to."""
    server.answers["export_data"] = {
        "url": "/export/secret",
        "expiresAt": "2023-08-25T15:30:05.000Z",
        "format": "zip",
        "version": 1,
    }
    async with join() as hug:
        conversation = Conversation(hug, shown, System(), site(server.url))
        await converse(conversation, said("/export"), PIPED)
    assert [
        "✓ Ready until TIME, for whoever has this link:",
        f"http://127.0.0.1:{server.port}/export/secret",
    ] == shown


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("ws://localhost:5000/ws", "http://localhost:5000"),
        ("wss://hug.example/ws", "https://hug.example"),
        ("ws://[::1]:5000/ws", "http://[::1]:5000"),
    ],
)
def test_files_are_on_the_same_server(url: str, where: str) -> None:
    """With TLS where the connection has it."""
    assert where == site(url)


def test_sessions_have_numbers(display: Display) -> None:
    """By which they can be signed out."""
    items = [
        SessionItem(session_id=f"session-{n}", created_at=NOON, expires_at=NOON, current=n == 2)
        for n in (2, 1)
    ]
    page = SessionPage(data_type="sessions", total_count=2, as_of_sequence=1, items=items)
    assert ["#1  until TIME", "#2  until TIME  this one", "2 of 2"] == [
        text(line) for line in display.answer(FetchSessions(), page, NOON)
    ]


def test_a_name_is_said_back(display: Display) -> None:
    """With the time zone that days go by."""
    reply = ProfileUpdated(name="Jo\x07", time_zone="UTC")
    assert ["✓ You are Jo, in UTC"] == [
        text(line) for line in display.answer(UpdateProfile(name="Jo"), reply, NOON)
    ]
