"""Time, ids and chance: the one module that asks the machine for them."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol, Self

import msgspec

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POOL: Final = 4096
_MILLISECOND: Final = timedelta(milliseconds=1)


class Instant(int):
    """A moment: milliseconds since 1970-01-01 UTC; on the wire ISO 8601 in UTC."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ISO 8601 with an offset (RFC 3339); ValueError for anything else."""
        try:
            moment = msgspec.convert(text, datetime)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from error
        if moment.tzinfo is None:
            message = "Expected `datetime` with a timezone component"
            raise ValueError(message)
        return cls((moment - _EPOCH) // _MILLISECOND)

    @property
    def datetime(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return _EPOCH + int(self) * _MILLISECOND

    def __str__(self) -> str:
        """Write it as it stands on the wire, `2023-08-25T14:30:00.000Z`."""
        return iso(self)


class Ambient(Protocol):
    """What the world gives to a program; tests give a quieter one."""

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...

    def steady(self) -> int:
        """Milliseconds on a clock that is never set: for deadlines, not for times."""
        ...

    def entity_id(self, prefix: str) -> str:
        """`prefix-` and a time-sortable, unguessable id."""
        ...

    def message_id(self, prefix: str) -> str:
        """`prefix-` and a UUID v4."""
        ...

    def chance(self) -> float:
        """A number from 0 up to, not including, 1."""
        ...


class System:
    """The real clock and the machine's own randomness."""

    def __init__(self) -> None:
        """Ask the machine for chance in large pieces: each asking is a system call."""
        self._chance = b""
        self._used = 0

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Milliseconds on a clock that is never set; only differences mean anything."""
        return time.monotonic_ns() // 1_000_000

    def entity_id(self, prefix: str) -> str:
        """48 bits of time and 80 of chance, as in a ULID, in hexadecimal."""
        return sortable_id(prefix, self.now(), self._bytes(10))

    def message_id(self, prefix: str) -> str:
        """`prefix-` and a UUID v4."""
        return f"{prefix}-{uuid4(self._bytes(16))}"

    def chance(self) -> float:
        """A number from 0 up to 1; for jitter only, never for secrets."""
        return random.random()  # noqa: S311 (jitter)

    def _bytes(self, count: int) -> bytes:
        if self._used + count > len(self._chance):
            self._chance, self._used = secrets.token_bytes(_POOL), 0
        self._used += count
        return self._chance[self._used - count : self._used]


def uuid4(entropy: bytes) -> str:
    """Write 16 bytes of chance as a UUID v4 (RFC 9562, section 5.4)."""
    h = entropy.hex()
    variant = "89ab"[entropy[8] & 3]
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{variant}{h[17:20]}-{h[20:]}"


def sortable_id(prefix: str, milliseconds: int, entropy: bytes) -> str:
    """Return an id whose text order is the order of time; `entropy` is 10 bytes."""
    return f"{prefix}-{milliseconds:012x}{entropy.hex()}"


def iso(milliseconds: int) -> str:
    """Write milliseconds since 1970 as `2023-08-25T14:30:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_to_the_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=256)
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def secret_text() -> str:
    """256 bits of chance for keys, as URL-safe text."""
    return secrets.token_urlsafe(32)


def monotonic() -> float:
    """Seconds on a clock that never goes back; only differences mean anything."""
    return time.monotonic()
