"""What people choose to be seen as.

Who has no row chose nothing, and is seen as `online` while there.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLE = """
CREATE TABLE status (
    user_key bigint PRIMARY KEY REFERENCES account (key) ON DELETE CASCADE,
    status text NOT NULL,
    custom_message text,
    changed_at bigint NOT NULL
)
"""


def upgrade() -> None:
    """Make the table."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_TABLE + (" WITHOUT ROWID" if sqlite else ""))
