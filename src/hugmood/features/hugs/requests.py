"""Asking for a hug: one person, one's followers, or those of a group hug.

A request is open until it expires, and each of those asked answers it once. Expiry is
the clock's doing alone: nothing is told and nothing written. Long after it the request
is forgotten; the hugs it brought are kept.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.store import account_by_id
from hugmood.features.badges import service as badges
from hugmood.features.follows import store as follows
from hugmood.features.group_hugs import store as group_hugs
from hugmood.features.hugs import request_store as store
from hugmood.features.hugs.messages import (
    FetchHugRequests,
    HugRequestAnswered,
    HugRequested,
    HugRequestFilters,
    HugRequestItem,
    HugRequestPage,
    HugRequestReceived,
    RequestHug,
    RespondHugRequest,
)
from hugmood.features.hugs.request_store import Answer, Asked, ListedRequest, Request
from hugmood.features.hugs.request_store import WantedRequests as Wanted
from hugmood.features.hugs.sending import NOT_ACCEPTING, Gift, gift, give, may_ask, own_name
from hugmood.wire.message import Command, Reply, given, optional

KEPT: Final = 30 * 24 * 3600 * 1000
"""How long a request is listed after it expired, ms."""


class HugRequestForgotten(Reply, frozen=True):
    """It is not listed any more."""


class ForgetHugRequest(Command[HugRequestForgotten], frozen=True, kw_only=True):
    """Delete a request that expired long ago, and the answers to it."""

    internal: ClassVar[bool] = True

    request_key: int


@handles
def request_hug(ctx: Ctx, command: RequestHug) -> HugRequested:
    """Keep the request and tell those who are asked."""
    created_at = ctx.occurred_at()
    expires_at = created_at + command.expires_after * 1000
    if expires_at <= ctx.now:
        raise invalid("timestamp", "expired", "This request expired before it arrived")
    targets = _targets(ctx, command)
    request = Request(
        id=ctx.entity_id("req"),
        requester=ctx.caller.key,
        target_type=command.target_type,
        target_id=None if command.target_type == "followers" else given(command.target_id),
        message=given(command.message),
        created_at=created_at,
        expires_at=expires_at,
    )
    key = store.insert(ctx.tx, request, targets)
    ctx.schedule(ForgetHugRequest(request_key=key), at=expires_at + KEPT)
    _tell(ctx, request, targets)
    if targets:
        badges.after_request(ctx, request.requester)
    return HugRequested(request_id=request.id, expires_at=Instant(expires_at))


@handles
def respond_hug_request(ctx: Ctx, command: RespondHugRequest) -> HugRequestAnswered:
    """Keep the answer; if it is yes, hug whoever asked."""
    hug = _gift(ctx, command) if command.accept else None
    asked = _asked(ctx, command.request_id)
    # They asked for it: whom else they take hugs from does not matter.
    if hug and follows.blocked(ctx.tx, ctx.caller.key, asked.requester):
        raise denied(NOT_ACCEPTING)
    hug_id = hug.id if hug else None
    answer = Answer(asked.key, ctx.caller.key, command.accept, hug_id, ctx.now)
    if not store.answer(ctx.tx, answer):
        raise invalid("data.requestId", "already_responded")
    if hug:
        give(ctx, hug, asked.requester, command.request_id)
        badges.after_acceptance(
            ctx, command.request_id, requester=asked.requester, responder=ctx.caller.key
        )
    return HugRequestAnswered(request_id=command.request_id, hug_id=optional(hug_id))


@handles
def fetch_hug_requests(ctx: Ctx, query: FetchHugRequests) -> HugRequestPage:
    """List the requests one sent and received."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Whom others ask for hugs is private")
    filters = query.filters or HugRequestFilters()
    start, end = filters.bounds()
    wanted = Wanted(
        user=ctx.caller.key,
        start=start,
        end=end,
        now=ctx.now,
        direction=given(filters.direction),
        status=given(filters.status),
    )
    rows = store.page(ctx.tx, wanted, query.limit, query.offset)
    return HugRequestPage(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[_item(row) for row in rows],
    )


