"""Work that comes round: each piece is a scheduled command that schedules the next.

So it is done once, however many writers there are, in bounded pieces between people's
commands, and goes on where it was after a restart. A writer that starts puts the first
ones into the schedule, if none are waiting there.
"""

from typing import ClassVar, Final

from hugmood.engine.handling import Ctx, handles
from hugmood.engine.idempotency import forget_old
from hugmood.wire.message import Command, Reply

EVERY: Final = 60_000
"""How long after the end of one round the next begins, ms."""


class HouseKept(Reply, frozen=True):
    """It is done."""


class PruneStreams(Command[HouseKept], frozen=True, kw_only=True):
    """Delete what streams need not keep, of some users, then of those after them.

    What is old is judged by the time at which the round began.
    """

    internal: ClassVar[bool] = True
    recurring: ClassVar[bool] = True

    after: int = 0
    as_of: int = 0


class ForgetReplies(Command[HouseKept], frozen=True, kw_only=True):
    """Drop replies that need not be remembered any more."""

    internal: ClassVar[bool] = True
    recurring: ClassVar[bool] = True


@handles
def prune_streams(ctx: Ctx, command: PruneStreams) -> HouseKept:
    """Prune some users' streams, and schedule the next step or round."""
    as_of = command.as_of or ctx.now
    after = ctx.host.streams.prune(ctx.tx, command.after, as_of)
    if after is None:
        ctx.schedule(PruneStreams(), at=ctx.now + EVERY)
    else:
        ctx.schedule(PruneStreams(after=after, as_of=as_of), at=ctx.now)
    return HouseKept()


@handles
def forget_replies(ctx: Ctx, command: ForgetReplies) -> HouseKept:
    """Drop some old replies, and schedule the next step or round."""
    more = forget_old(ctx.tx, ctx.now)
    ctx.schedule(command, at=ctx.now + (0 if more else EVERY))
    return HouseKept()
