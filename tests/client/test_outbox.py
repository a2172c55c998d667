import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hugmood.client.errors import QueueFull
from hugmood.client.outbox import PATIENCE, WINDOW, Entry, Outbox

LIMIT = 12


def command(name: object) -> Entry:
    """A command that waits."""
    return Entry(str(name), "send_hug", b"{}", 0)


def query(name: object) -> Entry:
    """A query that waits."""
    return Entry(str(name), "fetch", b"{}", 0, query=True)


class Resending(RuleBasedStateMachine):
    """Any order of requests, replies, refusals and outages, with a server's memory.

    The server remembers ids, so that what it did once it does not do again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.box = Outbox(LIMIT)
        self.given: list[str] = []
        self.wire: list[str] = []
        self.effects: list[str] = []
        self.settled: set[str] = set()
        self.overtaking = False

    @rule()
    def give(self) -> None:
        """The user sends a command."""
        name = str(len(self.given))
        try:
            self.box.add(command(name))
        except QueueFull:
            assert len(self.box) == LIMIT
        else:
            self.given.append(name)

    @rule()
    def send(self) -> None:
        """The connection takes the next."""
        entry = self.box.next(self.now)
        if entry:
            assert entry.id not in self.wire, "sent twice over one connection"
            assert entry.id not in self.settled, "sent after it was answered"
            self.wire.append(entry.id)

    @precondition(lambda self: self.wire)
    @rule(lost=st.booleans())
    def answer(self, lost: bool) -> None:  # noqa: FBT001 (hypothesis fills it in)
        """The server handles the oldest message it got; the reply may be lost."""
        name = self.wire[0] if lost else self.wire.pop(0)
        if name not in self.effects:
            self.effects.append(name)
        if lost:
            self.cut()
        else:
            self.box.remove(name)
            self.settled.add(name)

    @precondition(lambda self: self.wire and self.wire[0] not in self.effects)
    @rule(milliseconds=st.integers(0, 5000))
    def refuse(self, milliseconds: int) -> None:
        """The server has no time for the oldest message."""
        name = self.wire.pop(0)
        # What is in flight behind a refused command may be accepted before it.
        self.overtaking |= bool(self.wire)
        self.box.refuse(name, self.now + milliseconds)

    @rule()
    def cut(self) -> None:
        """The connection goes, and a new one comes."""
        self.wire.clear()
        self.box.disconnected()

    @rule(milliseconds=st.integers(0, PATIENCE))
    def wait(self, milliseconds: int) -> None:
        """Time passes."""
        self.now += milliseconds

    @invariant()
    def in_order(self) -> None:
        """Commands take effect in the order in which they were given."""
        if not self.overtaking:
            assert self.effects == self.given[: len(self.effects)]

    def teardown(self) -> None:
        """At the end everything gets through."""
        while len(self.box):
            if self.wire:
                self.answer(lost=False)
            else:
                self.now = self.box.due(self.now) or self.now
                self.send()
        assert sorted(self.given) == sorted(self.effects)
        self.in_order()


TestResending = Resending.TestCase
TestResending.settings = settings(max_examples=80, deadline=None)


def test_commands_are_pipelined_over_a_connection_that_holds() -> None:
    """As many as fit into the window, then one for each answer."""
    box = Outbox(100)
    for number in range(WINDOW + 2):
        box.add(command(number))
    assert WINDOW == sum(box.next(0) is not None for _ in range(WINDOW + 2))
    box.remove("0")
    assert box.next(0)
    assert not box.next(0)


def test_after_an_outage_they_go_one_by_one() -> None:
    """So that a refusal cannot let a later one take effect before."""
    box = Outbox(10)
    for number in range(3):
        box.add(command(number))
    box.next(0)
    box.disconnected()
    assert "0" == getattr(box.next(0), "id", None)
    assert box.next(0) is None
    box.remove("0")
    assert "1" == getattr(box.next(0), "id", None)


def test_a_command_without_an_answer_does_not_hold_up_the_others_for_ever() -> None:
    """One that a server never answers must not block the queue."""
    box = Outbox(10)
    box.restore(command(0))
    box.restore(command(1))
    box.next(0)
    assert box.next(0) is None
    assert PATIENCE == box.due(0)
    assert "1" == getattr(box.next(PATIENCE), "id", None)


def test_queries_are_in_nobodys_way() -> None:
    """They pass waiting commands, and their own refusals hold up no command."""
    box = Outbox(10)
    for entry in (command(0), command(1), query(2)):
        box.restore(entry) if not entry.query else box.add(entry)
    assert "2" == getattr(box.next(0), "id", None)
    assert "0" == getattr(box.next(0), "id", None)
    box.refuse("2", 5000)
    box.remove("0")
    assert "1" == getattr(box.next(0), "id", None)
    assert box.next(4999) is None
    assert "2" == getattr(box.next(5000), "id", None)


def test_a_refused_command_waits_as_long_as_it_is_told() -> None:
    """And with it all that come after."""
    box = Outbox(10)
    box.add(command(0))
    box.next(0)
    box.refuse("0", 7000)
    box.add(command(1))
    assert box.next(6999) is None
    assert 7000 == box.due(6999)
    assert "0" == getattr(box.next(7000), "id", None)


def test_a_full_queue_says_so() -> None:
    """Rather than forgetting anything."""
    box = Outbox(1)
    box.add(command(0))
    with pytest.raises(QueueFull):
        box.add(command(1))
