"""Status: what people choose and whether they are there, as others see it.

Others see `offline` of whoever is not there or chose it, and of both the same: no
message, and no sign of coming or going.
"""

from collections.abc import Sequence
from typing import Final

from hugmood.engine.handling import Ctx, PresenceChanged, PresenceNoted, handles
from hugmood.errors import denied
from hugmood.features.follows import store as follows
from hugmood.features.status import store
from hugmood.features.status.messages import (
    FetchStatuses,
    StatusItem,
    StatusPage,
    StatusUpdate,
    StatusUpdated,
    UserStatusChanged,
)
from hugmood.features.status.store import NOTHING_CHOSEN, Chosen, Person
from hugmood.wire.message import given, optional

NOT_THERE: Final = Chosen("offline")


@handles
def status_update(ctx: Ctx, command: StatusUpdate) -> StatusUpdated:
    """Keep the choice; tell followers and other devices what is new to them."""
    user = ctx.caller.key
    found = store.person(ctx.tx, user)
    before = found.chosen if found else NOTHING_CHOSEN
    chosen = Chosen(command.status, given(command.custom_message) or None)
    if chosen != before:
        store.choose(ctx.tx, user, chosen, ctx.now)
        me = Person(user, ctx.caller.user_id, chosen)
        _tell(ctx, me, chosen, [user])
        online = user in ctx.host.online
        seen = visible(chosen, online=online)
        if seen != visible(before, online=online):
            _tell(ctx, me, seen, follows.followers(ctx.tx, user))
    return StatusUpdated(status=chosen.status, custom_message=optional(chosen.message))


@handles
def presence_changed(ctx: Ctx, command: PresenceChanged) -> PresenceNoted:
    """Tell followers that someone came or went, unless that is not to be seen."""
    # With `again` the choice to be invisible may be what nobody was told.
    someone = store.person(ctx.tx, command.user_key)
    if someone is None or (someone.chosen.status == "offline" and not command.again):
        return PresenceNoted()
    seen = visible(someone.chosen, online=someone.key in ctx.host.online)
    _tell(ctx, someone, seen, follows.followers(ctx.tx, someone.key))
    if command.again:
        _tell(ctx, someone, someone.chosen, [someone.key])
    return PresenceNoted()


@handles
def fetch_statuses(ctx: Ctx, query: FetchStatuses) -> StatusPage:
    """List those whom the caller follows as they are seen now."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Whom others follow is private")
    people = store.followed(ctx.tx, ctx.caller.key, query.limit, query.offset)
    return StatusPage(
        data_type=query.data_type,
        total_count=follows.count(ctx.tx, "following", ctx.caller.key),
        as_of_sequence=ctx.position(),
        items=[_item(ctx, someone) for someone in people],
    )


def visible(chosen: Chosen, *, online: bool) -> Chosen:
    """What others see of a choice; `online` as in `Host.online`."""
    return chosen if online and chosen.status != "offline" else NOT_THERE


def visibly_online(ctx: Ctx, user: int) -> bool:
    """Tell whether others may know that this person is there."""
    if user not in ctx.host.online:
        return False
    someone = store.person(ctx.tx, user)
    return someone is not None and someone.chosen.status != "offline"


def _tell(ctx: Ctx, someone: Person, seen: Chosen, to: Sequence[int]) -> None:
    notice = UserStatusChanged(
        user_id=someone.user_id, status=seen.status, custom_message=optional(seen.message)
    )
    ctx.push(notice, to=to)


def _item(ctx: Ctx, someone: Person) -> StatusItem:
    seen = visible(someone.chosen, online=someone.key in ctx.host.online)
    return StatusItem(
        user_id=someone.user_id, status=seen.status, custom_message=optional(seen.message)
    )
