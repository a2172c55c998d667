import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.client.inbox import HOLE_PATIENCE, HoleError, Inbox, Verdict

Sent = tuple[int, int | None]
"""A live event's number and `previousSequenceNumber`."""


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, set[int]]:
    """A stream's length, and the numbers in it that are filtered for this reader."""
    length = draw(st.integers(0, 40))
    return length, draw(st.sets(st.integers(1, max(1, length))))


def live(numbers: range, hidden: set[int], position: int) -> Iterator[Sent]:
    """Send these as a server does over one connection."""
    for number in numbers:
        if number not in hidden:
            yield number, None if position == number - 1 else position
            position = number


def take_page(inbox: Inbox, start: int, end: int, hidden: set[int]) -> list[int]:
    """Take a page; return what was new."""
    inbox.open_page(start, complete=True)
    numbers = [number for number in range(start, end + 1) if number not in hidden]
    new = [number for number in numbers if inbox.in_page(number) is Verdict.NEW]
    inbox.close_page(end)
    return new


@settings(deadline=None)
@given(streams(), st.lists(st.integers(0, 40), max_size=8), st.integers(1, 2))
def test_every_event_is_new_once_and_in_order(
    stream: tuple[int, set[int]], cuts: list[int], copies: int
) -> None:
    """Whatever is filtered, repeated or cut short, over any number of connections.

    Of two neighbours in `cuts`, the first is the head when a connection begins, and
    the second how far it gets live.
    """
    length, hidden = stream
    inbox, taken = Inbox(0), list[int]()
    ends = [*sorted(min(cut, length) for cut in cuts), length, length]
    for head, until in itertools.pairwise(ends):
        position = inbox.position or 0
        inbox.begin(position)
        for start in range(position + 1, head + 1, 5):
            taken += take_page(inbox, start, min(start + 4, head), hidden)
        for number, previous in live(range(head + 1, until + 1), hidden, head):
            verdicts = [inbox.event(number, previous) for _ in range(copies)]
            taken += [number] * verdicts.count(Verdict.NEW)
    assert taken == [number for number in range(1, length + 1) if number not in hidden]


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(2, 50))
def test_a_hole_is_noticed_and_takes_nothing(position: int, ahead: int) -> None:
    """The event after the hole comes again after resuming."""
    inbox = Inbox(position)
    with pytest.raises(HoleError):
        inbox.event(position + ahead)
    assert position == inbox.position


@settings(deadline=None)
@given(st.integers(0, 50), st.integers(1, 50))
def test_previous_number_tells_a_filtered_event_from_a_hole(position: int, ahead: int) -> None:
    """Protocol: a hole is exactly `previousSequenceNumber > last`."""
    inbox = Inbox(position)
    assert Verdict.NEW is inbox.event(position + ahead, position)
    with pytest.raises(HoleError):
        inbox.event(position + ahead + 9, position + ahead + 1)


def test_a_page_may_not_leave_anything_out() -> None:
    """A page that starts later than expected is a hole too."""
    inbox = Inbox(4)
    with pytest.raises(HoleError):
        inbox.open_page(6, complete=True)


def test_a_hole_that_stays_is_given_up() -> None:
    """A server that has lost events must not make a client reconnect for ever."""
    inbox = Inbox(4)
    for _ in range(HOLE_PATIENCE - 1):
        with pytest.raises(HoleError):
            inbox.event(9)
        inbox.begin(4)
    assert Verdict.AFTER_LOSS is inbox.event(9)
    assert Verdict.NEW is inbox.event(10)


def test_what_is_no_longer_kept_is_lost_not_missing() -> None:
    """The first page says `complete: false` and starts at the oldest kept."""
    inbox = Inbox(4)
    assert inbox.open_page(100, complete=False)
    assert Verdict.NEW is inbox.in_page(100)
    inbox.close_page(100)
    assert 100 == inbox.position


def test_another_database_moves_the_position_back() -> None:
    """`auth_response` carries the head, an empty page says that nothing is as it was."""
    inbox = Inbox(50)
    inbox.begin(7)
    assert inbox.open_page(7, complete=False)
    inbox.close_page(7)
    assert Verdict.NEW is inbox.event(8)


def test_filtered_events_count_in_the_position_of_other_messages() -> None:
    """A client may always store the last number it saw."""
    inbox = Inbox(4)
    inbox.other(9)
    assert 9 == inbox.position
    assert Verdict.NEW is inbox.event(12, 4)


def test_while_lagging_nothing_is_taken_and_the_position_stands() -> None:
    """What is let go must come again after resuming."""
    inbox = Inbox(4)
    inbox.lag()
    assert Verdict.OLD is inbox.event(5)
    inbox.other(5)
    inbox.open_page(9, complete=True)
    assert Verdict.OLD is inbox.in_page(9)
    inbox.close_page(9)
    assert 4 == inbox.position
    inbox.begin(4)
    assert Verdict.NEW is inbox.event(5)
