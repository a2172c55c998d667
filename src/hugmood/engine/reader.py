"""Readers: queries, replay pages and heads, each from one snapshot of the database."""

from collections.abc import Callable

from hugmood.engine.handling import Ctx, Host, Outbox, dispatch, route
from hugmood.engine.idempotency import Memory
from hugmood.engine.records import (
    Answer,
    Ask,
    AskHeads,
    AskPage,
    Entry,
    Heads,
    Said,
    StreamPage,
)
from hugmood.engine.writer import answered, failed, is_remembered
from hugmood.errors import Rejected, unavailable
from hugmood.store.database import Database, DatabaseError, Transaction

Work = Callable[[Transaction], Said]


class Reader:
    """Answers what changes nothing, one question at a time, in the caller's thread."""

    def __init__(self, database: Database, host: Host) -> None:
        """Read from this database."""
        self._database = database
        self._host = host

    def answer(self, question: Ask | AskPage | AskHeads) -> Said:
        """Answer one question; a refusal where it is wrong or the database is not there."""
        try:
            with self._database.transaction(write=False) as tx:
                if isinstance(question, AskPage):
                    return self._page(tx, question)
                if isinstance(question, AskHeads):
                    return self._heads(tx, question)
                return self._query(tx, question)
        except Rejected as rejected:
            return Answer(question.number, refusal=rejected.refusal)
        except Exception as error:  # noqa: BLE001 (one question's trouble is not another's)
            if isinstance(question, Ask):
                return failed(question, self._host, trace=not isinstance(error, DatabaseError))
            return Answer(question.number, refusal=unavailable().refusal)

    def _query(self, tx: Transaction, ask: Ask) -> Answer:
        found = route(ask)
        now = self._host.ambient.now()
        # A query changes nothing. The first half of a command may have been done before.
        if found.command.lane == "check" and is_remembered(ask, found):
            reply = Memory(tx, now).recall(ask)
            if reply is not None:
                return Answer(ask.number, reply)
        outbox = Outbox()
        ctx = Ctx(tx, ask, now, outbox, self._host)
        return answered(ask, found, dispatch(ctx, found), outbox)

    def _page(self, tx: Transaction, question: AskPage) -> StreamPage:
        found = self._host.streams.page(tx, question.user, question.after)
        entries = [Entry(*entry) for entry in found.entries]
        return StreamPage(
            question.number, entries, found.start, found.end, found.head, found.complete
        )

    def _heads(self, tx: Transaction, question: AskHeads) -> Heads:
        position = self._host.streams.position
        return Heads(question.number, [position(tx, user) for user in question.users])
