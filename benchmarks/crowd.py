"""Many people who follow others, quickly made: authors with tokens, and who follows them.

Followers are spread over the whole crowd, as far apart in the tables as they can be, and
nobody of them is online: what is measured is what is written for them.
"""

from dataclasses import dataclass
from typing import Final

from hugmood.ambient import System
from hugmood.store.opening import open_database
from service import Person, populate

SIZE: Final = 10_000
"""People in the crowd."""

_STEP: Final = 7919
"""A prime that shares no factor with SIZE: one author's followers are never the same twice."""

_CROWD: Final = """
    INSERT INTO account (id, guest, name, time_zone, created_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)
    SELECT 'crowd-' || i, false, 'Pal ' || i, 'UTC', :now FROM n
"""
_FIRST: Final = "SELECT min(key), count(*) FROM account WHERE id LIKE 'crowd-%'"
_FOLLOW: Final = """
    INSERT INTO follow (followee_key, follower_key, created_at)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :followers)
    SELECT a.key, :first + (a.key * 131 + n.i * :step) % :size, :now
    FROM account a, n WHERE a.key BETWEEN :from_key AND :to_key ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Crowd:
    """A database full of people; `authors` by how many follow each of them."""

    first: int
    """The key of the first in the crowd; the others follow without a gap."""
    authors: dict[int, list[Person]]


def gather(url: str, authors: dict[int, int]) -> Crowd:
    """Fill a new database: so many authors for each number of followers."""
    people = iter(populate(url, sum(authors.values())))
    groups = {followers: [next(people) for _ in range(n)] for followers, n in authors.items()}
    now = System().now()
    database = open_database(url, timeout=60)
    with database.transaction(write=True) as tx:
        tx.execute(_CROWD, {"size": SIZE, "now": now})
        first, count = tx.rows(_FIRST)[0]
        assert count == SIZE
        for followers, group in groups.items():
            if followers:
                tx.execute(
                    _FOLLOW,
                    {
                        "followers": followers,
                        "first": first,
                        "size": SIZE,
                        "step": _STEP,
                        "now": now,
                        "from_key": group[0].key,
                        "to_key": group[-1].key,
                    },
                )
    with database.transaction(write=True) as tx:
        tx.execute("ANALYZE")
    database.close()
    return Crowd(first, groups)
