"""What people chose to be seen as, in SQL."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from hugmood.features.settings.messages import Audience
from hugmood.features.status.messages import Status
from hugmood.store.database import Transaction, one

_PERSON = """
    SELECT a.key, a.id, s.status, s.custom_message, coalesce(c.status_to, 'everyone')
    FROM account a LEFT JOIN status s ON s.user_key = a.key
        LEFT JOIN settings c ON c.user_key = a.key
    WHERE a.key = :user AND a.deleted_at IS NULL
"""
_CHOOSE = """
    INSERT INTO status (user_key, status, custom_message, changed_at)
    VALUES (:user, :status, :message, :now)
    ON CONFLICT (user_key) DO UPDATE SET status = excluded.status,
        custom_message = excluded.custom_message, changed_at = excluded.changed_at
"""
_FOLLOWED = """
    SELECT a.key, a.id, s.status, s.custom_message, coalesce(c.status_to, 'everyone'), EXISTS (
        SELECT 1 FROM follow back
        WHERE back.followee_key = f.follower_key AND back.follower_key = f.followee_key)
    FROM follow f JOIN account a ON a.key = f.followee_key
        LEFT JOIN status s ON s.user_key = a.key
        LEFT JOIN settings c ON c.user_key = a.key
    WHERE f.follower_key = :user
    ORDER BY f.created_at DESC, f.followee_key DESC LIMIT :limit OFFSET :offset
"""


class Chosen(NamedTuple):
    """A status and what goes with it."""

    status: Status
    message: str | None = None


class Person(NamedTuple):
    """Who chose it, and who may see it."""

    key: int
    user_id: str
    chosen: Chosen
    status_to: Audience


class Followed(NamedTuple):
    """Someone whom the asker follows, and if they may see this person's status."""

    person: Person
    shown: bool


NOTHING_CHOSEN: Final = Chosen("online")


def person(tx: Transaction, user: int) -> Person | None:
    """Find a person and what they chose."""
    row = one(tx.rows_of(user, _PERSON))
    return _person(*row) if row else None


def ask_for_people(tx: Transaction, users: Sequence[int]) -> None:
    """Have `person` know these (keys) already."""
    tx.ask_ahead(users, _PERSON)


def choose(tx: Transaction, user: int, chosen: Chosen, now: int) -> None:
    """Keep what a person chose."""
    tx.execute(_CHOOSE, {"user": user, **chosen._asdict(), "now": now})


def followed(tx: Transaction, user: int, limit: int, offset: int) -> list[Followed]:
    """Return a page of those a person follows, the newest follow first."""
    params = {"user": user, "limit": limit, "offset": offset}
    found = [(_person(*row), back) for *row, back in tx.rows(_FOLLOWED, params)]
    return [Followed(person, _shown(person.status_to, back=back)) for person, back in found]


def _person(
    key: int, user_id: str, status: Status | None, message: str | None, status_to: Audience
) -> Person:
    chosen = Chosen(status, message) if status else NOTHING_CHOSEN
    return Person(key, user_id, chosen, status_to)


def _shown(status_to: Audience, *, back: bool) -> bool:
    return status_to in {"everyone", "followers"} or (status_to == "friends" and bool(back))
