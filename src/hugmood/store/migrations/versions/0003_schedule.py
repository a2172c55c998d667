"""What is due later; who caused an event, and whose streams are to leave it out.

`due` holds internal commands until their time, of those with a name only one. An
`author` of 0 is the service itself.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
CREATE TABLE due (
    key {serial},
    due_at bigint NOT NULL,
    type text NOT NULL,
    data text NOT NULL,
    attempts integer NOT NULL,
    name text UNIQUE
);
CREATE INDEX due_time ON due (due_at, key);
ALTER TABLE event ADD COLUMN author bigint NOT NULL DEFAULT 0;
CREATE INDEX event_author ON event (author);
CREATE TABLE stream_filter (
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    author_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    PRIMARY KEY (user_key, author_key)
) {without_rowid};
CREATE INDEX stream_filter_author ON stream_filter (author_key)
"""

_WORDS = {
    "sqlite": {
        "serial": "integer PRIMARY KEY",
        "without_rowid": "WITHOUT ROWID",
    },
    "postgresql": {
        "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "without_rowid": "",
    },
}


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.format(**_WORDS[op.get_bind().dialect.name]).split(";"):
        op.execute(statement)
