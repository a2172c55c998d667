"""Notifications and badges."""

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from hugmood.features.badges.messages import BadgePage, FetchBadges
from hugmood.features.notifications.messages import (
    FetchNotifications,
    MarkNotificationRead,
    Notification,
    NotificationItem,
    NotificationMarked,
    NotificationPage,
    NotificationRead,
)
from hugmood.terminal.arguments import Meaning, Saying, just, newest
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, good, notice, of
from hugmood.terminal.names import clean
from hugmood.terminal.shown import Scene, answers, tells

UNREAD: Final = "unread"
ALL: Final = "all"
BADGE: Final = "🏅"
BELL: Final = "🔔"

# What one can say


def _read(rest: str, known: Known) -> Meaning:
    if rest == ALL:
        return MarkNotificationRead(notification_id=ALL)
    what = "unread notification"
    note = newest(rest, known, known.notifications, UNREAD, what)
    return MarkNotificationRead(notification_id=note)


def _offer_all(_rest: str, _known: Known) -> Iterable[str]:
    return (ALL,)


SAYINGS: Final = (
    Saying("/notifications", "", "what you were notified of", just(FetchNotifications())),
    Saying("/read", "[N|all]", "you have read it", _read, _offer_all),
    Saying("/badges", "", "badges you have, and those to be had", just(FetchBadges())),
)

# How it is shown


@tells
def notification(event: Notification, scene: Scene) -> Lines:
    """Something for you alone; the number is to mark it read by."""
    notes = scene.known.notifications
    if event.notification_id not in notes:  # else the list, which is newer, has counted it
        notes.wait(event.notification_id, UNREAD, event.created_at)
        scene.known.unread += 1
    number = notes.put(event.notification_id, event.title)
    text = _told(event).append(f"  {number}: /read", style=DIM)
    return scene.timed(event.created_at, text)


@tells
def notification_read(event: NotificationRead, scene: Scene) -> Lines:
    """It was read elsewhere."""
    note = event.notification_id
    title = scene.known.notifications.label(note) or "A notification"
    what = "All were" if note == ALL else f"{title} was"
    _forget(note, event.unread_count, scene.known)
    return notice(f"{what} read on another device{_left(event.unread_count)}")


@answers
def notification_marked(
    command: MarkNotificationRead, reply: NotificationMarked, scene: Scene
) -> Lines:
    """It is read."""
    _forget(command.notification_id, reply.unread_count, scene.known)
    note = command.notification_id
    which = "All read" if note == ALL else f"{scene.known.notifications.put(note)} is read"
    return good(f"{which}{_left(reply.unread_count)}")


@answers
def notifications(_: FetchNotifications, reply: NotificationPage, scene: Scene) -> Lines:
    """Each with its number, the unread ones marked."""
    learn(reply, scene.known)
    lines = [_item(item, scene) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count, _left(reply.unread_count))]


@answers
def badges(_: FetchBadges, reply: BadgePage, scene: Scene) -> Lines:
    """Those one has, and what the others are for."""
    lines = [
        scene.timed(
            item.earned_at,
            Text(f"{BADGE} ")
            .append(clean(item.name), style="bold")
            .append(f"  {clean(item.description)}"),
        )
        for item in reversed(reply.items)
    ]
    others = [
        Text(f"· {clean(one.name)}  {clean(one.description)}", style=DIM) for one in reply.available
    ]
    return [*others, *lines, of(len(lines), len(lines) + len(others), " badges")]


def learn(reply: NotificationPage, known: Known) -> None:
    """Remember which are unread."""
    known.unread = reply.unread_count
    for item in reversed(reply.items):
        known.notifications.put(item.id, item.title)
        known.notifications.done(item.id)
        if not item.read:
            known.notifications.wait(item.id, UNREAD, item.created_at)


def _item(item: NotificationItem, scene: Scene) -> Text:
    number = scene.known.notifications.put(item.id)
    mark = Text(f"{number} ", style=DIM).append(" " if item.read else "●", style="cyan")
    return scene.timed(item.created_at, mark.append(" ").append_text(_told(item)))


def _told(note: Notification | NotificationItem) -> Text:
    mark = BADGE if note.notification_type == "badge_earned" else BELL
    text = Text(f"{mark} ").append(clean(note.title), style="bold")
    return text.append(f" {clean(note.body)}")


def _left(unread: int) -> str:
    return f"; {unread} unread" if unread else "; nothing unread"


def _forget(note: str, unread: int, known: Known) -> None:
    known.unread = unread
    for one in known.notifications.waiting(UNREAD, known.now()) if note == ALL else [note]:
        known.notifications.done(one)
