"""What stands in for clock, chance, event loop, socket and slow passwords.

Each keeps the contract of the real thing; `tests/contract` holds some of them to it.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher

from hugmood.ambient import Instant, sortable_id
from hugmood.features.auth.passwords import Passwords
from hugmood.gateway.websocket import Connection
from hugmood.store.database import (
    NO_PARAMS,
    Database,
    DatabaseError,
    Dialect,
    Params,
    Row,
    Subject,
    Transaction,
)


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, start: str) -> None:
        self._now = int(Instant.parse(start))
        self.moved: list[Callable[[], None]] = []
        """Told whenever time has passed."""

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let time pass, all at once."""
        self._now += round(seconds * 1000)
        for listener in self.moved:
            listener()

    def move_to(self, moment: str) -> None:
        """Let time pass until a moment in ISO 8601, which may also be past."""
        self.move((Instant.parse(moment) - self._now) / 1000)

    def after(self, seconds: float) -> Instant:
        """The moment so many seconds from now."""
        return Instant(self._now + round(seconds * 1000))


class FakeAmbient:
    """The clock's time, ids that count up, and chance that is always the same."""

    def __init__(self, clock: Clock) -> None:
        self.steady = clock.now
        self.luck = 0.5
        self.wrong = 0
        """By how many ms the clock is set wrong; `steady` never is."""
        self._clock = clock
        self._count = 0

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return self._clock.now() + self.wrong

    def entity_id(self, prefix: str) -> str:
        """`prefix-` and an id that sorts by time."""
        return sortable_id(prefix, self.now(), self._next().to_bytes(10, "big"))

    def message_id(self, prefix: str) -> str:
        """`prefix-` and a UUID v4."""
        return f"{prefix}-{UUID(int=self._next(), version=4)}"

    def chance(self) -> float:
        """Return `luck`."""
        return self.luck

    def _next(self) -> int:
        self._count += 1
        return self._count


class TurnLoop(asyncio.SelectorEventLoop):
    """A real event loop on the fake clock that runs only when told, until it is quiet."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._arrangements = 0
        self._raised: list[BaseException] = []
        self.set_exception_handler(self._note)

    def time(self) -> float:
        """Seconds on the fake clock."""
        return self._clock.now() / 1000

    def settle(self) -> None:
        """Run all that is due and all that follows from it; raise what it raised."""
        while True:
            before = self._arrangements
            self.call_soon(self.stop)
            self.run_forever()
            if self._raised:
                raise self._raised.pop()
            if self._arrangements == before + 1:
                return

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Count, so that `settle` knows if there was anything new."""
        self._arrangements += 1
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Count likewise: a timer may be due at once."""
        self._arrangements += 1
        return super().call_at(when, callback, *args, context=context)

    def _note(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._raised.append(context.get("exception") or RuntimeError(context["message"]))


class FakeTransport(asyncio.Transport):
    """A TCP connection in memory; `heard` is told what the client's side would read."""

    connection: Connection

    def __init__(self, loop: asyncio.AbstractEventLoop, heard: Callable[[bytes], None]) -> None:
        super().__init__()
        self._loop = loop
        self._heard = heard
        self._unsent = bytearray()
        self._unread: list[tuple[int, bytes]] = []
        self._limits = 1 << 16, 1 << 14
        self._full = False
        self._reading = True
        self._closing = False
        self._gone = False
        self.stalled = False
        """Whether the client has stopped reading."""

    # As the server sees it

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send; what the client does not read is kept."""
        if self._closing:
            return
        self._unsent += data
        self.flush()
        if len(self._unsent) > self._limits[0] and not self._full:
            self._full = True
            self.connection.filled()

    def get_write_buffer_size(self) -> int:
        """How much the client has not read."""
        return len(self._unsent)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Tell the connection when the unsent fall from `high` to `low`."""
        if high is None or low is None:
            raise NotImplementedError
        self._limits = high, low

    def is_closing(self) -> bool:
        """Tell whether nothing more can be written."""
        return self._closing

    def close(self) -> None:
        """Send what is unsent, then go."""
        self._closing = True
        if not self._unsent:
            self._loop.call_soon(self._lost)

    def abort(self) -> None:
        """Go at once."""
        self._closing = True
        self._full = False
        self._unsent.clear()
        self._loop.call_soon(self._lost)

    def pause_reading(self) -> None:
        """Let what comes wait."""
        self._reading = False

    def resume_reading(self) -> None:
        """Take what waits."""
        self._reading = True
        self._loop.call_soon(self._read)

    # As the client sees it

    def arrive(self, first: int, payload: bytes) -> None:
        """Let a frame reach the server, in a loop turn of its own."""
        self._unread.append((first, payload))
        self._loop.call_soon(self._read)

    def flush(self, size: int | None = None) -> None:
        """Let the client read, `size` bytes or all; nothing while it is stalled."""
        if size is None and self.stalled:
            return
        size = len(self._unsent) if size is None else size
        data, self._unsent = bytes(self._unsent[:size]), self._unsent[size:]
        if data:
            self._heard(data)
        if self._full and len(self._unsent) <= self._limits[1]:
            self._full = False
            self._loop.call_soon(self.connection.drained)
        if self._closing and not self._unsent:
            self._loop.call_soon(self._lost)

    def _read(self) -> None:
        while self._reading and self._unread and not self._closing:
            self.connection.frame_received(*self._unread.pop(0))

    def _lost(self) -> None:
        if not self._gone:
            self._gone = True
            self.connection.lost()


