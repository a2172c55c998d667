"""Hugs: from one person to another, kept, and told at once."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.store import Account, account_by_id, account_by_key
from hugmood.features.follows.store import follows
from hugmood.features.hugs import store
from hugmood.features.hugs.catalog import ANIMATIONS, HUG_TYPES
from hugmood.features.hugs.messages import (
    Customization,
    FetchHugCatalog,
    FetchHugHistory,
    HugCatalog,
    HugFilters,
    HugHistory,
    HugItem,
    HugKinds,
    HugReceived,
    HugSent,
    SendHug,
)
from hugmood.features.hugs.store import Hug, Wanted
from hugmood.features.status.service import visibly_online
from hugmood.wire.message import given, optional

NOT_ACCEPTING: Final = "This person does not take hugs from you"


@handles
def send_hug(ctx: Ctx, command: SendHug) -> HugSent:
    """Keep the hug and tell its recipient."""
    _check_words(command)
    recipient = _recipient(ctx, command.recipient_id)
    hug = Hug(
        id=ctx.entity_id("hug"),
        sender=ctx.caller.key,
        recipient=recipient.key,
        hug_type=command.hug_type,
        message=given(command.message),
        customization=_plain(command.customization),
        sent_at=ctx.occurred_at(),
    )
    store.insert(ctx.tx, hug)
    sender = account_by_key(ctx.tx, ctx.caller.key)
    event = HugReceived(
        hug_id=hug.id,
        sender_id=ctx.caller.user_id,
        sender_name=sender.name if sender else "",
        hug_type=hug.hug_type,
        message=command.message,
        sent_at=Instant(hug.sent_at),
        customization=command.customization,
    )
    ctx.emit(event, to=[recipient.key])
    online = visibly_online(ctx, recipient.key)
    return HugSent(
        hug_id=hug.id,
        recipient_online=online,
        delivery_status="sent" if online else "queued",
    )


@handles
def fetch_hug_history(ctx: Ctx, query: FetchHugHistory) -> HugHistory:
    """List the hugs one sent and received."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Whom others hug is private")
    start, end = (query.filters or HugFilters()).bounds()
    wanted = Wanted(ctx.caller.key, start=start, end=end)
    rows = store.page(ctx.tx, wanted, query.limit, query.offset)
    return HugHistory(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[
            HugItem(
                id=row.id,
                direction=row.direction,
                user_id=row.user_id,
                user_name=row.name,
                hug_type=row.hug_type,
                message=optional(row.message),
                customization=_custom(row.customization),
                sent_at=Instant(row.sent_at),
            )
            for row in rows
        ],
    )


@handles
def fetch_hug_catalog(ctx: Ctx, query: FetchHugCatalog) -> HugCatalog:
    """List the words that `send_hug` takes."""
    return HugCatalog(
        data_type=query.data_type,
        hug_catalog=HugKinds(hug_types=list(HUG_TYPES), animations=list(ANIMATIONS)),
        as_of_sequence=ctx.position(),
    )


def _check_words(command: SendHug) -> None:
    if command.hug_type not in HUG_TYPES:
        raise invalid("data.hugType", "unknown_value", "This kind of hug is not in the catalogue")
    custom = command.customization
    animation = UNSET if isinstance(custom, UnsetType) else custom.animation
    if animation and animation not in ANIMATIONS:
        raise invalid("data.customization.animation", "unknown_value")


def _recipient(ctx: Ctx, user_id: str) -> Account:
    recipient = account_by_id(ctx.tx, user_id)
    if recipient is None:
        raise not_found("data.recipientId", "There is no such person")
    if recipient.key == ctx.caller.key:
        raise invalid("data.recipientId", "unknown_value", "You cannot hug yourself")
    stranger = ctx.caller.guest and not follows(
        ctx.tx, follower=recipient.key, followee=ctx.caller.key
    )
    if stranger:
        raise denied(NOT_ACCEPTING)
    return recipient


def _plain(custom: Customization | UnsetType) -> dict[str, object] | None:
    return None if isinstance(custom, UnsetType) else msgspec.to_builtins(custom)


def _custom(plain: dict[str, object] | None) -> Customization | UnsetType:
    return UNSET if plain is None else msgspec.convert(plain, Customization)
