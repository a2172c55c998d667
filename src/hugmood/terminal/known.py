"""What this client has seen: words, people, and things that a number stands for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hugmood.ambient import Instant, System
from hugmood.features.hugs.catalog import HUG_TYPES
from hugmood.features.moods.catalog import catalog
from hugmood.terminal.names import People, clean

_FOREVER: Final = 1 << 62


class Shelf:
    """Things with numbers to name them by; a number stays its thing's for good.

    So `/no 2` means what `2` meant when it was read, whatever came meanwhile. Things
    can wait for something, in ways that have names, each since some time.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._labels: dict[str, str] = {}
        self._waiting: dict[str, dict[str, tuple[int, int]]] = {}

    def put(self, thing: str, label: str = "") -> str:
        """Take a thing in, if it is new; return its number, as `#2`."""
        if thing not in self._numbers:
            self._ids.append(thing)
            self._numbers[thing] = len(self._ids)
        if label:
            self._labels[thing] = clean(label)
        return f"#{self._numbers[thing]}"

    def __contains__(self, thing: str) -> bool:
        """Whether it was seen."""
        return thing in self._numbers

    def label(self, thing: str) -> str:
        """What it is called; empty if that is not known."""
        return self._labels.get(thing, "")

    def labels(self) -> list[str]:
        """What they are called, in order of the alphabet."""
        return sorted(set(self._labels.values()), key=str.casefold)

    def find(self, text: str) -> str | None:
        """The thing with this number, id or label; None if there is none."""
        number = text.removeprefix("#")
        if number.isdecimal():
            place = int(number) - 1
            return self._ids[place] if 0 <= place < len(self._ids) else None
        if text in self._numbers:
            return text
        same = [one for one, label in self._labels.items() if label.casefold() == text.casefold()]
        return same[0] if len(same) == 1 else None

    def wait(self, thing: str, way: str, at: Instant, until: Instant | None = None) -> None:
        """It waits like this since then, and at most until then."""
        self.put(thing)
        self._waiting.setdefault(way, {})[thing] = (int(at), _FOREVER if until is None else until)

    def done(self, thing: str, *ways: str) -> None:
        """It waits no more, in any way or in these."""
        for way in ways or tuple(self._waiting):
            self._waiting.get(way, {}).pop(thing, None)

    def waiting(self, way: str, now: Instant) -> list[str]:
        """All that wait like this, the newest last."""
        times = self._waiting.get(way, {})
        still = [thing for thing, (_, until) in times.items() if now < until]
        return sorted(still, key=lambda thing: times[thing][0])


@dataclass
class Known:
    """The words that mean something: those known here until the server tells its own."""

    people: People = field(default_factory=People)
    moods: dict[str, str] = field(
        default_factory=lambda: {one.mood: one.quadrant for one in catalog().moods}
    )
    """Their quadrants, by mood."""
    hugs: list[str] = field(default_factory=lambda: list(HUG_TYPES))
    entries: Shelf = field(default_factory=Shelf)
    """One's own moods, `kept` until they are deleted."""
    requests: Shelf = field(default_factory=Shelf)
    """What one was asked for, `open` until it is answered or over."""
    groups: Shelf = field(default_factory=Shelf)
    """Group hugs by name: one is `invited`, or `joined`, and may have `created` it."""
    notifications: Shelf = field(default_factory=Shelf)
    """Those that are `unread`, as far as they were seen."""
    unread: int = 0
    """How many notifications are, seen or not."""
    sessions: Shelf = field(default_factory=Shelf)
    site: str = ""
    """Where the server's files are, such as `http://localhost:5000`."""
    now: Callable[[], Instant] = lambda: Instant(System().now())

    def over(self, thing: str) -> None:
        """It turned out to wait for nothing any more."""
        for shelf in (self.entries, self.requests, self.groups, self.notifications):
            shelf.done(thing)
