"""Accounts and sessions in SQL."""

from typing import Final, NamedTuple

from hugmood.store.database import Row, Transaction, one


class Account(NamedTuple):
    """A person, or a guest."""

    key: int
    id: str
    guest: bool
    name: str
    time_zone: str


class Session(NamedTuple):
    """A sign-in that lasts; times in ms.

    It has up to three tokens: the current one, the next, which takes its place when it
    is first used, and the previous, which is good for a minute more.
    """

    id: str
    user_key: int
    user_id: str
    guest: bool
    long_lived: bool
    token_id: str
    next_token_id: str | None
    next_expires_at: int | None
    previous_token_id: str | None
    previous_until: int | None
    expires_at: int
    revoked_at: int | None


_ACCOUNT: Final = "SELECT key, id, guest, name, time_zone FROM account"
_KEPT_HASH = "SELECT key, password_hash FROM account WHERE email = :email"
_INSERT_ACCOUNT = """
    INSERT INTO account (id, guest, name, email, password_hash, time_zone, created_at)
    VALUES (:id, :guest, :name, :email, :password_hash, :time_zone, :created_at)
    ON CONFLICT (email) DO NOTHING RETURNING key
"""
_INSERT_SESSION = """
    INSERT INTO session (id, user_key, long_lived, token_id, created_at, expires_at)
    VALUES (:id, :user_key, :long_lived, :token_id, :created_at, :expires_at)
"""
_SESSION = """
    SELECT s.id, s.user_key, a.id, a.guest, s.long_lived, s.token_id, s.next_token_id,
        s.next_expires_at, s.previous_token_id, s.previous_until, s.expires_at, s.revoked_at
    FROM session s JOIN account a ON a.key = s.user_key WHERE s.id = :id
"""
_OFFER_NEXT = """
    UPDATE session SET next_token_id = :token_id, next_expires_at = :expires_at WHERE id = :id
"""
_ADVANCE = """
    UPDATE session SET previous_token_id = token_id, previous_until = :previous_until,
        token_id = next_token_id, expires_at = next_expires_at,
        next_token_id = NULL, next_expires_at = NULL
    WHERE id = :id
"""
_REVOKE = "UPDATE session SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
_REVIVE = """
    UPDATE session SET token_id = :token_id, expires_at = :expires_at, next_token_id = NULL,
        next_expires_at = NULL, previous_token_id = NULL, previous_until = NULL
    WHERE id = :id
"""


def account_by_key(tx: Transaction, key: int) -> Account | None:
    """Find a person by internal key."""
    return _account(tx.rows(f"{_ACCOUNT} WHERE key = :key", {"key": key}))


def account_by_id(tx: Transaction, user_id: str) -> Account | None:
    """Find a person by the id that the wire shows."""
    return _account(tx.rows(f"{_ACCOUNT} WHERE id = :id", {"id": user_id}))


def password_hash(tx: Transaction, email: str) -> tuple[int, str] | None:
    """Return the account's key and password hash, None for an unknown address."""
    row = one(tx.rows(_KEPT_HASH, {"email": email}))
    return (row[0], row[1]) if row else None


def insert_account(
    tx: Transaction,
    account: Account,
    now: int,
    *,
    email: str | None = None,
    password: str | None = None,
) -> int | None:
    """Keep a new person; return the key, None if the address is taken.

    `password` is its hash; the key in `account` is not looked at.
    """
    row = one(
        tx.rows(
            _INSERT_ACCOUNT,
            {
                "id": account.id,
                "guest": account.guest,
                "name": account.name,
                "email": email,
                "password_hash": password,
                "time_zone": account.time_zone,
                "created_at": now,
            },
        )
    )
    return row[0] if row else None


def insert_session(tx: Transaction, session: Session, now: int) -> None:
    """Keep a new session."""
    tx.execute(
        _INSERT_SESSION,
        {
            "id": session.id,
            "user_key": session.user_key,
            "long_lived": session.long_lived,
            "token_id": session.token_id,
            "created_at": now,
            "expires_at": session.expires_at,
        },
    )


def session_by_id(tx: Transaction, session_id: str) -> Session | None:
    """Find a session, revoked or not."""
    row = one(tx.rows(_SESSION, {"id": session_id}))
    if row is None:
        return None
    found = Session(*row)
    # SQLite has no booleans.
    return found._replace(guest=bool(found.guest), long_lived=bool(found.long_lived))


def offer_next(tx: Transaction, session_id: str, token_id: str, expires_at: int) -> None:
    """Keep the token that will take the current one's place when it is first used."""
    tx.execute(_OFFER_NEXT, {"id": session_id, "token_id": token_id, "expires_at": expires_at})


def advance(tx: Transaction, session_id: str, previous_until: int) -> None:
    """Put the next token in the current one's place, which is good for a while yet."""
    tx.execute(_ADVANCE, {"id": session_id, "previous_until": previous_until})


def revive(tx: Transaction, session_id: str, token_id: str, expires_at: int) -> None:
    """Let a session that has expired go on with a new token and no other."""
    tx.execute(_REVIVE, {"id": session_id, "token_id": token_id, "expires_at": expires_at})


def revoke(tx: Transaction, session_id: str, now: int) -> bool:
    """End a session; False if it was over before."""
    return tx.execute(_REVOKE, {"id": session_id, "now": now}) > 0


def _account(rows: list[Row]) -> Account | None:
    row = one(rows)
    return Account(row[0], row[1], bool(row[2]), row[3], row[4]) if row else None
