"""PostgreSQL reads by an index, in its order, also while it knows nothing of a table yet."""

from collections.abc import Iterator

import pytest

from hugmood.ambient import System
from hugmood.features.auth.store import Account, insert_account
from hugmood.features.moods import day_store
from hugmood.store.database import Database
from tests.databases import Addressed
from tests.postgresql import PostgresServer

PEOPLE, EACH = 100, 12
"""So many that reading all of a person's entries is thought to be cheap."""
_INSERT = """
    INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, is_public, occurred_at,
        time_zone, utc_offset, day)
    VALUES (:id, :user, 'calm', 0.5, 'm', 0.5, false, :at, 'UTC', 0, 0)
"""


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """One with a few entries, at which the server has not looked yet."""
    with postgres_server.database() as url:
        place = Addressed(url)
        database = place.open()
        ambient = System()
        with database.transaction(write=True) as tx:
            for number in range(PEOPLE):
                account = Account(0, f"user-{number}", guest=True, name="", time_zone="UTC")
                user = insert_account(tx, account, 0)
                for at in range(EACH):
                    ids = {"id": ambient.entity_id("mood"), "user": user, "at": at}
                    tx.execute(_INSERT, ids)
        yield database
        place.close()


def test_latest_of_many(database: Database) -> None:
    """A plan that would read all entries of a person and sort them is kept far too long.

    With it a mood took twice the time after ten seconds, and ever longer after that.
    """
    one = day_store._LATEST.replace(":user", "asked.user_key")
    people = "SELECT found.* FROM unnest(:keys::bigint[]) AS asked (user_key), LATERAL"
    many = f"{people} ({one}) AS found"
    with database.transaction(write=False) as tx:
        plan = tx.rows(f"EXPLAIN {many}", {"keys": list(range(8))})
    steps = "\n".join(str(row[0]) for row in plan)
    assert "Index Scan Backward using mood_entry_user" in steps
    assert "Sort" not in steps
