"""Hugs in SQL."""

from typing import Any, NamedTuple

import msgspec

from hugmood.store.database import Transaction

_INSERT = """
    INSERT INTO hug (id, sender_key, recipient_key, hug_type, message, customization, sent_at)
    VALUES (:id, :sender, :recipient, :hug_type, :message, :customization, :sent_at)
"""
# Two scans of indexes in order, merged: one OR would sort all of a person's hugs. The rows
# themselves are read for the page alone.
_SIDE = """
    SELECT h.key, '{direction}' AS direction, h.sent_at
    FROM hug h WHERE h.{mine} = :user AND h.sent_at BETWEEN :start AND :end
    ORDER BY h.sent_at DESC, h.key DESC LIMIT :reach
"""
_SENT = _SIDE.format(direction="sent", mine="sender_key")
_RECEIVED = _SIDE.format(direction="received", mine="recipient_key")
_PAGE = f"""
    SELECT h.id, page.direction, a.id, a.name, h.hug_type, h.message, h.customization, h.sent_at
    FROM (
        SELECT * FROM (SELECT * FROM ({_SENT}) AS sent
            UNION ALL SELECT * FROM ({_RECEIVED}) AS received) AS hugs
        ORDER BY sent_at DESC, key DESC LIMIT :limit OFFSET :offset
    ) AS page JOIN hug h ON h.key = page.key
    JOIN account a ON a.key = CASE page.direction WHEN 'sent' THEN h.recipient_key
        ELSE h.sender_key END
    ORDER BY h.sent_at DESC, h.key DESC
"""
_COUNT = """
    SELECT (SELECT count(*) FROM hug WHERE sender_key = :user
            AND sent_at BETWEEN :start AND :end)
         + (SELECT count(*) FROM hug WHERE recipient_key = :user
            AND sent_at BETWEEN :start AND :end)
"""


class Hug(NamedTuple):
    """A hug; `sent_at` in ms, `customization` as plain values."""

    id: str
    sender: int
    recipient: int
    hug_type: str
    message: str | None
    customization: dict[str, Any] | None
    sent_at: int


class Listed(NamedTuple):
    """A hug as one of the two sees it: `user_id` and `name` are the other's."""

    id: str
    direction: Any
    user_id: str
    name: str
    hug_type: str
    message: str | None
    customization: dict[str, Any] | None
    sent_at: int


class Wanted(NamedTuple):
    """Which hugs of one person; bounds in ms are inclusive."""

    user: int
    start: int
    end: int


def insert(tx: Transaction, hug: Hug) -> None:
    """Keep a hug."""
    params = hug._asdict()
    if hug.customization is not None:
        params["customization"] = msgspec.json.encode(hug.customization).decode()
    tx.write_of(hug.sender, _INSERT, params)


def page(tx: Transaction, wanted: Wanted, limit: int, offset: int) -> list[Listed]:
    """Return a page of hugs sent and received, newest first."""
    params = {"limit": limit, "offset": offset, "reach": limit + offset}
    rows = tx.rows(_PAGE, wanted._asdict() | params)
    return [
        Listed(
            id=row[0],
            direction=row[1],
            user_id=row[2],
            name=row[3],
            hug_type=row[4],
            message=row[5],
            customization=None if row[6] is None else msgspec.json.decode(row[6]),
            sent_at=row[7],
        )
        for row in rows
    ]


def count(tx: Transaction, wanted: Wanted) -> int:
    """Count the hugs that are wanted."""
    return int(tx.rows(_COUNT, wanted._asdict())[0][0])
