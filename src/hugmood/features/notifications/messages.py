"""Notifications, on the wire (protocol: Notifications; fetch of `notifications`)."""

from typing import ClassVar, Literal

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.wire.message import (
    Command,
    Event,
    Id,
    Notice,
    Page,
    PageQuery,
    Payload,
    Reply,
    Variant,
)

Details = dict[str, str]
"""What goes with a notification by name; which names, depends on its type."""


class Notification(Event, frozen=True, kw_only=True):
    """Something for you that has no event of its own, such as a badge."""

    id_prefix: ClassVar[str] = "notif"

    notification_id: str
    notification_type: str
    title: str
    body: str
    created_at: Instant
    data: Details | UnsetType = UNSET


class NotificationMarked(Reply, frozen=True, kw_only=True):
    """It is read, or with `all` everything is; so many are not."""

    notification_id: str
    unread_count: int


class MarkNotificationRead(Command[NotificationMarked], frozen=True, kw_only=True):
    """I have read this notification, or with `all` every one."""

    notification_id: Id


class NotificationRead(Notice, frozen=True, kw_only=True):
    """Another device of yours has read this notification, or with `all` every one."""

    id_prefix: ClassVar[str] = "notif"
    # Each notification is a thing of its own: none takes the place of another.
    about: ClassVar[str] = "notification_id"

    notification_id: str
    unread_count: int


class NotificationItem(Payload, frozen=True, kw_only=True):
    """A notification in the list, and whether it is read."""

    id: str
    notification_type: str
    title: str
    body: str
    created_at: Instant
    read: bool
    data: Details | UnsetType = UNSET


class NotificationPage(Page, frozen=True, kw_only=True):
    """A page of notifications, newest first; `unread_count` is of all."""

    unread_count: int
    items: list[NotificationItem]


class FetchNotifications(PageQuery[NotificationPage], frozen=True, kw_only=True):
    """What you were notified of."""

    variant = Variant("fetch", "dataType", "notifications")

    data_type: Literal["notifications"] = "notifications"
