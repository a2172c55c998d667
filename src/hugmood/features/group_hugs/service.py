"""Group hugs: scheduled, then active, then ended, or cancelled by their creator.

Commands judge by the time, not by what was told so far: `transitions` may be late.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import Rejected, denied, invalid, not_found
from hugmood.features.auth.store import account_by_key
from hugmood.features.follows.store import blocked, blocked_among
from hugmood.features.group_hugs import store
from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugCancelled,
    GroupHugCreated,
    GroupHugFilters,
    GroupHugInvitation,
    GroupHugItem,
    GroupHugJoined,
    GroupHugLeft,
    GroupHugPage,
    GroupHugUpdate,
    JoinGroupHug,
    LeaveGroupHug,
    Participant,
    UpdateType,
)
from hugmood.features.group_hugs.store import GroupHug, Listed, Member, Wanted
from hugmood.features.group_hugs.transitions import plan, taking_part, tell
from hugmood.wire.message import given, optional

FARTHEST: Final = 30 * 24 * 3600 * 1000
"""How far ahead a group hug may end, ms."""
LASTS: Final = 24 * 3600 * 1000
"""How long it lasts if nobody says, ms."""

NOT_INVITED: Final = "You are not invited to this group hug"


@handles
def create_group_hug(ctx: Ctx, command: CreateGroupHug) -> GroupHugCreated:
    """Keep it, plan what will happen, and invite."""
    ctx.require_account()
    start, end = _times(ctx.now, command)
    invitees = _invitees(ctx, command.invitee_ids)
    group = GroupHug(
        key=0,
        id=ctx.entity_id("group"),
        creator=ctx.caller.key,
        name=command.name,
        description=given(command.description),
        message=given(command.message),
        state="active" if start is None else "scheduled",
        scheduled_for=start,
        expires_at=end,
        created_at=ctx.occurred_at(),
    )
    store.insert(ctx.tx, group, invitees, ctx.now)
    plan(ctx, group)
    ctx.emit(_invitation(ctx, group), to=invitees)
    return GroupHugCreated(group_hug_id=group.id, invitations_sent=len(invitees))


@handles
def join_group_hug(ctx: Ctx, command: JoinGroupHug) -> GroupHugJoined:
    """Let an invitee take part; all who do are told, once."""
    group, people, me = _membership(ctx, command.group_hug_id)
    if me is None or (not me.joined and blocked(ctx.tx, me.key, group.creator)):
        raise denied(NOT_INVITED)
    _refuse_if_over(ctx, group)
    there = taking_part(people)
    if not me.joined:
        # Of those who join in one millisecond the order is kept as well.
        at = max([ctx.now, *(1 + (someone.joined_at or 0) for someone in there)])
        store.join(ctx.tx, group.key, me.key, at)
        there.append(me)
        _tell_of(ctx, group, "participant_joined", me, there, to=there)
    return GroupHugJoined(group_hug_id=group.id, participants=_shown(ctx, there))


@handles
def leave_group_hug(ctx: Ctx, command: LeaveGroupHug) -> GroupHugLeft:
    """Let a participant go; it goes on without them, also without its creator."""
    group, people, me = _membership(ctx, command.group_hug_id)
    if me is None:
        raise denied(NOT_INVITED)
    _refuse_if_over(ctx, group)
    if me.joined:
        there = taking_part(people)
        store.leave(ctx.tx, group.key, me.key, ctx.now)
        rest = [someone for someone in there if someone.key != me.key]
        # Those who left have other devices, which were told that they had joined.
        _tell_of(ctx, group, "participant_left", me, rest, to=there)
    return GroupHugLeft(group_hug_id=group.id)


@handles
def cancel_group_hug(ctx: Ctx, command: CancelGroupHug) -> GroupHugCancelled:
    """Call it off, before or after it has started; only its creator may."""
    group, people, me = _membership(ctx, command.group_hug_id)
    if group.creator != ctx.caller.key:
        raise denied(NOT_INVITED if me is None else "Only its creator can cancel a group hug")
    _refuse_if_over(ctx, group)
    store.move(ctx.tx, group.key, "cancelled")
    tell(ctx, group, "cancelled", taking_part(people))
    return GroupHugCancelled(group_hug_id=group.id)


@handles
def fetch_group_hugs(ctx: Ctx, query: FetchGroupHugs) -> GroupHugPage:
    """List what the caller created, takes part in or is invited to."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Whom others hug is private")
    filters = query.filters or GroupHugFilters()
    start, end = filters.bounds()
    wanted = Wanted(
        ctx.caller.key, start, end, state=given(filters.state), id=given(filters.group_hug_id)
    )
    rows = store.page(ctx.tx, wanted, query.limit, query.offset)
    participants = _participants(ctx, rows) if filters.group_hug_id else UNSET
    return GroupHugPage(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[_item(row, participants) for row in rows],
    )


