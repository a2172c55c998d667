"""Group hugs, and who belongs to them.

A member's `joined_at` is set while they take part, `left_at` after they left. State and
time of the group hug stand beside each member too: one person's group hugs of one state
are listed by an index, however many there are.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_TABLES = """
CREATE TABLE group_hug (
    key {serial},
    id text NOT NULL UNIQUE,
    creator_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    name text NOT NULL,
    description text,
    message text,
    state text NOT NULL,
    scheduled_for bigint,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX group_hug_creator ON group_hug (creator_key);
CREATE TABLE group_hug_member (
    group_key bigint NOT NULL REFERENCES group_hug (key) ON DELETE CASCADE,
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    joined_at bigint,
    left_at bigint,
    state text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (group_key, user_key)
) {without_rowid};
CREATE INDEX group_hug_member_user ON group_hug_member (user_key, created_at, group_key);
CREATE INDEX group_hug_member_state
    ON group_hug_member (user_key, state, created_at, group_key)
"""

_WORDS = {
    "sqlite": {"serial": "integer PRIMARY KEY", "without_rowid": "WITHOUT ROWID"},
    "postgresql": {
        "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "without_rowid": "",
    },
}


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.format(**_WORDS[op.get_bind().dialect.name]).split(";"):
        op.execute(statement)
