"""Hugs: from one person to another, kept, and told at once. Requests: see `requests`."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, asks_ahead, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.store import Account, account_by_id, ask_for_accounts
from hugmood.features.follows.store import ask_for_blocks
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
    HugSent,
    SendHug,
)
from hugmood.features.hugs.requests import fetch_hug_requests, request_hug, respond_hug_request
from hugmood.features.hugs.sending import NOT_ACCEPTING, gift, give, may_hug
from hugmood.features.hugs.store import Wanted
from hugmood.features.settings.store import ask_for_settings
from hugmood.features.status.service import visibly_online
from hugmood.features.status.store import ask_for_people
from hugmood.store.database import Transaction
from hugmood.wire.message import optional

__all__ = [
    "fetch_hug_catalog",
    "fetch_hug_history",
    "fetch_hug_requests",
    "request_hug",
    "respond_hug_request",
    "send_hug",
]


@handles
def send_hug(ctx: Ctx, command: SendHug) -> HugSent:
    """Keep the hug and tell its recipient."""
    hug = gift(ctx, command.hug_type, command.message, command.customization)
    recipient = _recipient(ctx, command.recipient_id)
    give(ctx, hug, recipient.key)
    online = visibly_online(ctx, recipient.key)
    return HugSent(
        hug_id=hug.id,
        recipient_online=online,
        delivery_status="sent" if online else "queued",
    )


@asks_ahead(SendHug)
def _about_recipients(tx: Transaction, asked: Sequence[tuple[int, SendHug]]) -> None:
    ids = list(dict.fromkeys(hug.recipient_id for _, hug in asked))
    keys = {account.id: account.key for account in ask_for_accounts(tx, ids)}
    ask_for_settings(tx, list(keys.values()))
    ask_for_people(tx, list(keys.values()))
    ask_for_blocks(
        tx, [(sender, keys[hug.recipient_id]) for sender, hug in asked if hug.recipient_id in keys]
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


def _recipient(ctx: Ctx, user_id: str) -> Account:
    recipient = account_by_id(ctx.tx, user_id)
    if recipient is None:
        raise not_found("data.recipientId", "There is no such person")
    if recipient.key == ctx.caller.key:
        raise invalid("data.recipientId", "unknown_value", "You cannot hug yourself")
    if not may_hug(ctx, recipient.key):
        raise denied(NOT_ACCEPTING)
    return recipient


def _custom(plain: dict[str, object] | None) -> Customization | UnsetType:
    return UNSET if plain is None else msgspec.convert(plain, Customization)
