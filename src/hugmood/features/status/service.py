"""Status: what people choose and whether they are there, as others see it.

Others see `offline` of whoever is not there, chose it, or does not let them see more,
and of all three the same: no message, and no sign of coming or going.
"""

from collections.abc import Sequence
from typing import Final

from hugmood.engine.handling import Ctx, handles
from hugmood.engine.presence import PresenceChanged, PresenceNoted
from hugmood.errors import denied
from hugmood.features.auth.access import cut_ended
from hugmood.features.follows import store as follows
from hugmood.features.follows.messages import SightChanged, SightNoted
from hugmood.features.follows.privacy import admits, followers_among
from hugmood.features.settings.messages import StatusAudienceChanged, StatusAudienceNoted
from hugmood.features.status import store
from hugmood.features.status.messages import (
    FetchStatuses,
    StatusItem,
    StatusPage,
    StatusUpdate,
    StatusUpdated,
    UserStatusChanged,
)
from hugmood.features.status.store import NOTHING_CHOSEN, Chosen, Followed, Person
from hugmood.wire.message import given, optional

NOT_THERE: Final = Chosen("offline")


@handles
def status_update(ctx: Ctx, command: StatusUpdate) -> StatusUpdated:
    """Keep the choice; tell followers and other devices what is new to them."""
    user = ctx.caller.key
    me = store.person(ctx.tx, user)
    before = me.chosen if me else NOTHING_CHOSEN
    chosen = Chosen(command.status, given(command.custom_message) or None)
    if me is not None and chosen != before:
        store.choose(ctx.tx, user, chosen, ctx.now)
        _tell(ctx, me, chosen, [user])
        online = user in ctx.host.online
        seen = visible(chosen, online=online)
        if seen != visible(before, online=online):
            _tell(ctx, me, seen, followers_among(ctx.tx, user, me.status_to))
    return StatusUpdated(status=chosen.status, custom_message=optional(chosen.message))


@handles
def presence_changed(ctx: Ctx, command: PresenceChanged) -> PresenceNoted:
    """Tell followers that someone came or went, unless that is not to be seen."""
    # With `again` the choice to be invisible may be what nobody was told, and the end of
    # a session what closed no socket.
    if command.again:
        cut_ended(ctx, command.user_key)
    someone = store.person(ctx.tx, command.user_key)
    if someone is None or (someone.chosen.status == "offline" and not command.again):
        return PresenceNoted()
    seen = _seen(ctx, someone)
    admitted = followers_among(ctx.tx, someone.key, someone.status_to)
    _tell(ctx, someone, seen, admitted)
    if command.again:
        _tell(ctx, someone, someone.chosen, [someone.key])
        if someone.status_to not in {"everyone", "followers"}:
            # Nor may those have been told who are to see nothing any more.
            others = set(follows.followers(ctx.tx, someone.key)).difference(admitted)
            _tell(ctx, someone, NOT_THERE, sorted(others))
    return PresenceNoted()


@handles
def status_audience_changed(ctx: Ctx, command: StatusAudienceChanged) -> StatusAudienceNoted:
    """Tell `offline` to those who may see no more, and the status to those who may now."""
    someone = store.person(ctx.tx, command.user_key)
    if someone is None or _seen(ctx, someone) == NOT_THERE:
        return StatusAudienceNoted()
    before = set(followers_among(ctx.tx, someone.key, command.before))
    now = set(followers_among(ctx.tx, someone.key, someone.status_to))
    _tell(ctx, someone, NOT_THERE, sorted(before - now))
    _tell(ctx, someone, someone.chosen, sorted(now - before))
    return StatusAudienceNoted()


@handles
def sight_changed(ctx: Ctx, command: SightChanged) -> SightNoted:
    """Tell a viewer how they see someone now that the bond of the two is another."""
    someone = store.person(ctx.tx, command.owner)
    if someone is None or _seen(ctx, someone) == NOT_THERE:
        return SightNoted()
    shown = follows.follows(ctx.tx, follower=command.viewer, followee=someone.key) and admits(
        ctx.tx, owner=someone.key, audience=someone.status_to, other=command.viewer
    )
    _tell(ctx, someone, someone.chosen if shown else NOT_THERE, [command.viewer])
    return SightNoted()


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


def tell_gone(ctx: Ctx, user: int) -> None:
    """Tell those who see someone that they are offline, who will not be found any more."""
    someone = store.person(ctx.tx, user)
    if someone is not None and _seen(ctx, someone) != NOT_THERE:
        _tell(ctx, someone, NOT_THERE, followers_among(ctx.tx, user, someone.status_to))


def visible(chosen: Chosen, *, online: bool) -> Chosen:
    """What others see of a choice; `online` as in `Host.online`."""
    return chosen if online and chosen.status != "offline" else NOT_THERE


def visibly_online(ctx: Ctx, user: int) -> bool:
    """Tell whether the caller may know that this person is there."""
    if user not in ctx.host.online:
        return False
    someone = store.person(ctx.tx, user)
    if someone is None or someone.chosen.status == "offline":
        return False
    return admits(ctx.tx, owner=user, audience=someone.status_to, other=ctx.caller.key)


def _seen(ctx: Ctx, someone: Person) -> Chosen:
    return visible(someone.chosen, online=someone.key in ctx.host.online)


def _tell(ctx: Ctx, someone: Person, seen: Chosen, to: Sequence[int]) -> None:
    notice = UserStatusChanged(
        user_id=someone.user_id, status=seen.status, custom_message=optional(seen.message)
    )
    ctx.push(notice, to=to, author=someone.key)


def _item(ctx: Ctx, followed: Followed) -> StatusItem:
    seen = _seen(ctx, followed.person) if followed.shown else NOT_THERE
    return StatusItem(
        user_id=followed.person.user_id, status=seen.status, custom_message=optional(seen.message)
    )
