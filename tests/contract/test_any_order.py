"""Streams against a list, whatever happens in whatever order."""

from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hugmood.store import backlog
from hugmood.store.streams import (
    PAGE_MESSAGES,
    SERVICE,
    NewEvent,
    Retention,
    Stored,
    Stretch,
)
from tests.contract.journal import HOUR, Journal
from tests.databases import Place

FLEETING = Retention(age=HOUR, events=60)
USERS = [1, 2, 256, 65_536, 1 << 32, 1 << 56]
AUTHORS = [SERVICE, 7, 8]
PIECE = 3
"""Events that are disowned at once."""


class Known(NamedTuple):
    """An event as it should be; one that was erased has no body."""

    body: bytes
    at: int
    author: int


class AnyOrder(RuleBasedStateMachine):
    """Streams against a list for each user, whatever happens in whatever order."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        journal.clear()
        self._events: dict[int, list[Known]] = {user: [] for user in USERS}
        self._count = 0

    def _new(self, batch: list[tuple[set[int], int]]) -> list[NewEvent]:
        events = []
        for users, author in batch:
            self._count += 1
            events.append(NewEvent(b"%d" % self._count, sorted(users), author))
        return events

    recipients = st.sets(st.sampled_from(USERS), min_size=1)
    authors = st.sampled_from(AUTHORS)
    batches = st.lists(st.tuples(recipients, authors), min_size=1, max_size=40)

    @rule(batch=batches)
    def append(self, batch: list[tuple[set[int], int]]) -> None:
        """Every recipient gets the next number."""
        events = self._new(batch)
        expected = []
        for event in events:
            for user in event.users:
                known = Known(event.prefix, self._journal.now, event.author)
                self._events[user].append(known)
            expected.append({user: len(self._events[user]) for user in event.users})
        assert self._journal.append(*events) == expected

    @rule(batch=batches)
    def append_in_vain(self, batch: list[tuple[set[int], int]]) -> None:
        """What is undone leaves no trace."""
        self._journal.append_in_vain(*self._new(batch))

    @rule(author=authors.filter(bool))
    def erase(self, author: int) -> None:
        """What one author caused is gone, wherever it is kept."""
        self._journal.erase(author)
        self._forget(author, heir=author)

    @rule(author=authors.filter(bool))
    def disown(self, author: int) -> None:
        """A bit at a time it is gone, and who it was."""
        while self._journal.disown(author, PIECE) == PIECE:
            pass
        self._forget(author, heir=SERVICE)

    def _forget(self, author: int, *, heir: int) -> None:
        for user, known in self._events.items():
            self._events[user] = [
                Known(b"", one.at, heir) if one.author == author else one for one in known
            ]

    @rule(minutes=st.integers(min_value=0, max_value=40))
    def wait(self, minutes: int) -> None:
        """Time passes."""
        self._journal.now += minutes * 60_000

    @rule()
    def step(self) -> None:
        """Housekeeping does one thing."""
        self._journal.streams.step(self._journal.database)
        self._journal.prune_some()

    @rule()
    def tidy(self) -> None:
        """Housekeeping does all there is."""
        self._journal.tidy()

    @rule()
    def restart(self) -> None:
        """The process starts again."""
        self._journal.start()

    @rule()
    def heads(self) -> None:
        """The newest numbers are known to the writer and to others."""
        expected = [len(self._events[user]) for user in USERS]
        assert self._journal.heads(*USERS) == expected
        assert [self._journal.position(user) for user in USERS] == expected

    @rule(user=st.sampled_from(USERS), after=st.integers(min_value=0, max_value=400))
    def page(self, user: int, after: int) -> None:
        """A page is what the list says, less what was too old or too much to keep."""
        known = self._events[user]
        page = self._journal.page(user, after)
        assert page.head == len(known)
        if after > len(known):
            assert page == Stretch([], len(known), len(known), len(known), complete=False)
            return
        assert page.complete is (page.start == after + 1)
        assert after < page.start <= max(after, self._may_be_gone(user)) + 1
        expected = list(enumerate(known, 1))[page.start - 1 :][:PAGE_MESSAGES]
        assert page.entries == [
            Stored(number, one.body, one.author) for number, one in expected if one.body
        ]
        assert page.end == page.start - 1 + len(expected)

    def _may_be_gone(self, user: int) -> int:
        known = self._events[user]
        oldest = self._journal.now - FLEETING.age
        too_old = sum(1 for one in known if one.at < oldest)
        return max(too_old, len(known) - FLEETING.events)


@pytest.mark.parametrize(
    ("dialect", "compacting", "examples"),
    [("sqlite", False, 25), ("sqlite", True, 25), ("postgres", False, 10)],
)
def test_any_order(
    place: Place,
    compacting: bool,  # noqa: FBT001 (a parameter)
    examples: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever happens in whatever order, each stream is what was appended."""
    monkeypatch.setattr(backlog, "CHUNK_USERS", 2)
    monkeypatch.setattr(backlog, "CHUNK_ROWS", 7)
    monkeypatch.setattr(backlog, "LEAST", 1.0)
    journal = Journal(place, compacting=compacting, retention=FLEETING)
    run_state_machine_as_test(
        lambda: AnyOrder(journal),  # type: ignore[arg-type]  # any callable will do
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None),
    )
