"""Who is online: told to every process that has to know, and by the writer to others."""

import asyncio

import pytest

from hugmood.engine.link import Callback, EngineLink, _Worker
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import (
    Answer,
    Ask,
    Caller,
    Frames,
    Presence,
    Question,
    read_questions,
)
from hugmood.engine.worker import MAX_BATCH, ReadWork, WriteWork
from hugmood.errors import Refusal, invalid, unavailable
from hugmood.store.database import DatabaseUnavailable
from hugmood.wire.message import Lane
from tests.world import World


class QuietWorker:
    """An engine process that is there, and answers when the test says so."""

    ready = True

    def __init__(self) -> None:
        self.told: list[Question] = []
        self.asked: list[Presence] = []
        self.callbacks: list[Callback] = []

    def put(self, question: Question) -> None:
        """Take what needs no answer."""
        self.told.append(question)

    def ask(self, question: Presence, callback: Callback) -> None:
        """Take a question."""
        self.asked.append(question)
        self.callbacks.append(callback)

    def answer(self, refusal: Refusal | None = None) -> None:
        """Answer the question asked last."""
        self.callbacks[-1](Answer(self.asked[-1].number, refusal=refusal))

    def give_up(self, now: float) -> None:
        """Have nothing that waits."""


class QuietLink(EngineLink):
    """A link to such processes."""

    def __init__(self) -> None:
        super().__init__(b"{}", Nursery())
        self.writer, self.checker, self.reader = (QuietWorker() for _ in range(3))
        self._write = self.writer  # type: ignore[assignment]
        self._check = self.checker  # type: ignore[assignment]
        self._readers = [self.reader]  # type: ignore[list-item]
        self._workers = [self.writer, self.checker, self.reader]  # type: ignore[list-item]
        self.restarted = 0
        self.listener = self  # type: ignore[assignment]

    def engine_restarted(self) -> None:
        """Count."""
        self.restarted += 1


@pytest.fixture
def link() -> QuietLink:
    """A link whose processes are quiet."""
    return QuietLink()


@pytest.fixture
def write(world: World) -> WriteWork:
    """The writer's work in a world with nobody in it."""
    return WriteWork(world.database, world.engine._make_host())


# The link


def test_all_are_told(link: QuietLink) -> None:
    """A change is news to the writer and known to the readers; the checker needs none."""
    link.presence([1], [2])
    assert link.writer.asked == [Presence([1], [2], number=1)]
    assert (link.reader.told, link.checker.told) == ([Presence([1], [2])], [])


@pytest.mark.parametrize("lane", ["writer", "reader"])
def test_greeting(link: QuietLink, lane: str) -> None:
    """A process that starts again is told who is there, which is no news."""
    link.presence([1, 2], [])
    link.presence([], [2])
    worker: QuietWorker = getattr(link, lane)
    worker.told.clear()
    link.greet(worker)  # type: ignore[arg-type]
    assert worker.told == [Presence([1], [])]


def test_checker_is_not_greeted(link: QuietLink) -> None:
    """The checker has no use for it."""
    link.presence([1], [])
    link.greet(link.checker)  # type: ignore[arg-type]
    assert (link.checker.told, link.restarted) == ([], 0)


async def sweep(link: QuietLink) -> None:
    """Let a second pass."""
    link._sweep()
    assert link._sweeper is not None
    link._sweeper.cancel()
    await asyncio.sleep(0)


async def test_news_is_kept_until_it_was_told(link: QuietLink) -> None:
    """A change that could not be told is told later, as it is then, until it was."""
    link.presence([1, 2], [])
    link.writer.answer(unavailable().refusal)
    link.presence([], [2])
    link.writer.answer()
    await sweep(link)
    assert link.writer.asked[2:] == [Presence([1], [], number=3)]
    link.writer.answer()
    await sweep(link)
    assert len(link.writer.asked) == 3


