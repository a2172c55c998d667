"""Remembered replies have one index where they had two: by user, and then by command.

Either was written at random for every command: on SQLite a page of the file each. Replies from
before step 0008, of which nobody knows the user, are forgotten.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

_INDEX = """
    CREATE UNIQUE INDEX remembered_reply_command ON remembered_reply (user_key, command)
"""
# SQLite cannot take a constraint away: the table is made anew, with its rows.
_SQLITE = """
DROP INDEX remembered_reply_user;
ALTER TABLE remembered_reply RENAME TO replies_before;
CREATE TABLE remembered_reply (
    key integer PRIMARY KEY,
    user_key bigint NOT NULL,
    command blob NOT NULL,
    payload blob NOT NULL,
    reply blob NOT NULL,
    created_at bigint NOT NULL
);
INSERT INTO remembered_reply (key, user_key, command, payload, reply, created_at)
    SELECT key, user_key, command, payload, reply, created_at FROM replies_before
    WHERE user_key IS NOT NULL ORDER BY key;
DROP TABLE replies_before
"""
_POSTGRES = """
DELETE FROM remembered_reply WHERE user_key IS NULL;
ALTER TABLE remembered_reply ALTER COLUMN user_key SET NOT NULL;
ALTER TABLE remembered_reply DROP CONSTRAINT remembered_reply_command_key;
DROP INDEX remembered_reply_user
"""


def upgrade() -> None:
    """Make the one index in place of the two."""
    own = _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in (*own.split(";"), _INDEX):
        op.execute(statement)
