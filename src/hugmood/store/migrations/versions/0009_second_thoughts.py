"""Second thoughts about moods, feeds, and support cards.

`mood_entry.revision` counts the changes of an entry; `support_card` has when a card was
last shown for hard days. Both indexes have the mood, so that lists of some moods are
counted without their entries being read.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = """
ALTER TABLE mood_entry ADD COLUMN revision integer NOT NULL DEFAULT 0;
DROP INDEX mood_entry_user;
CREATE INDEX mood_entry_user ON mood_entry (user_key, occurred_at, key, mood);
CREATE INDEX mood_entry_public ON mood_entry (user_key, occurred_at, key, mood) WHERE is_public;
CREATE TABLE support_card (
    user_key bigint PRIMARY KEY REFERENCES account (key) ON DELETE CASCADE,
    shown_at bigint NOT NULL
)
"""


def upgrade() -> None:
    """Change the tables."""
    for statement in _TABLES.split(";"):
        op.execute(statement)
