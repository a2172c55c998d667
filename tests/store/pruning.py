"""What tests of pruning share, whatever the database."""

from hugmood.store.database import Database
from hugmood.store.streams import Streams


def prune(streams: Streams, database: Database, as_of: int) -> list[int]:
    """Go through a round; return how many rows the inbox had after each of its steps."""
    after: int | None = 0
    left = []
    while after is not None:
        with database.transaction(write=True) as tx:
            after = streams.prune(tx, after, as_of)
            left.append(int(tx.rows("SELECT count(*) FROM inbox")[0][0]))
    return left


def numbers(streams: Streams, database: Database, user: int) -> list[int]:
    """Read what there is in a stream."""
    with database.transaction(write=False) as tx:
        return [entry.number for entry in streams.page(tx, user, 0).entries]
