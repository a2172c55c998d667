"""Giving a hug: who may, in what words, and how the recipient hears of it.

Hugs that are sent and hugs that answer a request both come this way.
"""

from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.errors import invalid
from hugmood.features.auth.store import account_by_key
from hugmood.features.follows.privacy import admits
from hugmood.features.follows.store import follows
from hugmood.features.hugs import store
from hugmood.features.hugs.catalog import ANIMATIONS, HUG_TYPES
from hugmood.features.hugs.messages import Customization, HugReceived
from hugmood.features.hugs.store import Hug
from hugmood.features.settings.store import settings
from hugmood.wire.message import given

NOT_ACCEPTING: Final = "This person does not take hugs from you"
"""One text whatever the reason: nobody is to learn from it that they are blocked."""


def may_ask(ctx: Ctx, other: int) -> bool:
    """Tell whether this person (key) lets the caller come near: no block, and admitted."""
    audience = settings(ctx.tx, other).hugs_from
    return admits(ctx.tx, owner=other, audience=audience, other=ctx.caller.key)


def may_hug(ctx: Ctx, other: int) -> bool:
    """Tell whether the caller may hug this person (key); guests only their followers."""
    stranger = ctx.caller.guest and not follows(ctx.tx, follower=other, followee=ctx.caller.key)
    return not stranger and may_ask(ctx, other)


class Gift(NamedTuple):
    """A hug that is about to be given: all of it but to whom; `sent_at` in ms."""

    id: str
    hug_type: str
    message: str | UnsetType
    customization: Customization | UnsetType
    sent_at: int


def gift(
    ctx: Ctx, hug_type: str, message: str | UnsetType, custom: Customization | UnsetType
) -> Gift:
    """Make a hug ready; refuse what is not in the catalogue, and an incredible time."""
    if hug_type not in HUG_TYPES:
        raise invalid("data.hugType", "unknown_value", "This kind of hug is not in the catalogue")
    animation = UNSET if isinstance(custom, UnsetType) else custom.animation
    if animation and animation not in ANIMATIONS:
        raise invalid("data.customization.animation", "unknown_value")
    return Gift(ctx.entity_id("hug"), hug_type, message, custom, ctx.occurred_at())


def give(ctx: Ctx, hug: Gift, recipient: int, request_id: str | UnsetType = UNSET) -> None:
    """Keep the caller's hug and tell its recipient (key), and which request it answers."""
    kept = Hug(
        id=hug.id,
        sender=ctx.caller.key,
        recipient=recipient,
        hug_type=hug.hug_type,
        message=given(hug.message),
        customization=_plain(hug.customization),
        sent_at=hug.sent_at,
    )
    store.insert(ctx.tx, kept)
    event = HugReceived(
        hug_id=hug.id,
        request_id=request_id,
        sender_id=ctx.caller.user_id,
        sender_name=own_name(ctx),
        hug_type=hug.hug_type,
        message=hug.message,
        sent_at=Instant(hug.sent_at),
        customization=hug.customization,
    )
    ctx.emit(event, to=[recipient])


def own_name(ctx: Ctx) -> str:
    """Return the caller's name as others see it."""
    me = account_by_key(ctx.tx, ctx.caller.key)
    return me.name if me else ""


def _plain(custom: Customization | UnsetType) -> dict[str, object] | None:
    return None if isinstance(custom, UnsetType) else msgspec.to_builtins(custom)
