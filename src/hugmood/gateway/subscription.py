"""One subscription's place in its user's stream: replayed and live, each number once."""

from typing import Protocol

from hugmood.engine.link import Engine, Reply
from hugmood.engine.records import Caller, Heads, StreamPage
from hugmood.gateway.outgoing import Outgoing
from hugmood.gateway.told import Telling
from hugmood.wire.cursor import Cursor, Verdict


class Sink(Protocol):
    """Where a subscription's payloads go."""

    def next(self, payload: bytes, number: int) -> None:
        """Take the next one; `number` is that of the event, 0 for a notice."""
        ...

    def failed(self) -> None:
        """Take notice that it cannot go on."""
        ...

    @property
    def full(self) -> bool:
        """Whether nothing more should come for now."""
        ...


class Subscription:
    """What one subscription has been told, and what comes next.

    It begins where its user's stream stands when it is asked, or after a number. What
    happens until that is known is not lost: it is fetched.
    """

    def __init__(
        self, caller: Caller, telling: Telling, after: int | None, engine: Engine, sink: Sink
    ) -> None:
        """Tell this person's events in this way, beginning `after` a number or now."""
        self._caller = caller
        self._telling = telling
        self._after = after
        self._engine = engine
        self._sink = sink
        self._cursor: Cursor | None = None
        self._seen = 0
        self._fetching = False
        self._over = False
        engine.ask_heads([caller.key], self._begin)

    def stop(self) -> None:
        """Tell nothing more."""
        self._over = True

    # What the hub tells

    def deliver(self, event: Outgoing, number: int) -> None:
        """Take an event as it happens."""
        cursor = self._cursor
        if cursor is None:
            self._seen = max(self._seen, number)
        elif cursor.follow(number):
            self._tell(event, number)
        else:
            verdict = cursor.offer(number)
            if verdict is Verdict.SEND:
                cursor.take(number)
                self._tell(event, number)
            elif verdict is Verdict.FETCH:
                self._fetch()

    def notify(self, notice: Outgoing) -> None:
        """Take a notice, which has no number."""
        if self._cursor is not None and not self._sink.full:
            payload = self._telling(notice, 0)
            if payload is not None:
                self._sink.next(payload, 0)

    def announce(self, head: int) -> None:
        """Learn how long the stream is."""
        self._seen = max(self._seen, head)
        if self._cursor is not None and self._cursor.announce(head):
            self._fetch()

    def lag(self) -> None:
        """Stop following, for nothing more can be taken now."""
        if self._cursor is not None:
            self._cursor.lag()

    def go_on(self) -> None:
        """Fetch what came since `lag`."""
        if self._cursor is not None and not self._cursor.following:
            self._fetch()

    # Within

    def _begin(self, reply: Reply) -> None:
        if self._over:
            return
        if not isinstance(reply, Heads):
            self._fail()
            return
        (head,) = reply.heads
        newest = max(head, self._seen)
        start = head if self._after is None else self._after
        self._cursor = Cursor(start, newest=newest)
        if start > newest:
            self._lost(newest)
            self._cursor = Cursor(newest, newest=newest)
        elif not self._cursor.following:
            self._fetch()

    def _fetch(self) -> None:
        if not self._fetching and self._cursor is not None:
            self._fetching = True
            self._engine.ask_page(self._caller.key, self._cursor.position, self._page_came)

    def _page_came(self, reply: Reply) -> None:
        self._fetching = False
        cursor = self._cursor
        if self._over or cursor is None:
            return
        if not isinstance(reply, StreamPage):
            self._fail()
            return
        if not reply.complete:
            cursor.lost(reply.start - 1)
            self._lost(reply.start - 1)
        for entry in reply.entries:
            cursor.take(entry.number)
            self._tell(Outgoing(entry.prefix, entry.author), entry.number)
        if cursor.end_page(reply.end, reply.head) and not self._sink.full and not self._over:
            self._fetch()

    def _tell(self, event: Outgoing, number: int) -> None:
        payload = self._telling(event, number)
        if payload is not None:
            self._sink.next(payload, number)

    def _lost(self, number: int) -> None:
        payload = self._telling.lost(number)
        if payload is not None:
            self._sink.next(payload, number)

    def _fail(self) -> None:
        self._over = True
        self._sink.failed()
