"""PostgreSQL: what is for very many people waits in `fanout`, and reaches some of them at a time.

A row of `inbox` costs PostgreSQL nine microseconds. To write 10,000 of them with the command would
hold up for 90 ms whoever asks meanwhile. So the command's transaction keeps the event and whose it
is next, and gives only the author a number; steps of their own, between other commands, number it
for the others. Rows of `fanout` are worked off in their order, by one node at a time, and what an
author causes while an earlier event waits goes after it: all hear of it in its order (ADR 18).
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from hugmood.store.database import Row, Transaction
from hugmood.store.postgres_together import array
from hugmood.store.streams import SERVICE, NewEvent

AT_ONCE: Final = 1_000
"""People, beside its author, who are given an event by one transaction: some 5 ms.

What is for more waits.
"""
STEPS_LIMIT: Final = 1_000
"""Steps that may wait, some 5 seconds' work, before more than one at a time follows commands."""
_HELP: Final = 3
"""So many more do then: some 20 ms in all, in which nobody is answered."""
STEPS_FULL: Final = 20_000
"""No more may wait: whoever adds to them, and all who ask meanwhile, wait until they are done."""

_PUT = "INSERT INTO fanout (event_id, author, users) VALUES (:event, :author, :users)"
_BEHIND = "SELECT DISTINCT author FROM fanout WHERE author = ANY (:authors::bigint[])"
# Another node may be at the oldest: then it goes on with what follows, and this one has nothing.
_TAKE = """
    WITH taken AS (
        DELETE FROM fanout WHERE key = (
            SELECT key FROM fanout WHERE key = (SELECT min(key) FROM fanout)
            FOR UPDATE SKIP LOCKED)
        RETURNING event_id, users)
    SELECT taken.event_id, taken.users, event.body, event.author
    FROM taken LEFT JOIN event ON event.id = taken.event_id
"""
_LEAVE_OUT = """
    UPDATE fanout SET users = array_remove(users, :user::bigint) WHERE :user = ANY (users)
"""


class Kept(NamedTuple):
    """An event in the database, and those it is for."""

    id: int
    event: NewEvent


class Backlog:
    """Which events wait for most of their recipients; `fanout` alone knows for sure."""

    def __init__(self) -> None:
        """Know of nothing; a step finds out."""
        self._steps = 0
        self._authors: set[int] = set()
        """Who may have caused something that waits: their next events wait, too."""

    @property
    def steps_owed(self) -> int:
        """How many steps are due after a batch of commands: few, so that nobody waits long."""
        if not self._steps:
            return 0
        few = 1 + min(max(0, self._steps - STEPS_LIMIT), _HELP)
        return max(few, self._steps - STEPS_FULL)

    def put(self, tx: Transaction, events: Iterable[Kept]) -> list[Kept]:
        """Let wait what has to; return what is to be numbered in this transaction.

        Of an event that waits that is its author, whose devices know that it was said.
        """
        at_once = []
        waiting: list[dict[str, object]] = []
        for kept in events:
            author, users = kept.event.author, kept.event.users
            if len(users) <= AT_ONCE + (author in users) and author not in self._authors:
                at_once.append(kept)
                continue
            if author in users:
                at_once.append(Kept(kept.id, kept.event._replace(users=[author])))
            if author != SERVICE:
                self._authors.add(author)
            others = sorted(user for user in users if user != author)
            waiting += [
                {"event": kept.id, "author": author, "users": array(others[at : at + AT_ONCE])}
                for at in range(0, len(others), AT_ONCE)
            ]
        if waiting:
            tx.execute_many(_PUT, waiting)
            self._steps += len(waiting)
        return at_once

    def ask_behind(self, tx: Transaction, events: Iterable[Kept]) -> Callable[[], list[Row]]:
        """Ask which authors of these have an earlier event that waits."""
        authors = {kept.event.author for kept in events} - self._authors - {SERVICE}
        return tx.ask(_BEHIND, {"authors": array(authors)})

    def found_behind(self, authors: Iterable[int]) -> None:
        """Note that something these authors caused waits: another node put it there."""
        self._authors.update(authors)

    def take(self, tx: Transaction) -> Kept | None:
        """Take what has waited longest, for some of its recipients; None if nothing does.

        It has no recipients if it was erased meanwhile.
        """
        rows = tx.rows(_TAKE)
        if not rows:
            return None
        key, users, body, author = rows[0]
        if not body:
            return Kept(key, NewEvent(b"", ()))
        return Kept(key, NewEvent(bytes(body), users, author))

    def done(self, *, found: bool) -> None:
        """End a step, whose transaction is committed: did it find anything?"""
        self._steps = max(self._steps - 1, 1) if found else 0
        if not found:
            self._authors.clear()

    def leave_out(self, tx: Transaction, user: int) -> None:
        """Have nothing reach a user who is no more."""
        tx.execute(_LEAVE_OUT, {"user": user})
