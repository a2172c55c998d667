"""Notifications: kept and told at once, read on one device and so on all.

A cause has an event of its own or a notification, never both. Other features call
`notify`.
"""

from collections.abc import Sequence
from typing import Final

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, not_found
from hugmood.features.notifications import store
from hugmood.features.notifications.messages import (
    Details,
    FetchNotifications,
    MarkNotificationRead,
    Notification,
    NotificationItem,
    NotificationMarked,
    NotificationPage,
    NotificationRead,
)
from hugmood.features.notifications.store import Note
from hugmood.store.streams import SERVICE
from hugmood.wire.message import optional

ALL: Final = "all"


def notify(
    ctx: Ctx,
    *,
    to: Sequence[int],
    kind: str,
    title: str,
    body: str,
    data: Details | None = None,
    author: int = SERVICE,
) -> None:
    """Notify these people (keys), each once; `kind` is the type on the wire.

    With an `author` those who block this person (key) do not hear of it.
    """
    users = list(dict.fromkeys(to))
    if not users:
        return
    note = Note(ctx.entity_id("n"), kind, title, body, data, ctx.now)
    store.insert(ctx.tx, note, users)
    event = Notification(
        notification_id=note.id,
        notification_type=kind,
        title=title,
        body=body,
        created_at=Instant(note.created_at),
        data=optional(data),
    )
    ctx.emit(event, to=users, author=author)


@handles
def mark_notification_read(ctx: Ctx, command: MarkNotificationRead) -> NotificationMarked:
    """Note that it is read; tell other devices if that is news."""
    user = ctx.caller.key
    wanted = command.notification_id
    if wanted == ALL:
        news = store.mark_all_read(ctx.tx, user, ctx.now)
    else:
        news = store.mark_read(ctx.tx, user, wanted, ctx.now)
        if not news and not store.exists(ctx.tx, user, wanted):
            raise not_found("data.notificationId", "There is no such notification")
    unread = store.unread_count(ctx.tx, user)
    if news:
        ctx.push(NotificationRead(notification_id=wanted, unread_count=unread), to=[user])
    return NotificationMarked(notification_id=wanted, unread_count=unread)


@handles
def fetch_notifications(ctx: Ctx, query: FetchNotifications) -> NotificationPage:
    """List what the caller was notified of."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Notifications are private")
    user = ctx.caller.key
    return NotificationPage(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, user),
        as_of_sequence=ctx.position(),
        unread_count=store.unread_count(ctx.tx, user),
        items=[_item(note) for note in store.page(ctx.tx, user, query.limit, query.offset)],
    )


def _item(note: Note) -> NotificationItem:
    return NotificationItem(
        id=note.id,
        notification_type=note.kind,
        title=note.title,
        body=note.body,
        created_at=Instant(note.created_at),
        read=note.read,
        data=optional(note.data),
    )
