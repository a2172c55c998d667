"""Repeated commands: the same id gets the same reply and has no second effect.

A reply is remembered for a week in the transaction of its command, under a hash of
user and id, with a hash of type and payload compared as parsed values.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Final

import msgspec

from hugmood.engine.records import Ask
from hugmood.errors import invalid
from hugmood.store.database import Params, Row, Transaction, one
from hugmood.wire import codec

REMEMBERED: Final = 7 * 24 * 3600 * 1000
"""How long a reply is remembered, ms."""

_FORGET_AT_ONCE: Final = 1000
_WRITE_AT_ONCE: Final = 64
_HASH_BYTES: Final = 16
_MAY_BE_WRITTEN_OTHERWISE: Final = re.compile(rb"\d(?:\.0|[eE]|\d{17})")
"""Where this is not found, no number needs `_plain`, which takes longer than all the rest."""

_FIND = """
    SELECT payload, reply FROM remembered_reply WHERE user_key = :user AND command = :command
"""
_FIND_MANY = """
    SELECT command, payload, reply FROM remembered_reply
    JOIN unnest(:users::bigint[], :commands::bytea[]) AS asked (user_key, command)
        USING (user_key, command)
"""
_KEEP = """
    INSERT INTO remembered_reply (command, payload, reply, created_at, user_key)
    VALUES (:command, :payload, :reply, :created_at, :user)
"""
_FORGET = """
    DELETE FROM remembered_reply WHERE key IN (
        SELECT key FROM (SELECT key, created_at FROM remembered_reply ORDER BY key LIMIT :most)
        AS oldest WHERE created_at < :before)
"""


class Memory:
    """The replies remembered in the database, and those of the batch in hand."""

    def __init__(self, tx: Transaction, now: int) -> None:
        """Remember into this transaction, as of `now` in ms."""
        self._tx = tx
        self._now = now
        self._new: dict[bytes, tuple[bytes, bytes]] = {}
        self._unwritten: list[Params] = []
        self._known: dict[bytes, Row | None] = {}
        self._asked: Sequence[Ask] = ()
        self._answer: Callable[[], list[Row]] = list
        self._keys: dict[int, bytes] = {}
        self._payloads: dict[int, bytes] = {}
        """What is hashed once of each command, by its number."""

    def read_ahead(self, asks: Sequence[Ask]) -> None:
        """Look for the replies to all of these at once; only where the database `asks_ahead`."""
        self._asked = asks
        asked = {
            "users": [_user(ask) for ask in asks],
            "commands": [self._key(ask) for ask in asks],
        }
        self._answer = self._tx.ask(_FIND_MANY, asked)

    def recall(self, ask: Ask) -> bytes | None:
        """Return the reply this command already got; `Rejected` if the id was reused."""
        key = self._key(ask)
        known = self._new.get(key) or self._found(ask, key)
        if known is None:
            return None
        payload, reply = bytes(known[0]), bytes(known[1])
        if payload != self._payload(ask):
            raise invalid("id", "id_reused")
        return reply

    def _found(self, ask: Ask, key: bytes) -> Row | None:
        if self._asked:
            self._known = {self._key(ask): None for ask in self._asked}
            for asked in self._asked:  # the database is still looking
                self._payload(asked)
            self._asked = ()
            for command, payload, reply in self._answer():
                self._known[bytes(command)] = payload, reply
        if key in self._known:
            return self._known[key]
        return one(self._tx.rows(_FIND, {"user": _user(ask), "command": key}))

    def keep(self, ask: Ask, reply: bytes) -> None:
        """Remember that this command succeeded with this reply."""
        key, payload = self._key(ask), self._payload(ask)
        self._new[key] = payload, reply
        self._unwritten.append(
            {
                "command": key,
                "payload": payload,
                "reply": reply,
                "created_at": self._now,
                "user": _user(ask),
            }
        )

    def _key(self, ask: Ask) -> bytes:
        key = self._keys.get(ask.number)
        if key is None:
            key = self._keys[ask.number] = _key(ask)
        return key

    def _payload(self, ask: Ask) -> bytes:
        payload = self._payloads.get(ask.number)
        if payload is None:
            payload = self._payloads[ask.number] = fingerprint(ask)
        return payload

    def write_some(self) -> None:
        """Put into the database what is new if it is much: the rest will take less long."""
        if len(self._unwritten) >= _WRITE_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Put what is new into the database."""
        if self._unwritten:
            rows, self._unwritten = self._unwritten, []
            self._tx.execute_many(_KEEP, rows)


def forget_old(tx: Transaction, now: int) -> bool:
    """Drop some replies older than a week; True if there may be more."""
    most = {"most": _FORGET_AT_ONCE, "before": now - REMEMBERED}
    return tx.execute(_FORGET, most) == _FORGET_AT_ONCE


def fingerprint(ask: Ask) -> bytes:
    """Return a hash of what the client sent: its type and its payload's values."""
    if ask.fingerprint:
        return ask.fingerprint
    text = ask.data or codec.EMPTY
    # 1e999 is JSON, and no number: in a field that nobody reads it does no harm.
    with suppress(msgspec.MsgspecError, ValueError):
        value = msgspec.json.decode(text)
        if _MAY_BE_WRITTEN_OTHERWISE.search(text):
            value = _plain(value)
        text = msgspec.msgpack.encode(value, order="sorted")
    text = ask.type.encode() + b"\0" + text
    return blake2b(text, digest_size=_HASH_BYTES).digest()


def _user(ask: Ask) -> int:
    if ask.caller is None:
        message = "only a caller's commands are remembered"
        raise AssertionError(message)
    return ask.caller.key


def _key(ask: Ask) -> bytes:
    text = f"{_user(ask)}\0{ask.id}".encode()
    return blake2b(text, digest_size=_HASH_BYTES).digest()


def _plain(value: object) -> object:
    """Make equal values the same: 1.0 is 1, and integers too large are text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return f"{value} is too large for an integer"
    return value
