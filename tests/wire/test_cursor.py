"""Replay merged with live events, whatever order commits, crashes and pages come in."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hugmood.wire.cursor import Cursor, Verdict


def test_follows_at_the_head() -> None:
    """Who asks for nothing stands at the head and follows."""
    cursor = Cursor(5, newest=5)
    assert (True, 5, 5) == (cursor.following, cursor.position, cursor.sent)


def test_does_not_follow_behind_the_head() -> None:
    """Who missed something gets pages first."""
    assert not Cursor(4, newest=5).following


def test_next_event_is_sent() -> None:
    """The next number goes out as it comes."""
    assert Cursor(5, newest=5).offer(6) is Verdict.SEND


@pytest.mark.parametrize("number", [1, 4, 5])
def test_event_already_sent_is_skipped(number: int) -> None:
    """A number seen before, told again after a crash, is not sent again."""
    cursor = Cursor(5, newest=5)
    assert cursor.offer(number) is Verdict.SKIP
    assert cursor.following


def test_event_after_a_hole_fetches() -> None:
    """A number that does not follow stops the live events until a page came."""
    cursor = Cursor(5, newest=5)
    assert cursor.offer(7) is Verdict.FETCH
    assert cursor.offer(8) is Verdict.SKIP
    assert cursor.end_page(7, 7)  # 8 was announced as well
    assert not cursor.end_page(8, 8)
    assert cursor.following


def test_previous_is_left_out_where_it_is_one_less() -> None:
    """An unbroken stream needs no `previousSequenceNumber`."""
    assert Cursor(5, newest=5).take(6) is None


def test_previous_names_the_last_one_sent() -> None:
    """After a filtered number the next event says which one came before it."""
    cursor = Cursor(5, newest=8)
    assert cursor.take(7) == 5
    assert cursor.take(8) is None


def test_filtered_numbers_count_for_the_position() -> None:
    """A page that ends in filtered numbers moves the position, not what was sent."""
    cursor = Cursor(5, newest=8)
    cursor.take(6)
    assert not cursor.end_page(8, 8)
    assert (8, 6) == (cursor.position, cursor.sent)
    assert cursor.take(9) == 6


def test_lost() -> None:
    """After what is no longer kept nothing points back."""
    cursor = Cursor(5, newest=90)
    cursor.lost(80)
    assert cursor.take(81) is None


def test_announcement_of_what_is_known() -> None:
    """A restart during which nothing happened fetches nothing."""
    cursor = Cursor(5, newest=5)
    assert not cursor.announce(5)
    assert cursor.following


def test_announcement_of_more() -> None:
    """A restart after which the stream is longer fetches the rest."""
    cursor = Cursor(5, newest=5)
    assert cursor.announce(6)
    assert not cursor.following


def test_announcement_while_a_page_is_on_its_way() -> None:
    """The page was read before the event was committed, and its engine died.

    The announcement came between the two, and used to be forgotten: the event was
    fetched only when the next one was delivered.
    """
    cursor = Cursor(4, newest=5)
    assert not cursor.announce(6)  # the page is on its way, no other is needed yet
    assert cursor.end_page(5, 5)
    assert not cursor.end_page(6, 6)
    assert cursor.following


def test_page_that_ends_with_an_event() -> None:
    """Its last event moved the position to its end: there is more all the same.

    That used to be taken for a page without progress, and replay ended after one page.
    """
    cursor = Cursor(0, newest=3)
    cursor.take(1)
    assert cursor.end_page(1, 3)


def test_page_that_knows_of_more() -> None:
    """A page says how long the stream has become: the rest is fetched at once."""
    cursor = Cursor(0, newest=1)
    cursor.take(1)
    assert cursor.end_page(1, 2)


def test_event_while_a_page_without_news_is_on_its_way() -> None:
    """A socket was full; its page was read before the event was committed.

    The event, skipped because the page would bring it, used to wait for the next one.
    """
    cursor = Cursor(5, newest=5)
    cursor.lag()
    assert cursor.offer(6) is Verdict.SKIP
    assert cursor.end_page(5, 5)
    assert not cursor.end_page(6, 6)
    assert cursor.following


def test_stream_that_became_shorter() -> None:
    """A database restored from a backup ends the fetching, and live events go on."""
    cursor = Cursor(5, newest=5)
    assert cursor.offer(9) is Verdict.FETCH
    assert [True, False] == [cursor.end_page(6, 6), cursor.end_page(6, 6)]
    assert cursor.offer(7) is Verdict.SEND


@dataclass
class Page:
    """What a reader saw when it looked."""

    entries: list[int]
    start: int
    end: int
    head: int
    complete: bool


class Merge(RuleBasedStateMachine):
    """A stream, an engine that may die, a reader, one connection and its client.

    Where the gateway drives a cursor (`Peer`) this does the same.
    """

    @initialize(
        stream=st.lists(st.booleans(), max_size=8),
        missed=st.integers(0, 8),
        resume=st.booleans(),
        data=st.data(),
    )
    def sign_in(self, stream: list[bool], missed: int, *, resume: bool, data: Any) -> None:  # noqa: ANN401
        """Come to a stream that may be longer than what was seen before."""
        self.filtered = dict(enumerate(stream, 1))
        self.head = len(stream)
        self.pruned = 0
        self.told: list[int] = []
        """Events that the engine has committed and that have not reached the gateway."""
        self.heads_asked = 0
        self.heads: list[int] = []
        """Announcements on their way."""
        self.asked: int | None = None
        self.page: Page | None = None
        self.lagging = False

        position = max(0, self.head - missed) if resume else self.head
        self.cursor = Cursor(position, newest=self.head if resume else position)
        self.last = self.first = position
        self.received: list[int] = []
        self.forgiven: set[int] = set()
        if not self.cursor.following:
            self.fetch()

    # The engine

    @rule(filtered=st.booleans())
    def commit(self, *, filtered: bool) -> None:
        """An event takes a number; a filtered one is not told."""
        self.head += 1
        self.filtered[self.head] = filtered
        if not filtered:
            self.told.append(self.head)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), again=st.booleans())
    def deliver(self, data: Any, *, again: bool) -> None:  # noqa: ANN401
        """An event reaches the gateway, perhaps out of order, perhaps not for the last time."""
        index = data.draw(st.integers(0, len(self.told) - 1))
        self.offer(self.told[index])
        if not again:
            del self.told[index]

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def crash(self, data: Any) -> None:  # noqa: ANN401
        """The writer dies and takes with it some of what it had not told."""
        kept = data.draw(st.lists(st.booleans(), min_size=len(self.told), max_size=len(self.told)))
        self.told = [number for number, keep in zip(self.told, kept, strict=True) if keep]
        self.heads_asked += 1

    @precondition(lambda self: self.heads_asked)
    @rule()
    def look_at_head(self) -> None:
        """A reader looks how long the stream is."""
        self.heads_asked -= 1
        self.heads.append(self.head)

    @precondition(lambda self: self.heads)
    @rule(data=st.data())
    def announce(self, data: Any) -> None:  # noqa: ANN401
        """The length reaches the gateway."""
        if self.cursor.announce(self.heads.pop(data.draw(st.integers(0, len(self.heads) - 1)))):
            self.fetch()

    @precondition(lambda self: self.asked is not None)
    @rule(size=st.integers(1, 5))
    def look_at_page(self, size: int) -> None:
        """A reader looks at what follows the position that the question named."""
        assert self.asked is not None
        after = max(self.asked, self.pruned)
        entries = [n for n in range(after + 1, self.head + 1) if not self.filtered[n]]
        end = entries[size - 1] if len(entries) > size else self.head
        self.page = Page(entries[:size], after + 1, end, self.head, self.asked >= self.pruned)
        self.asked = None

    @precondition(lambda self: self.page)
    @rule()
    def take_page(self) -> None:
        """The page reaches the gateway, which may or may not ask for another."""
        page, self.page = self.page, None
        assert page is not None
        if not page.complete:
            self.forgiven |= set(range(self.cursor.position + 1, page.start))
            self.cursor.lost(page.start - 1)
            self.last = page.start - 1
        for number in page.entries:
            self.receive(number, self.cursor.take(number))
        if self.cursor.end_page(page.end, page.head) and not self.lagging:
            self.fetch()

    @rule(keep=st.integers(0, 3))
    def prune(self, keep: int) -> None:
        """What is too old is dropped."""
        self.pruned = max(self.pruned, self.head - keep - 5)

    # The socket and the client behind it

    @rule()
    def lag(self) -> None:
        """The socket is full."""
        self.lagging = True
        self.cursor.lag()

    @precondition(lambda self: self.lagging)
    @rule()
    def drain(self) -> None:
        """The socket has room again."""
        self.lagging = False
        if not self.cursor.following:
            self.fetch()

    @rule()
    def reply(self) -> None:
        """Any other message carries the position, which never goes back."""
        assert self.cursor.position >= self.last
        self.last = self.cursor.position

    def fetch(self) -> None:
        """Ask for a page, unless one is on its way."""
        if self.asked is None and self.page is None:
            self.asked = self.cursor.position

    def offer(self, number: int) -> None:
        """Do what the cursor says about a live event."""
        verdict = self.cursor.offer(number)
        if verdict is Verdict.SEND:
            self.receive(number, self.cursor.take(number))
        elif verdict is Verdict.FETCH:
            self.fetch()

    def receive(self, number: int, previous: int | None) -> None:
        """Be a client that looks for holes as the protocol tells it to."""
        assert (number - 1 if previous is None else previous) <= self.last
        self.received.append(number)
        self.last = number

    # What must hold

    @property
    def expected(self) -> list[int]:
        """Every number after the first position that nobody may leave out."""
        numbers = range(self.first + 1, self.head + 1)
        return [n for n in numbers if not self.filtered[n] and n not in self.forgiven]

    @invariant()
    def each_once_and_in_order(self) -> None:
        """What was sent is a beginning of what has to be sent."""
        assert self.expected[: len(self.received)] == self.received

    @invariant()
    def never_forgotten(self) -> None:
        """A connection that does not follow has a page, or room, to wait for."""
        waits = self.lagging or self.asked is not None or self.page is not None
        assert self.cursor.following or waits

    def teardown(self) -> None:
        """Let everything arrive: the client has all of it, and follows."""
        if not hasattr(self, "cursor"):
            return
        self.heads += [self.head] * self.heads_asked
        while self.told:
            self.offer(self.told.pop(0))
        for head in self.heads:
            if self.cursor.announce(head):
                self.fetch()
        if self.lagging:
            self.drain()
        for _ in range(self.head + 3):
            if self.asked is not None:
                self.look_at_page(2)
            if self.page is not None:
                self.take_page()
        assert self.cursor.following
        assert self.expected == self.received


TestMerge = Merge.TestCase
TestMerge.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
