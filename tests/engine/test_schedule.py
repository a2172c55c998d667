"""What is due later: once, on time, whatever dies in between."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs

from hugmood.ambient import Instant
from hugmood.engine import schedule
from hugmood.engine.handling import Ctx, handles
from hugmood.features.follows.messages import FollowUpdate
from hugmood.store.database import DatabaseUnavailable
from hugmood.wire.message import Command, Reply
from tests.conftest import quick_place
from tests.databases import Place
from tests.device import Device
from tests.world import World

HOUR = 3600
MakeCommand = Any


@pytest.fixture
def world(dialect: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world without limits, on each of the databases."""
    with quick_place(dialect, request) as place, World(place, limited=False) as world:
        yield world


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def trouble() -> list[Exception]:
    """What goes wrong the next times a due command is handled."""
    return []


@pytest.fixture
def remind(registries: None, trouble: list[Exception]) -> MakeCommand:
    """A command that has its user told something `after` so many seconds."""

    class Reminded(Reply, frozen=True):
        pass

    class Remind(Command[Reminded], frozen=True, kw_only=True):
        after: int
        fail: bool = False

    class SayNow(Command[Reminded], frozen=True, kw_only=True):
        internal: ClassVar[bool] = True

        user: int
        text: str

    def remind(ctx: Ctx, command: Remind) -> Reminded:
        text = str(command.after)
        ctx.schedule(SayNow(user=ctx.caller.key, text=text), at=ctx.now + command.after * 1000)
        if command.fail:
            raise RuntimeError
        return Reminded()

    def say_now(ctx: Ctx, command: SayNow) -> Reminded:
        event = FollowUpdate(user_id="", user_name=command.text, timestamp=Instant(ctx.now))
        ctx.emit(event, to=[command.user])
        if trouble:
            raise trouble.pop()
        return Reminded()

    handles(remind)
    handles(say_now)
    return Remind


def said(device: Device) -> list[str]:
    """What a device was told since it was last asked."""
    return [event.user_name for event in device.events() if isinstance(event, FollowUpdate)]


def rows(world: World) -> int:
    """How many commands wait."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM due WHERE type = 'say_now'")[0][0])


def test_on_time(world: World, ada: Device, remind: MakeCommand) -> None:
    """It happens when it is due, not before, and once."""
    ada.request(remind(after=HOUR))
    world.clock.move(HOUR - 1)
    before = said(ada)
    world.clock.move(1)
    world.clock.move(HOUR)
    assert (before, said(ada), rows(world)) == ([], ["3600"], 0)


def test_order(world: World, ada: Device, remind: MakeCommand) -> None:
    """What was due first comes first, however late all of it is."""
    for after in (30, 10, 20):
        ada.request(remind(after=after))
    world.clock.move(HOUR)
    assert said(ada) == ["10", "20", "30"]


def test_past(world: World, ada: Device, remind: MakeCommand) -> None:
    """What was due before it was scheduled happens as soon as possible."""
    ada.request(remind(after=-HOUR))
    world.clock.move(1)
    assert said(ada) == ["-3600"]


def test_survives(world: World, ada: Device, remind: MakeCommand) -> None:
    """A writer that starts later does what its predecessor was told."""
    ada.request(remind(after=HOUR))
    world.turn(world.engine.die)
    world.clock.move(HOUR)
    assert said(ada) == ["3600"]


def test_failed_command_schedules_nothing(world: World, ada: Device, remind: MakeCommand) -> None:
    """What a failed command scheduled is undone with it."""
    ada.refusal(remind(after=10, fail=True))
    assert rows(world) == 0


def test_with_a_batch(world: World, ada: Device, remind: MakeCommand) -> None:
    """What is due comes before the commands that arrive with it."""
    ada.request(remind(after=10))
    ada.request(remind(after=20))
    with world.batch():
        ada.send(remind(after=0))
        world.clock.move(10)
    assert said(ada)[:1] == ["10"]


def test_failure(world: World, ada: Device, remind: MakeCommand, trouble: list[Exception]) -> None:
    """One that fails leaves no trace, hinders no other, and is tried again."""
    trouble += [RuntimeError("first"), RuntimeError("repeated on its own")]
    ada.request(remind(after=10))
    ada.request(remind(after=11))
    with capture_logs() as logs:
        world.clock.move(11)
    first = said(ada)
    world.clock.move(10)
    assert (first, said(ada)) == (["11"], ["10"])
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "command failed",
        "due command put back",
    ]


def test_ever_later(
    world: World, ada: Device, remind: MakeCommand, trouble: list[Exception]
) -> None:
    """One that always fails is tried ever more seldom, and never given up."""
    ada.request(remind(after=1))
    trouble += [RuntimeError("always") for _ in range(10_000)]
    world.clock.move(HOUR)
    used = 10_000 - len(trouble)
    trouble.clear()
    world.clock.move(2 * HOUR)
    assert used < 100
    assert said(ada) == ["1"]


def test_database_gone(
    world: World, ada: Device, remind: MakeCommand, trouble: list[Exception]
) -> None:
    """Where the database goes in the middle, nothing is lost."""
    trouble.append(DatabaseUnavailable("gone"))
    ada.request(remind(after=10))
    world.clock.move(10)
    world.clock.move(10)
    assert said(ada) == ["10"]


def test_many(world: World, ada: Device, remind: MakeCommand) -> None:
    """More than fit into one transaction are all done."""
    for _ in range(schedule.MOST + 5):
        ada.request(remind(after=10))
    world.clock.move(20)
    assert len(said(ada)) == schedule.MOST + 5


@pytest.mark.parametrize("dialect", ["postgres"])
def test_two_writers(place: Place) -> None:
    """What one has claimed another does not get, even before it is committed."""
    first, second = place.open(), place.open()
    with first.transaction(write=True) as tx:
        for at in (1, 2):
            schedule.put(tx, "x", b"{}", at)
    with first.transaction(write=True) as one, second.transaction(write=True) as two:
        claimed = [[due.at for due in schedule.claim(tx, now)] for tx, now in ((one, 1), (two, 2))]
    assert claimed == [[1], [2]]