class QuickPasswords(Passwords):
    """Argon2 as always, with the least memory and work it allows."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._nobody = self._hasher.hash("nobody has this password")


class WatchedDatabase:
    """A database that writes down its statements, and breaks when it is told to."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.statements: list[str] = []
        self.transactions: list[str] = []
        """`read` or `write` for each that began."""
        self.breaks_at_begin: DatabaseError | None = None
        self.breaks_at_commit: DatabaseError | None = None

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[Transaction]:
        """Begin; commit at the end, or roll back on an exception."""
        if self.breaks_at_begin:
            raise self.breaks_at_begin
        self.transactions.append("write" if write else "read")
        with self._inner.transaction(write=write) as tx:
            yield _WatchedTransaction(tx, self.statements)
            if write and self.breaks_at_commit:
                raise self.breaks_at_commit

    def close(self) -> None:
        """Let go of it."""
        self._inner.close()


class _WatchedTransaction:
    def __init__(self, inner: Transaction, statements: list[str]) -> None:
        self._inner = inner
        self._statements = statements
        self.savepoint = inner.savepoint

    @property
    def dialect(self) -> Dialect:
        return self._inner.dialect

    @property
    def changes(self) -> int:
        return self._inner.changes

    def rows(self, sql: str, params: Params = NO_PARAMS) -> list[Row]:
        self._statements.append(sql)
        return self._inner.rows(sql, params)

    def execute(self, sql: str, params: Params = NO_PARAMS) -> int:
        self._statements.append(sql)
        return self._inner.execute(sql, params)

    def execute_many(self, sql: str, params: Iterable[Params], *, of: str = "") -> None:
        self._statements.append(sql)
        self._inner.execute_many(sql, params, of=of)

    def ask(self, sql: str, params: Params = NO_PARAMS) -> Callable[[], list[Row]]:
        self._statements.append(sql)
        return self._inner.ask(sql, params)

    def expect(self, users: Sequence[int], kind: str = "") -> None:
        self._inner.expect(users, kind)

    def rows_of(self, subject: Subject, sql: str) -> list[Row]:
        self._statements.append(sql)
        return self._inner.rows_of(subject, sql)

    @property
    def asks_ahead(self) -> bool:
        return self._inner.asks_ahead

    def ask_ahead(self, subjects: Sequence[Subject], sql: str) -> None:
        self._statements.append(sql)
        self._inner.ask_ahead(subjects, sql)

    def write_of(self, user: int, sql: str, params: Params) -> None:
        self._statements.append(sql)
        self._inner.write_of(user, sql, params)
