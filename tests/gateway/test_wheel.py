from hypothesis import given
from hypothesis import strategies as st

from hugmood.gateway.wheel import SLOT, Wheel

START = 1_692_973_800_000


class Thing:
    """Something that is due."""

    wheel_slot = 0

    def __init__(self, due: int) -> None:
        self.when = START + due

    def due(self) -> int:
        """When, in ms."""
        return self.when


def wheel_with(*things: Thing) -> Wheel:
    """A wheel that looks at these."""
    wheel = Wheel(START)
    for thing in things:
        wheel.put(thing)
    return wheel


def found(wheel: Wheel, now: int) -> list[int]:
    """When each thing was due that the wheel yields now."""
    return [thing.due() - START for thing in wheel.advance(START + now)]


def test_not_before_it_is_due() -> None:
    """To the millisecond, where the wheel is looked at so often."""
    wheel = wheel_with(Thing(1234))
    assert [[], [], [], [1234], []] == [found(wheel, now) for now in (0, 1200, 1233, 1234, 1235)]


def test_overdue() -> None:
    """What was missed is found at the next look, in order of slots."""
    wheel = wheel_with(Thing(2345), Thing(50), Thing(1234))
    assert [50, 1234, 2345] == found(wheel, 60_000)


def test_due_in_the_past() -> None:
    """What was due before it came is found at once."""
    wheel = wheel_with(Thing(-60_000))
    assert [-60_000] == found(wheel, 0)


def test_moved() -> None:
    """An earlier entry no longer counts, whether the new one is later or earlier."""
    later, earlier = Thing(100), Thing(9000)
    wheel = wheel_with(later, earlier)
    later.when, earlier.when = START + 5000, START + 200
    wheel.put(later)
    wheel.put(earlier)
    assert [[200], [], [5000], []] == [found(wheel, now) for now in (500, 4999, 5500, 10_000)]


def test_moved_without_a_word() -> None:
    """What became due later, within its slot, is not found too early."""
    thing = Thing(110)
    wheel = wheel_with(thing)
    thing.when = START + 180
    assert [[], [180]] == [found(wheel, 150), found(wheel, 180)]


def test_discarded() -> None:
    """What was discarded is not found."""
    thing = Thing(100)
    wheel = wheel_with(thing)
    wheel.discard(thing)
    assert [] == found(wheel, 1000)


def test_discarded_while_looking() -> None:
    """Looking at one thing may do away with another that is due as well."""
    one, other = Thing(100), Thing(110)
    wheel = wheel_with(one, other)
    seen = []
    for thing in wheel.advance(START + 1000):
        seen.append(thing)
        wheel.discard(other)
    assert [one] == seen


def test_put_back_while_looking() -> None:
    """What is put back for later is not found again now."""
    thing = Thing(100)
    wheel = wheel_with(thing)
    seen = 0
    for one in wheel.advance(START + 250):
        seen += 1
        thing.when = START + 250 + SLOT // 4
        wheel.put(one)
    assert (1, [], [275]) == (seen, found(wheel, 274), found(wheel, 275))


def test_put_back_without_progress() -> None:
    """What stays due is looked at again, but not for ever."""
    thing = Thing(0)
    wheel = wheel_with(thing)
    for one in wheel.advance(START + 1000):
        wheel.put(one)
    assert [0] == found(wheel, 1000)


def test_clock_that_leaps() -> None:
    """A clock set forward by years costs no more than a look."""
    wheel = wheel_with(Thing(100))
    assert [100] == found(wheel, 50 * 365 * 24 * 3600 * 1000)


def test_clock_that_goes_back() -> None:
    """A clock set back finds nothing until it has caught up."""
    wheel = wheel_with()
    assert [] == found(wheel, 5000)
    wheel.put(Thing(5100))
    assert [[], [5100]] == [found(wheel, 1000), found(wheel, 5100)]


@given(
    dues=st.lists(st.integers(-500, 3000), max_size=20),
    looks=st.lists(st.integers(0, 400), max_size=20),
)
def test_each_once(dues: list[int], looks: list[int]) -> None:
    """However often one looks, each thing is found once, at the first look that it is due."""
    wheel = wheel_with(*[Thing(due) for due in dues])
    now, left = 0, sorted(dues)
    for step in looks:
        now += step
        assert [due for due in left if due <= now] == sorted(found(wheel, now))
        left = [due for due in left if due > now]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2000), st.integers(0, 300))))
def test_each_in_one_place(moves: list[tuple[int, int, int]]) -> None:
    """However often things are moved, only the last place counts."""
    things = [Thing(10_000) for _ in range(10)]
    wheel = wheel_with(*things)
    waiting, now = set(things), 0
    for index, due, step in moves:
        things[index].when = START + now + due
        wheel.put(things[index])
        waiting.add(things[index])
        now += step
        seen = list(wheel.advance(START + now))
        assert len(seen) == len(set(seen))
        assert {thing for thing in waiting if thing.when <= START + now} == set(seen)
        waiting -= set(seen)
