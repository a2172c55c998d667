"""Do something inside the engine, as a handler of some other feature would."""

from collections.abc import Callable

from hugmood.engine.handling import ROUTES, Ctx, handles
from hugmood.wire.message import COMMANDS, LANES, Command, Reply
from tests.device import Device


def within(device: Device, work: Callable[[Ctx], None]) -> None:
    """Have a command of this device handled by `work`; no such command is left behind."""

    class Worked(Reply, frozen=True):
        pass

    class WorkWithin(Command[Worked], frozen=True, kw_only=True):
        pass

    def handler(ctx: Ctx, command: WorkWithin) -> Worked:
        work(ctx)
        return Worked()

    handles(handler)
    try:
        device.request(WorkWithin())
    finally:
        key = WorkWithin.wire_type, None
        del ROUTES[key], COMMANDS[key], LANES[WorkWithin.wire_type]


def key_of(device: Device) -> int:
    """The key that somebody has in the database."""
    with device.world.database.transaction(write=False) as tx:
        rows = tx.rows("SELECT key FROM account WHERE id = :id", {"id": device.user_id})
    return int(rows[0][0])
