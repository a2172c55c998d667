"""A day that came without being counted says so: the next one to count counts all.

Who says something on a day that they know to be counted leaves `mood_tally` alone. If another
server has taken the day back meanwhile, it comes again and nobody counts it. As it is inserted,
not updated, its row can tell. There are next to none: to look for them costs one look at an empty
index.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

_INDEX = "CREATE INDEX mood_day_uncounted ON mood_day (user_key) WHERE NOT counted"


def upgrade() -> None:
    """Count all that there are: a void count is counted anew as it is."""
    kind = "boolean" if op.get_bind().dialect.name == "postgresql" else "integer"
    op.execute(f"ALTER TABLE mood_day ADD COLUMN counted {kind} NOT NULL DEFAULT true")
    op.execute(_INDEX)
