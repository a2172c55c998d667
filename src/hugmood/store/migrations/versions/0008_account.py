"""What the account features need.

An account with `deleted_at` is gone for everybody; its rows follow a piece at a time.
`remembered_reply.user_key` names whose command it was, so that it goes with the account;
replies from before this step have none, and are forgotten after a week.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_ACCOUNT = """
ALTER TABLE account ADD COLUMN deleted_at bigint;
ALTER TABLE remembered_reply ADD COLUMN user_key bigint;
CREATE INDEX remembered_reply_user ON remembered_reply (user_key)
"""


def upgrade() -> None:
    """Change the tables."""
    for statement in _ACCOUNT.split(";"):
        op.execute(statement)
