"""Group hugs and those who belong to them, in SQL.

A member is the creator, or an invitee; a participant is a member who takes part.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from hugmood.store.database import Row, Transaction, one

_COLUMNS = """
    g.key, g.id, g.creator_key, g.name, g.description, g.message, g.state, g.scheduled_for,
    g.expires_at, g.created_at
"""
_FIND = f"SELECT {_COLUMNS} FROM group_hug g WHERE g.id = :id"
_HOLD = {"sqlite": _FIND, "postgres": f"{_FIND} FOR UPDATE"}
_INSERT = """
    INSERT INTO group_hug (id, creator_key, name, description, message, state, scheduled_for,
        expires_at, created_at)
    VALUES (:id, :creator, :name, :description, :message, :state, :scheduled_for,
        :expires_at, :created_at) RETURNING key
"""
_ADD_MEMBERS = """
    INSERT INTO group_hug_member (group_key, user_key, joined_at, state, created_at)
    SELECT :group, member.value, CASE WHEN member.value = :creator THEN :now END, :state,
        :created_at
    FROM {members}
"""
_JSON_KEYS = {
    "sqlite": "json_each(:users) AS member",
    "postgres": """
        (SELECT jsonb_array_elements_text(:users::text::jsonb)::bigint) AS member (value)
    """,
}
_KNOWN = {
    "sqlite": "SELECT key FROM account WHERE id IN (SELECT value FROM json_each(:ids))",
    "postgres": """
        SELECT key FROM account
        WHERE id IN (SELECT jsonb_array_elements_text(:ids::text::jsonb))
    """,
}
_MEMBERS = """
    SELECT a.key, a.id, a.name, m.joined_at, m.left_at IS NOT NULL
    FROM group_hug_member m JOIN account a ON a.key = m.user_key
    WHERE m.group_key = :group ORDER BY m.joined_at, m.user_key
"""
_JOIN = """
    UPDATE group_hug_member SET joined_at = :at, left_at = NULL
    WHERE group_key = :group AND user_key = :user
"""
_LEAVE = """
    UPDATE group_hug_member SET joined_at = NULL, left_at = :now
    WHERE group_key = :group AND user_key = :user
"""
_MOVE = "UPDATE group_hug SET state = :state WHERE key = :group"
_MOVE_MEMBERS = "UPDATE group_hug_member SET state = :state WHERE group_key = :group"
_WANTED = """
    FROM group_hug_member WHERE user_key = :user AND created_at BETWEEN :start AND :end
"""
_OF_STATE = " AND state = :state"
_OF_ID = " AND group_key = (SELECT key FROM group_hug WHERE id = :id)"
# The page is cut in the index alone, before anything else is read.
_PAGE = f"""
    SELECT {_COLUMNS}, a.id, a.name, mine.joined_at IS NOT NULL, (
        SELECT count(*) FROM group_hug_member p
        WHERE p.group_key = g.key AND p.joined_at IS NOT NULL)
    FROM (SELECT group_key, created_at {{wanted}}
          ORDER BY created_at DESC, group_key DESC LIMIT :limit OFFSET :offset) AS page
        JOIN group_hug g ON g.key = page.group_key
        JOIN group_hug_member mine ON mine.group_key = g.key AND mine.user_key = :user
        JOIN account a ON a.key = g.creator_key
    ORDER BY page.created_at DESC, page.group_key DESC
