"""Notifications and badges; when each day with an entry began and ended.

A day's times are for those who cross the date line. `badge_progress` counts towards a
badge what the tables of its own feature do not tell: one row for each thing that counts.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = """
CREATE TABLE notification (
    key {serial},
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    id text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    data text,
    created_at bigint NOT NULL,
    read_at bigint,
    UNIQUE (user_key, id)
);
CREATE INDEX notification_user ON notification (user_key, created_at, key);
CREATE INDEX notification_unread ON notification (user_key) WHERE read_at IS NULL;
CREATE TABLE badge (
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    badge text NOT NULL,
    id text NOT NULL UNIQUE,
    earned_at bigint NOT NULL,
    PRIMARY KEY (user_key, badge)
) {without_rowid};
CREATE TABLE badge_progress (
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    badge text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (user_key, badge, subject)
) {without_rowid};
ALTER TABLE mood_day ADD COLUMN first_at bigint NOT NULL DEFAULT 0;
ALTER TABLE mood_day ADD COLUMN last_at bigint NOT NULL DEFAULT 0;
UPDATE mood_day SET first_at = entries.first_at, last_at = entries.last_at
FROM (SELECT user_key, day, min(occurred_at) AS first_at, max(occurred_at) AS last_at
    FROM mood_entry GROUP BY user_key, day) AS entries
WHERE entries.user_key = mood_day.user_key AND entries.day = mood_day.day
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
