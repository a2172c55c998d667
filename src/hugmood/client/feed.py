"""What comes in, on its way to the user: judged, typed, and held until asked for."""

import asyncio
import logging
from collections import deque
from typing import Final, NamedTuple

from msgspec import UNSET

from hugmood.ambient import Ambient, Instant
from hugmood.client.inbox import Inbox, Verdict
from hugmood.client.incoming import (
    ClientEvent,
    HistoryLost,
    Incoming,
    Received,
    decode,
    payload,
    read,
)
from hugmood.client.journal import Journal
from hugmood.client.waking import Bell
from hugmood.wire.message import PUSHES, Event, MissedMessages, wire_word

_LOG: Final = logging.getLogger(__name__)
_NOT_FOR_USERS: Final = frozenset({"ping", "connection_close", "error", "auth_response"})


class _Held(NamedTuple):
    received: Received
    position: int | None
    """Where the stream has been read up to when the user is done with this."""


class Feed:
    """A stream's events in order, each once, and what else the server says.

    At most `limit` are held, and a page more. When it is full the connection is not
    read on, unless a reply is awaited on it: then events that do not fit are dropped,
    and fetched again from the stream when half is free. `position` is what the user is
    done with; it is kept in the journal.
    """

    def __init__(self, journal: Journal, limit: int, ambient: Ambient, bell: Bell) -> None:
        """Go on after the journal's position."""
        self._journal = journal
        self._limit = limit
        self._ambient = ambient
        self._bell = bell
        self._inbox = Inbox(journal.kept.position)
        self._held: deque[_Held] = deque()
        self._in_hand = False
        self._done_with: int | None = None
        self._done = journal.kept.position
        self._asking: asyncio.Event | None = None
        self._end: Exception | None = None

    # What arrives

    @property
    def received(self) -> int | None:
        """The number to resume after over a new connection."""
        return self._inbox.position

    @property
    def full(self) -> bool:
        """Whether the next event would not fit."""
        return len(self._held) >= self._limit

    @property
    def wants_more(self) -> bool:
        """Whether events were dropped and there is room for them now."""
        return self._inbox.lagging and len(self._held) <= self._limit // 2

    def begin(self, number: int) -> None:
        """Start a connection at the number of its `auth_response`."""
        self._inbox.begin(number)
        self._settle()

    def restart(self) -> None:
        """Begin another user's stream; what is held says nothing of its position."""
        self._inbox = Inbox()
        self._held = deque(held._replace(position=None) for held in self._held)
        self._done_with = self._done = None
        self._journal.position(None)

    def take(self, message: Incoming) -> None:
        """Take any message of the live connection; raises `HoleError`."""
        kind = PUSHES.get(message.type)
        if message.type == MissedMessages.wire_type:
            self._take_page(decode(MissedMessages, message.data))
        elif message.previous_sequence_number is not UNSET or (kind and issubclass(kind, Event)):
            self._take_event(message)
        elif kind is None and not _is_reply(message):
            self._take_unknown(message)
        else:
            self._inbox.other(message.sequence_number)
            if kind and message.type not in _NOT_FOR_USERS:
                self._hold(message, None)
        self._settle()

    def tell(self, event: ClientEvent, message_id: str = "") -> None:
        """Tell the user something that the client itself has to say."""
        if len(self._held) >= 2 * self._limit and not isinstance(event, HistoryLost):
            _LOG.warning("nobody asks for events: the outcome of %s is dropped", message_id)
            return
        kind = wire_word(type(event).__name__)
        now = Instant(self._ambient.now())
        position = event.position if isinstance(event, HistoryLost) else None
        self._put(Received(None, kind, message_id, now, event), position)

    def end(self, error: Exception) -> None:
        """Give out what is held, then raise this."""
        self._end = self._end or error
        self._wake()

    # What the user takes

    @property
    def position(self) -> int | None:
        """The number up to which the user is done with everything."""
        return self._done

    async def next(self) -> Received:
        """Wait for the next event; the one before is then done with."""
        self.done()
        while not self._held:
            if self._end:
                raise self._end
            await self._wait()
        held = self._held.popleft()
        self._in_hand = True
        self._done_with = held.position
        self._bell.ring()
        return held.received

    def done(self) -> None:
        """Note that the event given out last is done with."""
        if self._in_hand:
            self._in_hand = False
            self._move_to(self._done_with)
        self._settle()

    # Within

    def _take_event(self, message: Incoming) -> None:
        if self.full:
            self._inbox.lag()
        previous = message.previous_sequence_number
        verdict = self._inbox.event(
            message.sequence_number, None if previous is UNSET else previous
        )
        if verdict is Verdict.AFTER_LOSS:
            self.tell(HistoryLost(message.sequence_number - 1))
        if verdict is not Verdict.OLD:
            self._hold(message, message.sequence_number)

    def _take_unknown(self, message: Incoming) -> None:
        """Take what may be an event or not; an event has the next number.

        What is further ahead shows a position that moved on past filtered events.
        """
        if message.sequence_number == (self._inbox.position or 0) + 1:
            self._take_event(message)
        else:
            self._inbox.other(message.sequence_number)
            self._hold(message, None)

    def _take_page(self, page: MissedMessages) -> None:
        if self.full:
            self._inbox.lag()
        if self._inbox.open_page(page.start_sequence, complete=page.complete is UNSET):
            self.tell(HistoryLost(page.start_sequence - 1))
        for raw in page.messages:
            message = read(raw)
            if self._inbox.in_page(message.sequence_number) is Verdict.NEW:
                self._hold(message, message.sequence_number)
        self._inbox.close_page(page.end_sequence)

    def _hold(self, message: Incoming, number: int | None) -> None:
        if number is None and self.full:
            return  # not stored anywhere, and old by the time there is room
        received = Received(number, message.type, message.id, message.timestamp, payload(message))
        self._put(received, number)

    def _put(self, received: Received, position: int | None) -> None:
        self._held.append(_Held(received, position))
        self._wake()

    def _settle(self) -> None:
        """Count as done with what nobody has to be given: filtered events."""
        if not self._held and not self._in_hand:
            self._move_to(self._inbox.position)

    def _move_to(self, position: int | None) -> None:
        if position is not None:
            self._done = position
            self._journal.position(position)

    async def _wait(self) -> None:
        if self._asking:
            message = "only one at a time may ask for events"
            raise RuntimeError(message)
        self._asking = asyncio.Event()
        try:
            await self._asking.wait()
        finally:
            self._asking = None

    def _wake(self) -> None:
        if self._asking:
            self._asking.set()


def _is_reply(message: Incoming) -> bool:
    return message.type.endswith("_response") and message.id.endswith("-resp")
