"""Who is online: told to every process that has to know, and by the writer to others."""

import asyncio

import pytest

from hugmood.engine.framing import Frames, pack
from hugmood.engine.link import EngineLink, _Worker
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import (
    Answer,
    Ask,
    Caller,
    Presence,
    Question,
    Ready,
    Said,
    read_questions,
)
from hugmood.engine.worker import MAX_BATCH, ReadWork, WriteWork
from hugmood.errors import Refusal, invalid, unavailable
from hugmood.store.database import DatabaseUnavailable
from tests.world import World


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


class QuietProcess:
    """An engine process that is there, and answers when the test says so."""

    def __init__(self, worker: _Worker) -> None:
        self.worker = worker
        self.start()

    def start(self) -> None:
        """Be there, and know nothing but the configuration."""
        self._pipe = Pipe()
        self.worker.connection_made(self._pipe)
        self._say(Ready(migrated=True))

    def _say(self, record: Said) -> None:
        self.worker.data_received(pack([record]))

    @property
    def heard(self) -> list[Question]:
        """What it was told and asked since it started."""
        self.worker._flush()
        return self._pipe.questions

    def answer(self, refusal: Refusal | None = None) -> None:
        """Answer the question asked last."""
        self._say(Answer(self.heard[-1].number, refusal=refusal))


class Quiet:
    """A link to such processes; its listener."""

    def __init__(self) -> None:
        self.link = EngineLink(b"{}", Nursery())
        self.link.listener = self  # type: ignore[assignment]
        self.restarted = 0
        processes = map(QuietProcess, self.link._workers)
        self.writer, self.checker, self.reader = processes

    def engine_restarted(self) -> None:
        """Count."""
        self.restarted += 1

    async def sweep(self) -> None:
        """Let a second pass."""
        self.link._sweep()
        assert self.link._sweeper is not None
        self.link._sweeper.cancel()
        await asyncio.sleep(0)


@pytest.fixture
def quiet() -> Quiet:
    """A link whose processes are quiet."""
    return Quiet()


@pytest.fixture
def write(world: World) -> WriteWork:
    """The writer's work in a world with nobody in it."""
    return WriteWork(world.database, world.engine._make_host())


# The link


async def test_all_are_told(quiet: Quiet) -> None:
    """A change is news to the writer and known to the readers; the checker needs none."""
    quiet.link.presence([1], [2])
    assert quiet.writer.heard == [Presence([1], [2], number=1)]
    assert (quiet.reader.heard, quiet.checker.heard) == ([Presence([1], [2])], [])


@pytest.mark.parametrize(("lane", "restarts"), [("writer", 1), ("reader", 0)])
async def test_greeting(quiet: Quiet, lane: str, restarts: int) -> None:
    """A process that starts again is told who is there, which is no news."""
    quiet.link.presence([1, 2], [])
    quiet.writer.answer()
    quiet.link.presence([], [2])
    quiet.writer.answer()
    process: QuietProcess = getattr(quiet, lane)
    process.start()
    assert (process.heard, quiet.restarted) == ([Presence([1], [])], restarts)


async def test_checker_is_not_greeted(quiet: Quiet) -> None:
    """The checker has no use for it."""
    quiet.link.presence([1], [])
    quiet.checker.start()
    assert (quiet.checker.heard, quiet.restarted) == ([], 0)


async def test_news_is_kept_until_it_was_told(quiet: Quiet) -> None:
    """A change that could not be told is told later, as it is then, until it was."""
    quiet.link.presence([1, 2], [])
    quiet.writer.answer(unavailable().refusal)
    quiet.link.presence([], [2])
    quiet.writer.answer()
    await quiet.sweep()
    assert quiet.writer.heard[2:] == [Presence([1], [], number=3)]
    quiet.writer.answer()
    await quiet.sweep()
    assert len(quiet.writer.heard) == 3


async def test_news_of_who_has_gone_since(quiet: Quiet) -> None:
    """What could not be told twice is told once."""
    quiet.link.presence([1], [])
    quiet.writer.answer(unavailable().refusal)
    quiet.link.presence([], [1])
    quiet.writer.answer(unavailable().refusal)
    await quiet.sweep()
    assert quiet.writer.heard[2:] == [Presence([], [1], number=3)]


async def test_news_that_nobody_wants(quiet: Quiet) -> None:
    """Where no feature handles it there is no use in asking again."""
    quiet.link.presence([1], [])
    quiet.writer.answer(invalid("type", "unknown_type").refusal)
    await quiet.sweep()
    assert len(quiet.writer.heard) == 1


async def test_news_waits_for_the_writer(quiet: Quiet) -> None:
    """Nothing is asked again of a writer that is not there."""
    quiet.link.presence([1], [])
    quiet.writer.answer(unavailable().refusal)
    quiet.writer.worker.ready = False
    await quiet.sweep()
    assert len(quiet.writer.heard) == 1


def command(number: int, user: int) -> Ask:
    """A command of this user."""
    caller = Caller(user, f"user-{user}", "session-1", guest=False)
    return Ask(number, "status_update", "msg-1", b"{}", caller, None, "client-1", "")


@pytest.mark.parametrize("lane", ["writer", "reader"])
async def test_notices_after_a_death(quiet: Quiet, lane: str) -> None:
    """Of whose commands were in hand when the writer died, others are told once more."""
    process: QuietProcess = getattr(quiet, lane)
    process.worker.ask(command(1, user=7), lambda _: None)
    process.worker.connection_lost(None)
    quiet.link._online = {7, 8}
    process.start()
    process.worker.stop()
    expected: list[Question] = [Presence([7, 8], []), command(1, user=7)]
    expected += [Presence([], [], again=[7], number=1)] if lane == "writer" else []
    assert process.heard == expected


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
