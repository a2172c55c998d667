"""On SQLite, who caused an event is indexed when it leaves the fan-out log, not when it comes.

For each event the index was written at random: a page of the file each. Thousands at a time, in
order, are few pages. Whose the events in the log are the writer knows (`store/sqlite_streams.py`).
"""

from alembic import op

revision = "0014"
down_revision = "0013"

_SQLITE = """
CREATE TABLE authored (
    author bigint NOT NULL,
    event_id bigint NOT NULL,
    PRIMARY KEY (author, event_id)
) WITHOUT ROWID;
INSERT INTO authored SELECT author, id FROM event WHERE author <> 0 ORDER BY author, id;
DROP INDEX event_author
"""


def upgrade() -> None:
    """Put a table in place of the index."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE.split(";"):
            op.execute(statement)