@handles
def forget_hug_request(ctx: Ctx, command: ForgetHugRequest) -> HugRequestForgotten:
    """Delete a request whose time is long over."""
    store.delete(ctx.tx, command.request_key)
    return HugRequestForgotten()


def _targets(ctx: Ctx, command: RequestHug) -> Sequence[int]:
    """Return the keys of those who are asked."""
    if command.target_type == "followers":
        return follows.followers(ctx.tx, ctx.caller.key)
    if isinstance(command.target_id, UnsetType):
        raise invalid("data.targetId", "required_field_missing")
    if command.target_type == "group":
        return _participants(ctx, command.target_id)
    return [_person(ctx, command.target_id)]


def _person(ctx: Ctx, user_id: str) -> int:
    target = account_by_id(ctx.tx, user_id)
    if target is None:
        raise not_found("data.targetId", "There is no such person")
    if target.key == ctx.caller.key:
        raise invalid("data.targetId", "unknown_value", "You cannot ask yourself for a hug")
    if not may_ask(ctx, target.key):
        raise denied(NOT_ACCEPTING)
    return target.key


def _participants(ctx: Ctx, group_id: str) -> list[int]:
    group = group_hugs.find(ctx.tx, group_id)
    if group is None:
        raise not_found("data.targetId", "There is no such group hug")
    people = set(group_hugs.participants(ctx.tx, group_id) or ())
    if ctx.caller.key not in people:
        raise denied("You do not take part in this group hug")
    if group.over(ctx.now):
        raise invalid("data.targetId", "expired", "This group hug is over")
    others = sorted(people - {ctx.caller.key})
    blocked = follows.blocked_among(ctx.tx, ctx.caller.key, others)
    return [key for key in others if key not in blocked]


def _tell(ctx: Ctx, request: Request, targets: Sequence[int]) -> None:
    event = HugRequestReceived(
        request_id=request.id,
        requester_id=ctx.caller.user_id,
        requester_name=own_name(ctx),
        message=optional(request.message),
        created_at=Instant(request.created_at),
        expires_at=Instant(request.expires_at),
    )
    ctx.emit(event, to=targets)


def _gift(ctx: Ctx, command: RespondHugRequest) -> Gift:
    if isinstance(command.hug_type, UnsetType):
        raise invalid("data.hugType", "required_field_missing")
    return gift(ctx, command.hug_type, command.message, command.customization)


def _asked(ctx: Ctx, request_id: str) -> Asked:
    """Find a request that the caller can answer now."""
    asked = store.asked(ctx.tx, request_id, ctx.caller.key)
    if asked and asked.requester == ctx.caller.key:
        raise invalid("data.requestId", "unknown_value", "You cannot answer your own request")
    if asked is None or not asked.target:
        raise not_found("data.requestId", "There is no such request")
    if asked.answered:
        raise invalid("data.requestId", "already_responded")
    # By our clock, whatever the client's says: whoever asked was told when it is over.
    if ctx.now >= asked.expires_at:
        raise invalid("data.requestId", "expired", "This request has expired")
    return asked


def _item(row: ListedRequest) -> HugRequestItem:
    sent = row.direction == "sent"
    return HugRequestItem(
        id=row.id,
        direction=row.direction,
        status=row.status,
        user_id=optional(row.user_id),
        user_name=optional(row.name),
        target_type=row.target_type if sent else UNSET,
        target_id=optional(row.target_id) if sent else UNSET,
        message=optional(row.message),
        accepted_count=row.accepted_count if sent else UNSET,
        hug_id=optional(row.hug_id),
        created_at=Instant(row.created_at),
        expires_at=Instant(row.expires_at),
    )
