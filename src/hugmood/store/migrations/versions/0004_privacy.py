"""What people let others see and do, whom they block, and how they are found.

Who has no row in `settings` has the defaults of the columns. `name_word` holds a name,
folded, from the start of each of its words: a prefix of one of these finds the person.
"""

import unicodedata
from collections.abc import Iterator

from alembic import op
from sqlalchemy import text

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
CREATE INDEX block_blocked ON block (blocked_key);
CREATE INDEX block_recent ON block (blocker_key, created_at, blocked_key);
CREATE TABLE name_word (
    word text {bytewise} NOT NULL,
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    PRIMARY KEY (word, user_key)
) {without_rowid};
CREATE INDEX name_word_user ON name_word (user_key);
ALTER TABLE account ADD COLUMN birth_date text;
DROP INDEX session_of_user;
CREATE INDEX session_expiry ON session (user_key, expires_at)
"""

_WORDS = {
    "sqlite": {"boolean": "integer", "without_rowid": "WITHOUT ROWID", "bytewise": ""},
    "postgresql": {"boolean": "boolean", "without_rowid": "", "bytewise": 'COLLATE "C"'},
}


def upgrade() -> None:
    """Make the tables, and have those found who are there already."""
    for statement in _TABLES.format(**_WORDS[op.get_bind().dialect.name]).split(";"):
        op.execute(statement)
    rows = op.get_bind().execute(text("SELECT key, name FROM account WHERE email IS NOT NULL"))
    words = [{"user": key, "word": word} for key, name in rows for word in set(_starts(name))]
    if words:
        insert = text("INSERT INTO name_word (word, user_key) VALUES (:word, :user)")
        op.get_bind().execute(insert, words)


def _starts(name: str) -> Iterator[str]:
    """Do what `features.auth.names` did when this step was written."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = " ".join(plain.casefold().split())
    yield plain[:80]
    for before, char, rest in zip(plain, plain[1:], range(1, len(plain)), strict=False):
        if char.isalnum() and not before.isalnum():
            yield plain[rest : rest + 80]
