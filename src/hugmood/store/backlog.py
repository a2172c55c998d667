"""The writer's memory of the fan-out log: which events are still to be moved, by user and author.

Events are moved a cycle at a time: all that the log held at one moment. A transaction moves
all of a few users, so that it touches few pages however many users there are; when all are
moved the cycle's rows of the log are dropped. Between the two a delivery is in both places:
what the log has up to a user's last segment counts as moved.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from hugmood.store.streams import oldest_id

BACKLOG_LIMIT: Final = 100_000
"""Deliveries that may wait in the log before commands must help to compact it."""

CHUNK: Final = 4_000
"""Deliveries moved in one transaction, of at most `CHUNK_USERS`: some 10 ms."""
CHUNK_USERS: Final = 750
CHUNK_ROWS: Final = 2_000
"""Rows of the log dropped in one transaction at most."""
LEAST: Final = 0.2
"""The part of all three that a transaction does where no more is needed: 2 ms."""
_SPREAD: Final = 16
"""Batches of commands over which what is owed is spread, where that is at most a chunk each."""

SEGMENT: Final = 100
"""Events in a segment at most; a row stays well within a page of the file."""

SEGMENT_SPAN: Final = 3600 * 1000
"""Milliseconds between the first and the last event of a segment at most."""

_HELP: Final = 2
"""What a delivery owes where the log is too long: one to be moved, one to be dropped."""

Segment = dict[str, int | bytes]
Events = defaultdict[int, "array[int]"]


@dataclass(slots=True)
class Cycle:
    """All that the log held at one moment, on its way into segments."""

    upto: int
    """The last event of it."""
    users: list[int]
    """Whose events these are, in the order of keys; the first `done` are moved."""
    events: dict[int, "array[int]"]
    numbers: dict[int, int]
    """The number of each user's last event."""
    caused: dict[int, "array[int]"]
    """The same events by author."""
    done: int = 0

    def chunk(self, part: float) -> list[int]:
        """Choose the users that are moved next, for part of a chunk: none when all are."""
        deliveries = 0
        end = self.done
        limit = min(len(self.users), self.done + max(1, round(part * CHUNK_USERS)))
        while end < limit and deliveries < part * CHUNK:
            deliveries += len(self.events[self.users[end]])
            end += 1
        return self.users[self.done : end]

    def segments(self, users: Iterable[int]) -> list[Segment]:
        """Make these users' segments, in the order of their keys."""
        return [
            segment
            for user in users
            for segment in _segments(user, self.events[user], self.numbers[user])
        ]


class Backlog:
    """What is in the log, and how far the cycle is."""

    def __init__(self) -> None:
        """Know of nothing."""
        self.size = 0
        """Deliveries in the log, those that were moved in an unfinished cycle included."""
        self.owed = 0
        """Deliveries that commands have to move or drop before others may wait."""
        self.cycle: Cycle | None = None
        self._waiting: Events = _no_events()
        self._caused: Events = _no_events()

    @property
    def steps_owed(self) -> int:
        """How many steps of compaction are due after a batch of commands.

        One while anything is owed, so that nobody waits long; more where that is not enough.
        """
        if not self.owed:
            return 0
        return 1 + max(0, self.owed - BACKLOG_LIMIT) // CHUNK

    @property
    def part(self) -> float:
        """What part of a chunk the next step does: as little as keeps up, for others wait for it.

        It grows with what is owed, so where batches owe more than `LEAST` it settles at that.
        """
        return min(1.0, max(LEAST, self.owed / (_SPREAD * CHUNK)))

    @property
    def rows(self) -> int:
        """How many rows of the log the next step drops at most."""
        return max(1, round(self.part * CHUNK_ROWS))

    def add(self, event: int, users: Sequence[int], author: int) -> None:
        """Note that an event went into the log for these users."""
        waiting = self._waiting
        for user in users:
            waiting[user].append(event)
        self._caused[author].append(event)
        self.size += len(users)
        if self.size > BACKLOG_LIMIT:
            self.owed += _HELP * len(users)

    def found(self, deliveries: int) -> None:
        """Note that a log was found with so many, of which some may be moved already."""
        self.size = deliveries
        self.owed = max(0, deliveries - BACKLOG_LIMIT)

    def begin(self, upto: int, heads: Mapping[int, int]) -> Cycle:
        """Begin a cycle with all that waits, or go on with the one that is under way."""
        if self.cycle is None:
            events, self._waiting = self._waiting, _no_events()
            caused, self._caused = self._caused, _no_events()
            numbers = {user: heads[user] for user in events}
            self.cycle = Cycle(upto, sorted(events), events, numbers, caused)
        return self.cycle

    def caused_by(self, author: int) -> list[int]:
        """Return the events of an author that the log has; it may have left out some by now."""
        return [event for caused in self._all_caused() for event in caused.get(author, ())]

    def disowned(self, author: int, events: Iterable[int]) -> None:
        """Note that these are not this author's any more."""
        gone = set(events)
        for caused in self._all_caused():
            if author in caused:
                caused[author] = array("q", [one for one in caused[author] if one not in gone])

    def _all_caused(self) -> list[dict[int, "array[int]"]]:
        """Return who caused what: of the cycle, if there is one, and of what came after."""
        return [self.cycle.caused, self._caused] if self.cycle else [self._caused]

    def moved(self, users: Sequence[int]) -> None:
        """Note that these users' events are in segments, and on disk."""
        cycle = self.cycle
        if cycle is not None:
            cycle.done += len(users)
            self._worked(sum(len(cycle.events.pop(user)) for user in users))

    def dropped(self, deliveries: int, *, last: bool) -> None:
        """Note that so many have left the log; with the `last` of them the cycle ends."""
        self.size -= deliveries
        self._worked(deliveries)
        if last:
            self.cycle = None

    def _worked(self, deliveries: int) -> None:
        self.owed = max(0, self.owed - deliveries)


def _no_events() -> Events:
    # Arrays, for of lists the garbage collector looks at each: 58 ms for some 10,000 people.
    return defaultdict(partial(array, "q"))


def _segments(user: int, events: "array[int]", last: int) -> Iterator[Segment]:
    """Cut a user's events, the last of which has this number, into few segments."""
    number = last - len(events)
    start = 0
    while start < len(events):
        too_late = events[start] + oldest_id(SEGMENT_SPAN)
        end = bisect_left(events, too_late, start, min(start + SEGMENT, len(events)))
        yield {
            "user": user,
            "number": number + end,
            "event": events[end - 1],
            "events": events[start:end].tobytes(),
        }
        start = end
