"""Accounts, sessions, follows, moods, hugs, streams and idempotency.

Times are milliseconds since 1970-01-01 UTC; `*_key` are internal integers, `id` what
the wire shows. The key of an account is never given to another, for a stream goes by it.
"""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE account (
    key {never_again},
    id text NOT NULL UNIQUE,
    guest {boolean} NOT NULL,
    name text NOT NULL,
    email text UNIQUE,
    password_hash text,
    time_zone text NOT NULL DEFAULT 'UTC',
    created_at bigint NOT NULL
);
CREATE TABLE session (
    id text PRIMARY KEY,
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    long_lived {boolean} NOT NULL,
    token_id text NOT NULL,
    next_token_id text,
    next_expires_at bigint,
    previous_token_id text,
    previous_until bigint,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint
);
CREATE INDEX session_of_user ON session (user_key);
CREATE TABLE follow (
    followee_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    follower_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    PRIMARY KEY (followee_key, follower_key)
) {without_rowid};
CREATE INDEX follow_follower ON follow (follower_key, created_at);
CREATE INDEX follow_followee ON follow (followee_key, created_at);
CREATE TABLE mood_entry (
    key {serial},
    id text NOT NULL UNIQUE,
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    mood text NOT NULL,
    intensity {real} NOT NULL,
    model text NOT NULL,
    affect {real} NOT NULL,
    pleasantness {real},
    is_public {boolean} NOT NULL,
    note text,
    tags text,
    factors text,
    latitude {real},
    longitude {real},
    place_name text,
    place_type text,
    occurred_at bigint NOT NULL,
    time_zone text NOT NULL,
    utc_offset integer NOT NULL,
    day integer NOT NULL
);
CREATE INDEX mood_entry_user ON mood_entry (user_key, occurred_at, key);
CREATE TABLE mood_day (
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    day integer NOT NULL,
    PRIMARY KEY (user_key, day)
) {without_rowid};
CREATE TABLE hug (
    key {serial},
    id text NOT NULL UNIQUE,
    sender_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    recipient_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    hug_type text NOT NULL,
    message text,
    customization text,
    sent_at bigint NOT NULL
);
CREATE INDEX hug_sender ON hug (sender_key, sent_at, key);
CREATE INDEX hug_recipient ON hug (recipient_key, sent_at, key);
CREATE TABLE remembered_reply (
    key {serial},
    command {bytes} NOT NULL UNIQUE,
    payload {bytes} NOT NULL,
    reply {bytes} NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE stream_head (
    user_key bigint PRIMARY KEY,
    last_number bigint NOT NULL,
    pruned_number bigint NOT NULL
) {hot};
"""

_SQLITE = """
CREATE TABLE event (id integer PRIMARY KEY, body blob NOT NULL);
CREATE TABLE fanout (
    event_id integer PRIMARY KEY,
    users blob NOT NULL,
    numbers blob NOT NULL
);
CREATE TABLE inbox (
    user_key bigint NOT NULL,
    last_number bigint NOT NULL,
    last_event bigint NOT NULL,
    events blob NOT NULL,
    PRIMARY KEY (user_key, last_number)
) WITHOUT ROWID;
"""

_POSTGRES = """
CREATE SEQUENCE event_id;
CREATE TABLE event (id bigint PRIMARY KEY, body bytea NOT NULL, created_at bigint NOT NULL);
CREATE TABLE inbox (
    user_key bigint NOT NULL,
    number bigint NOT NULL,
    event_id bigint NOT NULL,
    PRIMARY KEY (user_key, number)
);
CREATE INDEX event_created ON event (created_at);
"""

_WORDS = {
    "sqlite": {
        "serial": "integer PRIMARY KEY",
        "never_again": "integer PRIMARY KEY AUTOINCREMENT",
        "boolean": "integer",
        "real": "real",
        "bytes": "blob",
        "without_rowid": "WITHOUT ROWID",
        "hot": "",
    },
    "postgresql": {
        "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "never_again": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "boolean": "boolean",
        "real": "double precision",
        "bytes": "bytea",
        "without_rowid": "",
        "hot": "WITH (fillfactor = 50)",
    },
}


def upgrade() -> None:
    """Make the tables."""
    dialect = op.get_bind().dialect.name
    own = _SQLITE if dialect == "sqlite" else _POSTGRES
    for statement in (_TABLES + own).format(**_WORDS[dialect]).split(";"):
        if statement.strip():
            op.execute(statement)