"""
_WIDTH: Final = 10


class GroupHug(NamedTuple):
    """A group hug; times in ms, `scheduled_for` None where it began at once.

    `state` is what participants were told last. What is so by now, `over` says.
    """

    key: int
    id: str
    creator: int
    name: str
    description: str | None
    message: str | None
    state: Any
    scheduled_for: int | None
    expires_at: int
    created_at: int

    def over(self, now: int) -> bool:
        """Tell whether it was cancelled, or has ended, if only a moment ago."""
        return self.state in {"ended", "cancelled"} or now >= self.expires_at


class Member(NamedTuple):
    """Someone who was invited, or the creator."""

    key: int
    user_id: str
    name: str
    joined_at: int | None
    """When they began to take part, ms; None for who does not."""
    left: bool
    """Took part once, and does not any more."""

    @property
    def joined(self) -> bool:
        """Tell whether they take part."""
        return self.joined_at is not None


class Listed(NamedTuple):
    """A group hug as one of its members sees it."""

    group: GroupHug
    creator_id: str
    creator_name: str
    joined: bool
    participant_count: int


class Wanted(NamedTuple):
    """Which group hugs of one person; bounds in ms are inclusive, None means any."""

    user: int
    start: int
    end: int
    state: str | None = None
    id: str | None = None


def find(tx: Transaction, group_id: str) -> GroupHug | None:
    """Find a group hug, whatever its state."""
    return _group(one(tx.rows(_FIND, {"id": group_id})))


def hold(tx: Transaction, group_id: str) -> GroupHug | None:
    """Find a group hug to change it: until this transaction ends nobody else can."""
    return _group(one(tx.rows(_HOLD[tx.dialect], {"id": group_id})))


def participants(tx: Transaction, group_id: str) -> list[int] | None:
    """Return the keys of those who take part now; None if there is no such group hug.

    Of one that has ended they are those who took part in the end.
    """
    group = find(tx, group_id)
    return None if group is None else [m.key for m in members(tx, group.key) if m.joined]


def members(tx: Transaction, group: int) -> list[Member]:
    """Return who belongs to it (a key); those who take part in the order they joined."""
    return [
        Member(row[0], row[1], row[2], row[3], bool(row[4]))
        for row in tx.rows(_MEMBERS, {"group": group})
    ]


def known(tx: Transaction, user_ids: Sequence[str]) -> list[int]:
    """Return the keys of those of these people that there are, once each."""
    ids = msgspec.json.encode(user_ids).decode()
    return sorted(key for (key,) in tx.rows(_KNOWN[tx.dialect], {"ids": ids}))


def insert(tx: Transaction, group: GroupHug, invitees: Sequence[int], now: int) -> None:
    """Keep a new group hug, in which its creator takes part; its key is not looked at."""
    params = group._asdict()
    ((key,),) = tx.rows(_INSERT, params)
    params |= {"group": key, "users": str([group.creator, *invitees]), "now": now}
    tx.execute(_ADD_MEMBERS.format(members=_JSON_KEYS[tx.dialect]), params)


def join(tx: Transaction, group: int, user: int, at: int) -> None:
    """Let a member take part; `at` is later than when any other joined."""
    tx.execute(_JOIN, {"group": group, "user": user, "at": at})


def leave(tx: Transaction, group: int, user: int, now: int) -> None:
    """Let a participant go."""
    tx.execute(_LEAVE, {"group": group, "user": user, "now": now})


def move(tx: Transaction, group: int, state: str) -> None:
    """Put it into another state."""
    params = {"group": group, "state": state}
    tx.execute(_MOVE, params)
    tx.execute(_MOVE_MEMBERS, params)


def page(tx: Transaction, wanted: Wanted, limit: int, offset: int) -> list[Listed]:
    """Return a page of what one belongs to, newest first."""
    params = wanted._asdict() | {"limit": limit, "offset": offset}
    rows = tx.rows(_PAGE.format(wanted=_where(wanted)), params)
    return [
        Listed(GroupHug(*row[:_WIDTH]), row[_WIDTH], row[_WIDTH + 1], bool(row[-2]), row[-1])
        for row in rows
    ]


def count(tx: Transaction, wanted: Wanted) -> int:
    """Count what is wanted."""
    return int(tx.rows(f"SELECT count(*) {_where(wanted)}", wanted._asdict())[0][0])


def _where(wanted: Wanted) -> str:
    of_state = _OF_STATE if wanted.state is not None else ""
    return _WANTED + of_state + (_OF_ID if wanted.id is not None else "")


def _group(row: Row | None) -> GroupHug | None:
    return GroupHug(*row) if row else None
