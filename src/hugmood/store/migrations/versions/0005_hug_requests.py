"""Requests for hugs, and whom each asks.

What lists of requests are sorted and filtered by is kept with each side of them and in
its index, so that no list looks into other people's rows. Nothing is written when a
request expires: `expires_at` says so by itself.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_TABLES = """
CREATE TABLE hug_request (
    key {serial},
    id text NOT NULL UNIQUE,
    requester_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    target_type text NOT NULL,
    target_id text,
    message text,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    accepted_count bigint NOT NULL DEFAULT 0
);
CREATE INDEX hug_request_requester
    ON hug_request (requester_key, created_at, key, expires_at, accepted_count);
CREATE TABLE hug_request_target (
    request_key bigint NOT NULL REFERENCES hug_request (key) ON DELETE CASCADE,
    user_key bigint NOT NULL REFERENCES account (key) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    answered_at bigint,
    accepted {boolean},
    hug_id text,
    PRIMARY KEY (request_key, user_key)
) {without_rowid};
CREATE INDEX hug_request_target_user
    ON hug_request_target (user_key, created_at, request_key, expires_at, accepted)
"""

_WORDS = {
    "sqlite": {
        "serial": "integer PRIMARY KEY",
        "boolean": "integer",
        "without_rowid": "WITHOUT ROWID",
    },
    "postgresql": {
        "serial": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "boolean": "boolean",
        "without_rowid": "",
    },
}


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.format(**_WORDS[op.get_bind().dialect.name]).split(";"):
        op.execute(statement)
