"""What people let others see and do, and whom they block.

Who has no row in `settings` has the defaults of the columns.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = """
CREATE TABLE settings (
    user_key bigint PRIMARY KEY REFERENCES account (key) ON DELETE CASCADE,
    hugs_from text NOT NULL,
    status_to text NOT NULL,
    streaks {boolean} NOT NULL
) {without_rowid};
CREATE TABLE analytics_share (
    owner_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    viewer_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    PRIMARY KEY (owner_key, viewer_key)
) {without_rowid};
CREATE INDEX analytics_share_viewer ON analytics_share (viewer_key);
CREATE TABLE block (
    blocker_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    blocked_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    PRIMARY KEY (blocker_key, blocked_key)
) {without_rowid};
CREATE INDEX block_blocked ON block (blocked_key)
"""

_WORDS = {
    "sqlite": {"boolean": "integer", "without_rowid": "WITHOUT ROWID"},
    "postgresql": {"boolean": "boolean", "without_rowid": ""},
}


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.format(**_WORDS[op.get_bind().dialect.name]).split(";"):
        op.execute(statement)