def _times(now: int, command: CreateGroupHug) -> tuple[int | None, int]:
    """Return when it starts, None for at once, and when it ends, in ms."""
    expires = given(command.expires_at)
    start = max(given(command.scheduled_for) or 0, now)
    end = start + LASTS if expires is None else int(expires)
    latest = now + FARTHEST
    if start >= latest or (expires is None and end > latest):
        raise invalid("data.scheduledFor", "out_of_range", "This is too far ahead")
    if not start < end <= latest:
        raise invalid("data.expiresAt", "out_of_range")
    return start if start > now else None, end


def _invitees(ctx: Ctx, user_ids: Sequence[str]) -> list[int]:
    """Return the keys of those who can be invited; the others are left out in silence."""
    known = [key for key in store.known(ctx.tx, user_ids) if key != ctx.caller.key]
    unwilling = blocked_among(ctx.tx, ctx.caller.key, known)
    return [key for key in known if key not in unwilling]


def _invitation(ctx: Ctx, group: GroupHug) -> GroupHugInvitation:
    creator = account_by_key(ctx.tx, group.creator)
    return GroupHugInvitation(
        group_hug_id=group.id,
        name=group.name,
        description=optional(group.description),
        creator_id=ctx.caller.user_id,
        creator_name=creator.name if creator else "",
        scheduled_for=_moment(group.scheduled_for),
        expires_at=Instant(group.expires_at),
        message=optional(group.message),
    )


def _membership(ctx: Ctx, group_id: str) -> tuple[GroupHug, list[Member], Member | None]:
    """Return a group hug, its members, and which of them the caller is."""
    group = store.hold(ctx.tx, group_id)
    if group is None:
        raise _unknown()
    people = store.members(ctx.tx, group.key)
    me = next((someone for someone in people if someone.key == ctx.caller.key), None)
    return group, people, me


def _unknown() -> Rejected:
    return not_found("data.groupHugId", "There is no such group hug")


def _refuse_if_over(ctx: Ctx, group: GroupHug) -> None:
    if group.over(ctx.now):
        raise invalid("data.groupHugId", "expired")


def _tell_of(
    ctx: Ctx,
    group: GroupHug,
    update: UpdateType,
    someone: Member,
    there: Sequence[Member],
    *,
    to: Sequence[Member],
) -> None:
    """Say that someone came or went; those who block them will not see it."""
    event = GroupHugUpdate(
        group_hug_id=group.id,
        update_type=update,
        participant=Participant(user_id=someone.user_id, name=someone.name),
        participant_count=len(there),
    )
    ctx.emit(event, to=[other.key for other in to])


def _participants(ctx: Ctx, rows: Sequence[Listed]) -> list[Participant]:
    """Return who takes part in the only one of these group hugs, if there is one."""
    people = [person for row in rows[:1] for person in store.members(ctx.tx, row.group.key)]
    return _shown(ctx, taking_part(people))


def _shown(ctx: Ctx, people: Sequence[Member]) -> list[Participant]:
    """Name those who neither block the caller nor are blocked."""
    hidden = blocked_among(ctx.tx, ctx.caller.key, [someone.key for someone in people])
    return [
        Participant(user_id=someone.user_id, name=someone.name)
        for someone in people
        if someone.key not in hidden
    ]


def _item(row: Listed, participants: list[Participant] | UnsetType) -> GroupHugItem:
    group = row.group
    return GroupHugItem(
        id=group.id,
        name=group.name,
        description=optional(group.description),
        creator_id=row.creator_id,
        creator_name=row.creator_name,
        state=group.state,
        scheduled_for=_moment(group.scheduled_for),
        expires_at=Instant(group.expires_at),
        message=optional(group.message),
        created_at=Instant(group.created_at),
        joined=row.joined,
        participant_count=row.participant_count,
        participants=participants,
    )


def _moment(at: int | None) -> Instant | UnsetType:
    return UNSET if at is None else Instant(at)
