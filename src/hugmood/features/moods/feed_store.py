"""Public moods of those whom somebody follows, in SQL.

A page of so many moods has none that is older than the newest ones of as many people.
So the newest of each person followed is looked at first, then only what is not older
than that: sorting all there are would cost as much as everybody ever said.
"""

from typing import Final, NamedTuple

import msgspec

from hugmood.store.database import Transaction

_PUBLIC: Final = """
    one.user_key = f.followee_key AND one.is_public AND one.occurred_at <= :end
"""
_MOODS: Final = {
    "sqlite": " AND one.mood IN (SELECT value FROM json_each(:moods))",
    "postgres": " AND one.mood IN (SELECT jsonb_array_elements_text(:moods::text::jsonb))",
}
_OLDEST: Final = """
    WITH newest (at) AS (
        SELECT (SELECT one.occurred_at FROM mood_entry one WHERE {wanted}
            AND one.occurred_at >= :start ORDER BY one.occurred_at DESC LIMIT 1)
        FROM follow f WHERE f.follower_key = :user),
    oldest (at) AS (
        SELECT at FROM newest ORDER BY at DESC NULLS LAST LIMIT 1 OFFSET :reach - 1)
"""
_OF_ONE: Final = """
    FROM mood_entry one
    WHERE {wanted} AND one.occurred_at >= coalesce((SELECT at FROM oldest), :start)
    ORDER BY one.occurred_at DESC, one.key DESC LIMIT :reach
"""
_SOME: Final = {
    "sqlite": f"JOIN mood_entry few ON few.key IN (SELECT one.key {_OF_ONE})",
    "postgres": f"CROSS JOIN LATERAL (SELECT one.key, one.occurred_at {_OF_ONE}) AS few",
}
_PAGE: Final = """
    {oldest} SELECT m.id, a.id, a.name, m.mood, m.intensity, m.occurred_at FROM (
        SELECT few.key FROM follow f {some} WHERE f.follower_key = :user
        ORDER BY few.occurred_at DESC, few.key DESC LIMIT :limit OFFSET :offset) AS page
    JOIN mood_entry m ON m.key = page.key JOIN account a ON a.key = m.user_key
    ORDER BY m.occurred_at DESC, m.key DESC
"""
_PAGES: Final = {
    dialect: _PAGE.format(oldest=_OLDEST, some=some) for dialect, some in _SOME.items()
}
_COUNT: Final = """
    SELECT count(*) FROM follow f JOIN mood_entry one ON {wanted}
        AND one.occurred_at >= :start WHERE f.follower_key = :user
"""


class Told(NamedTuple):
    """A public mood as a follower sees it; `occurred_at` in ms."""

    id: str
    user_id: str
    user_name: str
    mood: str
    intensity: float
    occurred_at: int


class Wanted(NamedTuple):
    """Which moods of those that one person follows; bounds in ms are inclusive."""

    user: int
    start: int
    end: int
    moods: list[str] | None


def page(tx: Transaction, wanted: Wanted, limit: int, offset: int) -> list[Told]:
    """Return a page of public moods, newest first."""
    sql = _PAGES[tx.dialect].format(wanted=_conditions(tx, wanted))
    bounds = {"limit": limit, "offset": offset, "reach": limit + offset}
    return [Told(*row) for row in tx.rows(sql, _params(wanted) | bounds)]


def count(tx: Transaction, wanted: Wanted) -> int:
    """Count the public moods that are wanted."""
    sql = _COUNT.format(wanted=_conditions(tx, wanted))
    return int(tx.rows(sql, _params(wanted))[0][0])


def _conditions(tx: Transaction, wanted: Wanted) -> str:
    return _PUBLIC + ("" if wanted.moods is None else _MOODS[tx.dialect])


def _params(wanted: Wanted) -> dict[str, object]:
    params: dict[str, object] = wanted._asdict()
    moods = params.pop("moods")
    return params if moods is None else params | {"moods": msgspec.json.encode(moods).decode()}
