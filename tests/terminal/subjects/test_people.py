"""Finding, blocking and looking at people."""

from datetime import date

import pytest

from hugmood.features.follows.messages import (
    BlockedItem,
    BlockedPage,
    BlockUser,
    FetchBlocked,
    UserBlocked,
)
from hugmood.features.profile.messages import (
    FetchProfile,
    FetchUsers,
    Profile,
    ProfileItem,
    UserItem,
    UserPage,
)
from hugmood.terminal.display import Display
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, talk, text


async def test_whoever_was_found_can_be_named(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """In the next line."""
    server.answers["users"] = {
        "totalCount": 1,
        "items": [{"userId": "user-7", "name": "Bo Li", "youFollow": False, "isFriend": False}],
    }
    server.answers["block_user"] = {"targetUserId": "user-7", "action": "block"}
    async with join() as hug:
        await talk(hug, shown, "/find bo", "/block @Bo Li", "/follow Bo Li")
    assert [
        "Bo Li  user-7",
        "1 of 1",
        "✓ You block Bo Li, who is not told; neither of you follows the other now",
        "✓ You follow Bo Li",
    ] == shown
    assert ["user-7", "user-7"] == [ask.data["targetUserId"] for ask in server.effects]


def test_what_binds_people_is_said(display: Display) -> None:
    """If anything does."""
    items = [
        UserItem(user_id="user-3", name="A\x1b", you_follow=True, is_friend=True),
        UserItem(user_id="user-4", name="B", you_follow=True, is_friend=False),
    ]
    page = UserPage(data_type="users", total_count=2, as_of_sequence=1, items=items)
    assert ["A  user-3  you follow each other", "B  user-4  you follow them", "2 of 2"] == [
        text(line) for line in display.answer(FetchUsers(query="x"), page, NOON)
    ]


def test_blocking_ends(display: Display) -> None:
    """And who is blocked can be seen."""
    ended = UserBlocked(target_user_id="user-2", action="unblock")
    command = BlockUser(target_user_id="user-2", action="unblock")
    assert "✓ You no longer block Jane Smith" == text(display.answer(command, ended, NOON)[0])
    item = BlockedItem(user_id="user-2", name="Jane", since=NOON)
    page = BlockedPage(data_type="blocked", total_count=1, as_of_sequence=1, items=[item])
    assert ["Jane  user-2", "1 of 1"] == [
        text(line) for line in display.answer(FetchBlocked(), page, NOON)
    ]


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        (
            ProfileItem(user_id="user-2", name="Jane", follower_count=1, follows_you=True),
            ["Jane  user-2", "  1 follower", "  follows you"],
        ),
        (
            ProfileItem(
                user_id="user-2", name="Jane", follower_count=0, follows_you=True, you_follow=True,
                is_friend=True,
            ),
            ["Jane  user-2", "  0 followers", "  you follow each other"],
        ),
        (
            ProfileItem(
                user_id="user-1", name="Jo", follower_count=2, following_count=3,
                email="jo@example.com", time_zone="Europe/Berlin", is_anonymous=False,
                birth_date=date(2000, 2, 29), created_at=NOON,
            ),
            [
                "Jo  that is you", "  2 followers, follows 3", "  jo@example.com",
                "  Europe/Berlin", "  born 29 Feb 2000", "  here since TIME",
            ],
        ),
    ],
)  # fmt: skip
def test_a_profile_says_what_one_may_know(
    display: Display, item: ProfileItem, lines: list[str]
) -> None:
    """A line for each thing."""
    reply = Profile(profile=item, as_of_sequence=1)
    assert lines == [text(line) for line in display.answer(FetchProfile(), reply, NOON)]
