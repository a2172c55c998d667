"""One wheel for every deadline: no task, timer or closure per connection."""

from collections.abc import Iterator
from typing import Final, Protocol, TypeVar

SLOT: Final = 100
"""Milliseconds that share a slot."""


class Timed(Protocol):
    """Something that is to be looked at from time to time."""

    wheel_slot: int

    def due(self) -> int:
        """Return when, in ms."""
        ...


T = TypeVar("T", bound=Timed)


class Wheel:
    """Things by the slot in which they are due; each stands in one slot at a time."""

    def __init__(self, now: int) -> None:
        """Begin now."""
        self._slots: dict[int, list[Timed]] = {}
        self._next = now // SLOT

    def put(self, thing: Timed) -> None:
        """Look at it when it is due; an earlier entry no longer counts."""
        slot = max(thing.due() // SLOT, self._next)
        thing.wheel_slot = slot
        self._slots.setdefault(slot, []).append(thing)

    def discard(self, thing: Timed) -> None:
        """Look at it no more."""
        thing.wheel_slot = -1

    def advance(self, now: int) -> Iterator[Timed]:
        """Yield what is due; the caller puts it back, or not."""
        current = now // SLOT
        if current > self._next:
            yield from self._before(current)
        if current == self._next:
            yield from self._of_this_slot(current, self._slots.pop(current, []), now)

    def _before(self, current: int) -> Iterator[Timed]:
        # The clock may have leapt: go by what waits, not through every slot in between.
        overdue = sorted(slot for slot in self._slots if slot < current)
        self._next = current
        for slot in overdue:
            for thing in self._slots.pop(slot):
                if thing.wheel_slot == slot:
                    self.discard(thing)  # it may stand here twice
                    yield thing

    def _of_this_slot(self, slot: int, waiting: list[Timed], now: int) -> Iterator[Timed]:
        later = []
        for thing in waiting:
            if thing.wheel_slot != slot:
                continue
            if thing.due() <= now:
                self.discard(thing)
                yield thing
            else:
                later.append(thing)
        if later:
            self._slots.setdefault(slot, []).extend(later)
