"""Accounts and sessions in SQL."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

import msgspec

from hugmood.features.auth.ages import is_minor
from hugmood.features.auth.names import words
from hugmood.store.database import Row, Transaction, one


class Account(NamedTuple):
    """A person, or a guest."""

    key: int
    id: str
    guest: bool
    name: str
    time_zone: str
    birth_date: date | None = None


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


class Live(NamedTuple):
    """A person's sessions not over `now`, of those that ended after `since`; ms."""

    user: int
    now: int
    since: int


# Of an account that is being deleted there are rows for a while, and nobody finds it.
_ACCOUNT: Final = """
    SELECT key, id, guest, name, time_zone, birth_date FROM account WHERE deleted_at IS NULL
"""
_OWN_ACCOUNT: Final = f"{_ACCOUNT} AND key = :user"
_ACCOUNT_BY_ID: Final = f"{_ACCOUNT} AND id = :user"
_KEYS_BY_ID: Final = {
    "sqlite": "SELECT id, key FROM account WHERE id IN (SELECT value FROM json_each(:ids))",
    "postgres": """
        SELECT id, key FROM account
        WHERE id IN (SELECT jsonb_array_elements_text(:ids::text::jsonb))
    """,
}
_KEPT_HASH = "SELECT key, password_hash FROM account WHERE email = :email"
_INSERT_ACCOUNT = """
    INSERT INTO account
        (id, guest, name, email, password_hash, time_zone, birth_date, created_at)
    VALUES (:id, :guest, :name, :email, :password_hash, :time_zone, :birth_date, :created_at)
    ON CONFLICT (email) DO NOTHING RETURNING key
"""
_UPDATE_ACCOUNT = "UPDATE account SET name = :name, time_zone = :time_zone WHERE key = :key"
_INSERT_WORD = "INSERT INTO name_word (word, user_key) VALUES (:word, :user)"
_DELETE_WORDS = "DELETE FROM name_word WHERE user_key = :user"
_OWN_HASH = "SELECT email, password_hash FROM account WHERE key = :user AND email IS NOT NULL"
_SET_HASH = """
    UPDATE account SET password_hash = :new WHERE key = :user AND password_hash = :kept
"""
_REVOKE_OTHERS = """
    UPDATE session SET revoked_at = :now
    WHERE user_key = :user AND expires_at > :since AND id <> :spared AND revoked_at IS NULL
    RETURNING id
"""
_REVOKED = """
    SELECT id FROM session
    WHERE user_key = :user AND expires_at > :since AND revoked_at IS NOT NULL
"""
# A next token lets a session last longer than its own end; `since` is early enough.
_LIVE = """
    FROM session WHERE user_key = :user AND expires_at > :since AND revoked_at IS NULL
        AND (expires_at > :now OR next_expires_at > :now)
"""
_LIVE_PAGE = f"""
    SELECT id, created_at, coalesce(next_expires_at, expires_at) {_LIVE}
    ORDER BY created_at DESC, id DESC LIMIT :limit OFFSET :offset
"""
_LIVE_COUNT = f"SELECT count(*) {_LIVE}"
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
    return _account(tx.rows_of(key, _OWN_ACCOUNT))


def account_by_id(tx: Transaction, user_id: str) -> Account | None:
    """Find a person by the id that the wire shows."""
    return _account(tx.rows_of(user_id, _ACCOUNT_BY_ID))


def ask_for_accounts(tx: Transaction, ids: Sequence[str]) -> list[Account]:
    """Find those of these people who exist, so that `account_by_id` knows them already."""
    tx.ask_ahead(ids, _ACCOUNT_BY_ID)
    found = (account_by_id(tx, user_id) for user_id in ids)
    return [account for account in found if account]


def keys_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, int]:
    """Return the internal keys of those of these people who exist."""
    params = {"ids": msgspec.json.encode(list(ids)).decode()}
    return dict(tx.rows(_KEYS_BY_ID[tx.dialect], params))


def password_hash(tx: Transaction, email: str) -> tuple[int, str] | None:
    """Return the account's key and password hash, None for an unknown address."""
    row = one(tx.rows(_KEPT_HASH, {"email": email}))
    return (row[0], row[1]) if row else None


def own_password(tx: Transaction, user: int) -> tuple[str, str] | None:
    """Return a person's address and password hash, None for a guest."""
    row = one(tx.rows(_OWN_HASH, {"user": user}))
    return (row[0], row[1]) if row else None


def set_password(tx: Transaction, user: int, *, kept: str, new: str) -> bool:
    """Put a hash in the place of the one that is kept; False if another is."""
    return tx.execute(_SET_HASH, {"user": user, "kept": kept, "new": new}) > 0


def insert_account(
    tx: Transaction,
    account: Account,
    now: int,
    *,
    email: str | None = None,
    password: str | None = None,
) -> int | None:
    """Keep a new person; return the key, None if the address is taken.

    `password` is its hash; the key in `account` is not looked at. Who has an address can
    be found by name, if grown up.
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
                "birth_date": account.birth_date and account.birth_date.isoformat(),
                "created_at": now,
            },
        )
    )
    if row and email is not None and not is_minor(account.birth_date, now):
        _insert_words(tx, row[0], account.name)
    return row[0] if row else None


def update_account(tx: Transaction, account: Account) -> None:
    """Keep a person's name and time zone; whoever was found by name is by the new one."""
    params = {"key": account.key, "name": account.name, "time_zone": account.time_zone}
    tx.execute(_UPDATE_ACCOUNT, params)
    if tx.execute(_DELETE_WORDS, {"user": account.key}):
        _insert_words(tx, account.key, account.name)


def list_name(tx: Transaction, account: Account) -> None:
    """Let a person be found by name."""
    tx.execute(_DELETE_WORDS, {"user": account.key})
    _insert_words(tx, account.key, account.name)


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
    key, user, user_id, guest, long_lived, *rest = row
    # SQLite has no booleans.
    return Session(key, user, user_id, bool(guest), bool(long_lived), *rest)


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


def revoke_others(tx: Transaction, user: int, now: int, *, spared: str, since: int) -> list[str]:
    """End a person's sessions but one, and return them; `since` as in `Live`."""
    params = {"user": user, "now": now, "spared": spared, "since": since}
    return [session_id for (session_id,) in tx.rows(_REVOKE_OTHERS, params)]


def live_sessions(
    tx: Transaction, live: Live, limit: int, offset: int
) -> list[tuple[str, int, int]]:
    """Return a page of sessions, newest first: id, beginning and end in ms."""
    rows = tx.rows(_LIVE_PAGE, live._asdict() | {"limit": limit, "offset": offset})
    return [(row[0], row[1], row[2]) for row in rows]


def count_live_sessions(tx: Transaction, live: Live) -> int:
    """Count a person's sessions."""
    return int(tx.rows(_LIVE_COUNT, live._asdict())[0][0])


def revoked_sessions(tx: Transaction, user: int, since: int) -> list[str]:
    """Return those of a person's sessions that were ended before their time."""
    rows = tx.rows(_REVOKED, {"user": user, "since": since})
    return [session_id for (session_id,) in rows]


def _insert_words(tx: Transaction, user: int, name: str) -> None:
    tx.execute_many(_INSERT_WORD, [{"user": user, "word": word} for word in words(name)])


def _account(rows: list[Row]) -> Account | None:
    row = one(rows)
    if row is None:
        return None
    birth = date.fromisoformat(row[5]) if row[5] else None
    return Account(row[0], row[1], bool(row[2]), row[3], row[4], birth)
