"""What is due later, and who caused an event."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
