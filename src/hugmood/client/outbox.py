"""What waits to be sent or answered, and which of it is next; without I/O.

Commands take effect once and in order, however often the connection goes: each keeps
its id, by which the server knows it again (protocol: Idempotency). Over a connection
that holds they are pipelined; those that saw an outage or a refusal go one by one, so
that none overtakes one that is refused. Queries change nothing and are in nobody's way.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from hugmood.client.errors import QueueFull

WINDOW: Final = 16
"""Commands that may be under way at once: less than the server's burst of 40."""
PATIENCE: Final = 30_000
"""Milliseconds for which an unanswered command holds up those after it."""


class Entry(Struct):
    """A message that waits; `data` is JSON, times are milliseconds since 1970."""

    id: str
    type: str
    data: bytes
    timestamp: int
    query: bool = False
    sent_at: int | None = None
    """When it went out over this connection, None if it did not."""
    refusals: int = 0
    alone: bool = False
    """It saw an outage or a refusal: no other command goes while it is under way."""


class Outbox:
    """Messages in the order in which they were given, at most `limit`."""

    def __init__(self, limit: int) -> None:
        """Begin empty."""
        self._limit = limit
        self._entries: dict[str, Entry] = {}
        self._pauses: dict[bool, int] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def commands(self) -> int:
        """How many of them change something."""
        return sum(not entry.query for entry in self)

    def get(self, message_id: str) -> Entry | None:
        """Return the message with this id, if it waits."""
        return self._entries.get(message_id)

    def add(self, entry: Entry) -> None:
        """Put a message at the end; raises `QueueFull`."""
        if len(self._entries) >= self._limit:
            message = f"{self._limit} messages are waiting already"
            raise QueueFull(message)
        self._entries[entry.id] = entry

    def restore(self, entry: Entry) -> None:
        """Put back a command of an earlier run, whatever the limit."""
        entry.alone = True
        self._entries[entry.id] = entry

    def next(self, now: int) -> Entry | None:
        """Return what is to be sent now and mark it sent."""
        for entry in self._ready(now):
            entry.sent_at = now
            return entry
        return None

    def due(self, now: int) -> int | None:
        """Return when `next` may have something that it has not now, in ms."""
        times = [pause for pause in self._pauses.values() if pause > now]
        times += [sent + PATIENCE for sent in self._under_way() if sent + PATIENCE > now]
        return min(times, default=None)

    def remove(self, message_id: str) -> Entry | None:
        """Forget a message: it is answered, or nobody wants it any more."""
        return self._entries.pop(message_id, None)

    def refuse(self, message_id: str, until: int) -> None:
        """Send this message again, but nothing of its kind before `until` (ms)."""
        entry = self._entries[message_id]
        entry.sent_at = None
        entry.refusals += 1
        self._pauses[entry.query] = max(until, self._pauses.get(entry.query, 0))
        self._send_alone()

    def disconnected(self) -> None:
        """Send everything again that is not answered."""
        for entry in self._entries.values():
            entry.sent_at = None
        self._send_alone()

    def _ready(self, now: int) -> Iterator[Entry]:
        unsent = [entry for entry in self if entry.sent_at is None]
        if self._pauses.get(True, 0) <= now:
            yield from (entry for entry in unsent if entry.query)
        commands = [entry for entry in unsent if not entry.query]
        under_way = sum(sent + PATIENCE > now for sent in self._under_way())
        window = 1 if any(entry.alone for entry in self) else WINDOW
        if self._pauses.get(False, 0) <= now and under_way < window:
            yield from commands

    def _under_way(self) -> list[int]:
        """When the commands that have no answer yet were sent."""
        return [e.sent_at for e in self if e.sent_at is not None and not e.query]

    def _send_alone(self) -> None:
        for entry in self:
            entry.alone = not entry.query