async def test_news_of_who_has_gone_since(link: QuietLink) -> None:
    """What could not be told twice is told once."""
    link.presence([1], [])
    link.writer.answer(unavailable().refusal)
    link.presence([], [1])
    link.writer.answer(unavailable().refusal)
    await sweep(link)
    assert link.writer.asked[2:] == [Presence([], [1], number=3)]


async def test_news_that_nobody_wants(link: QuietLink) -> None:
    """Where no feature handles it there is no use in asking again."""
    link.presence([1], [])
    link.writer.answer(invalid("type", "unknown_type").refusal)
    await sweep(link)
    assert len(link.writer.asked) == 1


async def test_news_waits_for_the_writer(link: QuietLink) -> None:
    """Nothing is asked again of a writer that is not there."""
    link.presence([1], [])
    link.writer.answer(unavailable().refusal)
    link.writer.ready = False
    await sweep(link)
    assert len(link.writer.asked) == 1


# A process that starts again


class Pipe(asyncio.Transport):
    """The gateway's end of a socket pair, which keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = Frames()
        self._written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the frames."""
        self._written += self._frames.feed(bytes(data))

    def close(self) -> None:
        """Have nothing to let go of."""

    @property
    def questions(self) -> list[Question]:
        """What was asked, after the configuration."""
        return [question for frame in self._written[1:] for question in read_questions(frame)]


def command(number: int, user: int) -> Ask:
    """A command of this user."""
    caller = Caller(user, f"user-{user}", "session-1", guest=False)
    return Ask(number, "status_update", "msg-1", b"{}", caller, None, "client-1", "")


@pytest.mark.parametrize("lane", ["write", "read"])
async def test_notices_after_a_death(link: QuietLink, lane: Lane) -> None:
    """Of whose commands were in hand when the writer died, others are told once more."""
    worker = _Worker(lane, b"{}", Nursery(), link)
    link._write = worker if lane == "write" else link._write
    worker.connection_made(Pipe())
    worker.ask(command(1, user=7), lambda _: None)
    worker.connection_lost(None)
    link._online = {7, 8}
    again = Pipe()
    worker.connection_made(again)
    await asyncio.sleep(0)
    worker.stop()
    expected: list[Question] = [Presence([7, 8], []), command(1, user=7)]
    expected += [Presence([], [], again=[7], number=1)] if lane == "write" else []
    assert again.questions == expected


# The lanes


def said(work: WriteWork | ReadWork, *questions: Question) -> list[object]:
    """What a lane says to these questions."""
    return [record for records in work.answers(list(questions)) for record in records]


def test_writer_answers_news(write: WriteWork) -> None:
    """News is answered once, however many came and went."""
    assert said(write, Presence([1, 2], [3], number=7)) == [Answer(7, b'{"success":true}')]
    assert write._host.online == {1, 2}


def test_writer_takes_note(write: WriteWork) -> None:
    """What is no news is noted and not answered."""
    write._host.online = {3}
    assert said(write, Presence([1, 2], [3])) == []
    assert write._host.online == {1, 2}


def test_many_came(write: WriteWork) -> None:
    """Those who come at once are told of in batches, and answered when all are."""
    users = list(range(1, 2 * MAX_BATCH + 2))
    batches = list(write.answers([Presence(users, [], number=7)]))
    assert [len(batch) for batch in batches] == [0, 0, 1]


def test_writer_fails(world: World, write: WriteWork) -> None:
    """News that could not be told is refused, and noted all the same."""
    world.database.breaks_at_begin = DatabaseUnavailable("gone for a moment")
    (answer,) = said(write, Presence([1], [], number=7))
    assert isinstance(answer, Answer)
    assert (answer.number, bool(answer.refusal), write._host.online) == (7, True, {1})


def test_reader_takes_note(world: World) -> None:
    """A reader notes who is there."""
    host = world.engine._make_host()
    assert said(ReadWork(world.database, host), Presence([1, 2], [3])) == []
    assert host.online == {1, 2}
