"""What a person's days come to, kept, so that a mood does not have all of them counted.

`mood_tally` says how the days up to `last_day` add up. It can be made anew from `mood_day` at any
time, and is where it is missing or `last_day` is 0. `version` counts how often it was written: two
servers that write it at the same moment find out by it.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLE = """
CREATE TABLE mood_tally (
    user_key bigint PRIMARY KEY REFERENCES account (key) ON DELETE CASCADE,
    version integer NOT NULL,
    days integer NOT NULL,
    run integer NOT NULL,
    best integer NOT NULL,
    rests_held integer NOT NULL,
    rests_taken integer NOT NULL,
    last_day integer NOT NULL
)
"""


def upgrade() -> None:
    """Make the table; it fills as people say how they feel."""
    op.execute(_TABLE)
