"""Notifications in SQL."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hugmood.features.notifications.messages import Details
from hugmood.store.database import Row, Transaction

_INSERT = """
    INSERT INTO notification (user_key, id, kind, title, body, data, created_at)
    VALUES (:user, :id, :kind, :title, :body, :data, :created_at)
"""
_READ_ONE = """
    UPDATE notification SET read_at = :now
    WHERE user_key = :user AND id = :id AND read_at IS NULL
"""
_READ_ALL = "UPDATE notification SET read_at = :now WHERE user_key = :user AND read_at IS NULL"
_EXISTS = "SELECT 1 FROM notification WHERE user_key = :user AND id = :id"
_UNREAD = "SELECT count(*) FROM notification WHERE user_key = :user AND read_at IS NULL"
_COUNT = "SELECT count(*) FROM notification WHERE user_key = :user"
_PAGE = """
    SELECT id, kind, title, body, data, created_at, read_at FROM notification
    WHERE user_key = :user ORDER BY created_at DESC, key DESC LIMIT :limit OFFSET :offset
"""


class Note(NamedTuple):
    """A notification; those whom it goes to share its id. Time in ms."""

    id: str
    kind: str
    title: str
    body: str
    data: Details | None
    created_at: int
    read: bool = False


def insert(tx: Transaction, note: Note, to: Sequence[int]) -> None:
    """Keep a notification for each of these people, unread."""
    params = note._asdict()
    del params["read"]
    params["data"] = None if note.data is None else msgspec.json.encode(note.data).decode()
    tx.execute_many(_INSERT, [params | {"user": user} for user in to], of="user")


def mark_read(tx: Transaction, user: int, notification_id: str, now: int) -> bool:
    """Note that one was read; False if it was before, or is not theirs."""
    return tx.execute(_READ_ONE, {"user": user, "id": notification_id, "now": now}) > 0


def mark_all_read(tx: Transaction, user: int, now: int) -> bool:
    """Note that all were read; False if they were before."""
    return tx.execute(_READ_ALL, {"user": user, "now": now}) > 0


def exists(tx: Transaction, user: int, notification_id: str) -> bool:
    """Tell whether this person has such a notification."""
    return bool(tx.rows(_EXISTS, {"user": user, "id": notification_id}))


def unread_count(tx: Transaction, user: int) -> int:
    """Count what is not read."""
    return int(tx.rows(_UNREAD, {"user": user})[0][0])


def count(tx: Transaction, user: int) -> int:
    """Count all."""
    return int(tx.rows(_COUNT, {"user": user})[0][0])


def page(tx: Transaction, user: int, limit: int, offset: int) -> list[Note]:
    """Return a page of notifications, newest first."""
    params = {"user": user, "limit": limit, "offset": offset}
    return [_note(row) for row in tx.rows(_PAGE, params)]


def _note(row: Row) -> Note:
    note_id, kind, title, body, data, created_at, read_at = row
    details = None if data is None else msgspec.json.decode(data)
    return Note(note_id, kind, title, body, details, created_at, read_at is not None)
