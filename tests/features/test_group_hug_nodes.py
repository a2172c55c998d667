"""Group hugs with several writers on one PostgreSQL database."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hugmood.engine.handling import Host
from hugmood.engine.records import Ask, Caller
from hugmood.engine.schedule import any_due
from hugmood.engine.writer import Writer
from hugmood.features.group_hugs.messages import GroupHugUpdate, JoinGroupHug
from hugmood.wire import codec
from tests.databases import Place, on_postgres, streams_for
from tests.device import Device
from tests.fakes import FakeAmbient
from tests.features.people import group_hug
from tests.world import SECRETS, World

GROUPS = 60
JOINING = 24
HOUR = 3600
PATIENCE = 60.0


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    """A world without limits on a database that others can open too."""
    with World(place, limited=False) as world:
        yield world


def side_by_side(world: World, place: Place, work: Callable[[Writer, int], None]) -> None:
    """Have two writers with connections of their own work at the same time."""
    writers = []
    for _ in range(2):
        ambient = FakeAmbient(world.clock)
        host = Host(ambient, streams_for(place), secrets=SECRETS, limited=False)
        writers.append(Writer(place.open(timeout=PATIENCE), host))
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(work, writer, number) for number, writer in enumerate(writers)]
    for future in futures:
        future.result()


def updates(device: Device) -> list[GroupHugUpdate]:
    """What a device hears that was never there."""
    events = device.another(last=0).events()
    return [event for event in events if isinstance(event, GroupHugUpdate)]


@on_postgres
def test_once(world: World, place: Place) -> None:
    """However many writers look, each start and end is told once, and in order."""
    ada = world.register("Ada")
    start, end = world.clock.after(HOUR), world.clock.after(2 * HOUR)
    groups = [group_hug(ada, scheduled_for=start, expires_at=end) for _ in range(GROUPS)]
    world.clock.moved.clear()  # this world's own writer looks away
    world.clock.move(3 * HOUR)

    def work(writer: Writer, _: int) -> None:
        database = place.open(timeout=PATIENCE)
        due = True
        while due:
            writer.run([])
            with database.transaction(write=False) as tx:
                due = any_due(tx, world.clock.now())

    side_by_side(world, place, work)
    told = updates(ada)
    assert [(one, ["started", "ended"]) for one in groups] == [
        (one, [event.update_type for event in told if event.group_hug_id == one]) for one in groups
    ]


@on_postgres
def test_joining_at_once(world: World, place: Place) -> None:
    """Those who join by different writers at the same time are counted one by one."""
    ada = world.register("Ada")
    people = [world.guest(f"Guest {number}") for number in range(JOINING)]
    command = JoinGroupHug(group_hug_id=group_hug(ada, *people))
    with world.database.transaction(write=False) as tx:
        keys: dict[str, int] = dict(tx.rows("SELECT id, key FROM account"))

    def work(writer: Writer, number: int) -> None:
        for person in people[number::2]:
            caller = Caller(keys[person.user_id], person.user_id, "session", guest=True)
            ask = Ask(
                number=1,
                type=command.wire_type,
                id=f"join-{person.user_id}",
                data=codec.encode(command),
                caller=caller,
                at=None,
                client="",
                remote="",
            )
            writer.run([ask])

    side_by_side(world, place, work)
    counts = [event.participant_count for event in updates(ada)]
    assert counts == list(range(2, JOINING + 2))
