"""What becomes of a group hug in time: it starts, and it ends.

Each step looks at the state and holds the row, so that it happens once, in order, and
not after a cancellation, however late it comes and however many writers there are.
"""

from collections.abc import Sequence
from typing import Final

from hugmood.ambient import iso
from hugmood.engine.handling import Ctx, handles
from hugmood.features.badges import service as badges
from hugmood.features.follows.store import blocked_among
from hugmood.features.group_hugs import store
from hugmood.features.group_hugs.messages import (
    EndGroupHug,
    GroupHugMoved,
    GroupHugUpdate,
    RemindOfGroupHug,
    StartGroupHug,
    UpdateType,
)
from hugmood.features.group_hugs.store import GroupHug, Member
from hugmood.features.notifications.service import notify
from hugmood.store.streams import SERVICE

REMIND_BEFORE: Final = 10 * 60 * 1000
"""How long before the start people are reminded, ms."""


def plan(ctx: Ctx, group: GroupHug) -> None:
    """Schedule what will happen to a new group hug."""
    start = group.scheduled_for
    if start is not None:
        if start - REMIND_BEFORE > ctx.now:
            ctx.schedule(RemindOfGroupHug(group_hug_id=group.id), at=start - REMIND_BEFORE)
        ctx.schedule(StartGroupHug(group_hug_id=group.id), at=start)
    ctx.schedule(EndGroupHug(group_hug_id=group.id), at=group.expires_at)


@handles
def remind_of_group_hug(ctx: Ctx, command: RemindOfGroupHug) -> GroupHugMoved:
    """Remind participants, and invitees who may have forgotten."""
    group = store.hold(ctx.tx, command.group_hug_id)
    if group and group.state == "scheduled" and ctx.now < (group.scheduled_for or 0):
        _remind(ctx, group, store.members(ctx.tx, group.key))
    return GroupHugMoved()


@handles
def start_group_hug(ctx: Ctx, command: StartGroupHug) -> GroupHugMoved:
    """Start it, unless it was cancelled meanwhile."""
    group = store.hold(ctx.tx, command.group_hug_id)
    if group and group.state == "scheduled":
        store.move(ctx.tx, group.key, "active")
        tell(ctx, group, "started", taking_part(store.members(ctx.tx, group.key)))
    return GroupHugMoved()


@handles
def end_group_hug(ctx: Ctx, command: EndGroupHug) -> GroupHugMoved:
    """End it, unless it was cancelled; what was never started is told to start first."""
    group = store.hold(ctx.tx, command.group_hug_id)
    if group and group.state in {"scheduled", "active"}:
        store.move(ctx.tx, group.key, "ended")
        there = taking_part(store.members(ctx.tx, group.key))
        if group.state == "scheduled":
            tell(ctx, group, "started", there)
        tell(ctx, group, "ended", there)
        badges.after_group_hug_ended(ctx, group.id, [someone.key for someone in there])
    return GroupHugMoved()


def taking_part(people: Sequence[Member]) -> list[Member]:
    """Return those members who are participants."""
    return [someone for someone in people if someone.joined]


def tell(ctx: Ctx, group: GroupHug, update: UpdateType, there: Sequence[Member]) -> None:
    """Tell all participants what became of it, also those who block its creator."""
    event = GroupHugUpdate(group_hug_id=group.id, update_type=update, participant_count=len(there))
    ctx.emit(event, to=[someone.key for someone in there], author=SERVICE)


def _remind(ctx: Ctx, group: GroupHug, people: Sequence[Member]) -> None:
    keys = [someone.key for someone in people]
    apart = blocked_among(ctx.tx, group.creator, keys)
    notify(
        ctx,
        to=[someone.key for someone in people if someone.joined or someone.key not in apart],
        kind="group_hug_soon",
        title="Group Hug Soon",
        body=f"'{group.name}' begins in 10 minutes.",
        data={"groupHugId": group.id, "scheduledFor": iso(group.scheduled_for or ctx.now)},
    )
