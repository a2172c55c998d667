"""Notifications, read here and elsewhere, and badges."""

from typing import Any

from msgspec import structs

from hugmood.ambient import System
from hugmood.features.badges.messages import BadgeItem, BadgeKind, BadgePage, FetchBadges
from hugmood.features.notifications.messages import Notification, NotificationRead
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from hugmood.terminal.session import PIPED, converse
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, said, talk, text


def note(number: int, *, read: bool = False) -> dict[str, Any]:
    """One in the list."""
    return {
        "id": f"n-{number}",
        "notificationType": "badge_earned" if number == 1 else "group_hug_soon",
        "title": f"Title {number}",
        "body": "Words.",
        "createdAt": f"2023-08-25T15:30:0{number}.000Z",
        "read": read,
    }


async def test_unread_ones_are_counted_and_marked(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """From the beginning on; without a number the newest unread one is meant."""
    server.answers["notifications"] = {
        "totalCount": 3,
        "unreadCount": 2,
        "items": [note(3, read=True), note(2), note(1)],
    }
    server.answers["mark_notification_read"] = {"notificationId": "n-2", "unreadCount": 1}
    async with join() as hug:
        await talk(hug, shown, "/notifications", "/read", "/read 1", "/read 9")
    assert [
        "· 2 unread: /notifications",
        "#1 ● 🏅 Title 1 Words.",
        "#2 ● 🔔 Title 2 Words.",
        "#3   🔔 Title 3 Words.",
        "3 of 3; 2 unread",
        "✓ #2 is read; 1 unread",
        "✓ #1 is read; 1 unread",
        "! There is no unread notification 9. Usage: /read [N|all]",
    ] == shown
    assert ["n-2", "n-1"] == [ask.data["notificationId"] for ask in server.effects]


async def test_all_can_be_read_at_once(join: Joining, server: FakeServer, shown: Shown) -> None:
    """And then nothing is unread."""
    server.answers["notifications"] = {"totalCount": 1, "unreadCount": 1, "items": [note(1)]}
    server.answers["mark_notification_read"] = {"notificationId": "all", "unreadCount": 0}
    async with join() as hug:
        conversation = Conversation(hug, shown, System())
        await converse(conversation, said("/read all", "/read"), PIPED)
    assert ["✓ All read; nothing unread", "! There is no unread notification now"] == shown[1:]
    assert {} == conversation.waits()


def test_what_the_list_has_counted_is_not_counted_again(display: Display, known: Known) -> None:
    """Events that were missed come beside the list, in any order."""
    event = Notification(
        notification_id="n-1", notification_type="x", title="T", body="B", created_at=NOON
    )
    display.event(event, NOON, NOON)
    assert 0 == known.unread
    display.event(structs.replace(event, notification_id="n-2"), NOON, NOON)
    assert 1 == known.unread


def test_what_was_read_elsewhere_is_said(display: Display, known: Known) -> None:
    """By its title, and it is not the newest unread any more."""
    known.notifications.put("n-1", "New Badge")
    event = NotificationRead(notification_id="n-1", unread_count=4)
    assert ["· New Badge was read on another device; 4 unread"] == [
        line.plain for line in display.event(event, NOON, NOON)
    ]
    assert ([], 4) == (known.notifications.waiting("unread", NOON), known.unread)


def test_all_that_was_read_elsewhere_is_said(display: Display, known: Known) -> None:
    """In one line."""
    event = NotificationRead(notification_id="all", unread_count=0)
    assert ["· All were read on another device; nothing unread"] == [
        line.plain for line in display.event(event, NOON, NOON)
    ]
    assert [] == known.notifications.waiting("unread", NOON)


def test_badges_are_shown_and_those_to_be_had(display: Display) -> None:
    """The newest last, where one looks."""
    kind = BadgeKind(badge="glow", name="Group Glow", description="Hugging in groups", image="/x")
    item = BadgeItem(
        id="badge-1", badge="first", name="First\x1b", description="One", image="/y", earned_at=NOON
    )
    page = BadgePage(
        data_type="badges", total_count=1, as_of_sequence=1, items=[item], available=[kind]
    )
    assert ["· Group Glow  Hugging in groups", "🏅 First  One", "1 of 2 badges"] == [
        text(line) for line in display.answer(FetchBadges(), page, NOON)
    ]
