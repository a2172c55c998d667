"""Where a connection stands in its user's stream: replayed and live, merged.

A pure function of what arrives. Live events come from the hub as commits happen,
pages from a reader that looks at the stream at some later moment; the two may
interleave in any way. Whatever the order, a connection gets each number once, in
order, and nothing is skipped but what was filtered (protocol: Sequence Numbers).
"""

from enum import Enum


class Verdict(Enum):
    """What to do with a live event."""

    SEND = "send"
    SKIP = "skip"
    """It was sent already, or a page that is on its way will bring it."""
    FETCH = "fetch"
    """Something before it is missing here: ask for a page after `position`."""


class Cursor:
    """One connection's place in a stream.

    `position` is the last number done with, sent or filtered; `sent` the last that
    was really sent. While `following`, live events go out as they come; otherwise
    pages are fetched until they reach every number that was announced.
    """

    __slots__ = ("_page_end", "following", "newest", "position", "sent")

    def __init__(self, position: int, *, newest: int) -> None:
        """Stand at `position` of a stream whose head is known to be `newest`."""
        self.position = position
        self.sent = position
        self.newest = newest
        self.following = newest <= position
        self._page_end = -1

    def follow(self, number: int) -> bool:
        """Take a live event if it is the very next one, the common case.

        True: send it, without `previousSequenceNumber`. False: ask `offer`.
        """
        if self.following and number - 1 == self.position == self.sent:
            self.position = self.sent = number
            return True
        return False

    def offer(self, number: int) -> Verdict:
        """Judge a live event; on SEND the caller sends it and calls `take`."""
        if self.following:
            if number == self.position + 1:
                return Verdict.SEND
            if number <= self.position:
                return Verdict.SKIP
            self.following = False
            self.newest = number
            return Verdict.FETCH
        self.newest = max(self.newest, number)
        return Verdict.SKIP

    def take(self, number: int) -> int | None:
        """Note that this event is sent; return the `previousSequenceNumber` it needs.

        None where the event before it was the one numbered one less.
        """
        previous = self.sent if self.sent != number - 1 else None
        self.position = self.sent = number
        return previous

    def pass_over(self, number: int) -> None:
        """Note that this event, the next one, is not for this connection."""
        self.position = number

    def lag(self) -> None:
        """Stop following, for the socket cannot take more; pages come later."""
        self.following = False

    def announce(self, newest: int) -> bool:
        """Learn how long the stream is; True if a page must be fetched for it."""
        # A page that is on its way may have been read before this was known.
        self.newest = max(self.newest, newest)
        if newest <= self.position or not self.following:
            return False
        self.following = False
        return True

    def lost(self, position: int) -> None:
        """Go on after what is no longer kept, or from the head of another stream."""
        self.position = self.sent = position

    def end_page(self, end: int, head: int) -> bool:
        """Finish a page that covers all up to `end`; True if another is needed."""
        self.position = max(self.position, end)
        self.newest = max(self.newest, head)
        if self.position == self._page_end:
            # Asked for a number that was announced, and it is not there: the stream is
            # that of an older database. Asking on would never end.
            self.newest = self.position
        self.following = self.position >= self.newest
        self._page_end = -1 if self.following else self.position
        return not self.following
