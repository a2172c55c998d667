"""Readers: queries, replay pages and heads, each from one snapshot of the database."""

from collections.abc import Iterable, Iterator

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

Question = Ask | AskPage | AskHeads


class Reader:
    """Answers what changes nothing, one question at a time, in the caller's thread."""

    def __init__(self, database: Database, host: Host) -> None:
        """Read from this database."""
        self._database = database
        self._host = host

    def answers(self, questions: Iterable[Question]) -> Iterator[Said]:
        """Answer questions from one snapshot, each when it is taken from `questions`.

        A refusal is the answer where one is wrong or the database is not there; after that
        the snapshot is another.
        """
        waiting = iter(questions)
        question = next(waiting, None)
        while question is not None:
            try:
                with self._database.transaction(write=False) as tx:
                    while question is not None:
                        said = self._answer(tx, question)
                        question = next(waiting, None)
                        yield said
            except DatabaseError:
                if question is not None:
                    yield self._failed(question, trace=False)
                    question = next(waiting, None)

    def answer(self, question: Question) -> Said:
        """Answer one question."""
        (said,) = self.answers([question])
        return said

    def _answer(self, tx: Transaction, question: Question) -> Said:
        try:
            if isinstance(question, AskPage):
                return self._page(tx, question)
            if isinstance(question, AskHeads):
                return self._heads(tx, question)
            return self._query(tx, question)
        except Rejected as rejected:
            return Answer(question.number, refusal=rejected.refusal)
        except DatabaseError:
            raise
        except Exception:  # noqa: BLE001 (one question's trouble is not another's)
            return self._failed(question, trace=True)

    def _failed(self, question: Question, *, trace: bool) -> Answer:
        if isinstance(question, Ask):
            return failed(question, self._host, trace=trace)
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
