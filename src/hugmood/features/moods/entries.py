"""An entry: made of what somebody says, and told to those who may know."""

from typing import Final

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.errors import invalid, not_found
from hugmood.features.auth.ages import is_minor
from hugmood.features.auth.store import Account, account_by_key
from hugmood.features.follows.store import followers
from hugmood.features.moods.catalog import CatalogEntry, catalog
from hugmood.features.moods.days import LocalTime, local_time
from hugmood.features.moods.messages import Location, MoodChanged, MoodUpdate
from hugmood.features.moods.store import Entry, Place
from hugmood.wire.message import given

GRID_DEGREES: Final = 0.1


def snapped(degrees: float) -> float:
    """Put a coordinate on the fixed grid: nobody's street can be read from it."""
    return round(round(degrees / GRID_DEGREES) * GRID_DEGREES, 1)


def new_entry(ctx: Ctx, command: MoodUpdate) -> Entry:
    """Make an entry of what the caller says; refuse a mood that there is not."""
    known = known_mood(command.mood)
    account = own_account(ctx)
    occurred_at = ctx.occurred_at()
    local: LocalTime = local_time(occurred_at, account.time_zone)
    pleasantness = given(command.pleasantness)
    return Entry(
        id=ctx.entity_id("mood"),
        user_key=account.key,
        mood=command.mood,
        intensity=command.intensity,
        model=catalog().model,
        affect=affect(known, command.intensity, pleasantness),
        pleasantness=pleasantness,
        is_public=may_show(ctx, account, public=command.is_public),
        note=given(command.note),
        tags=given(command.tags),
        factors=given(command.factors),
        place=place(command.location),
        occurred_at=occurred_at,
        time_zone=account.time_zone,
        utc_offset=local.utc_offset,
        day=local.day,
    )


def known_mood(mood: str) -> CatalogEntry:
    """Find a mood in the catalogue; refuse one that is not there."""
    known = catalog().find(mood)
    if known is None:
        raise invalid("data.mood", "unknown_value", "This mood is not in the catalogue")
    return known


def affect(known: CatalogEntry, intensity: float, pleasantness: float | None) -> float:
    """Return how pleasant it is, -1 to 1; what somebody says of that counts most."""
    return known.pleasantness * intensity if pleasantness is None else pleasantness


def may_show(ctx: Ctx, account: Account, *, public: bool) -> bool:
    """Tell whether an entry is shown to others: nobody's who is under 18."""
    return public and not is_minor(account.birth_date, ctx.now)


def own_account(ctx: Ctx) -> Account:
    """Find the caller's account."""
    account = account_by_key(ctx.tx, ctx.caller.key)
    if account is None:
        raise not_found("data", "This account no longer exists")
    return account


def place(location: Location | UnsetType) -> Place | None:
    """Put a place on the grid."""
    if isinstance(location, UnsetType):
        return None
    return Place(
        snapped(location.latitude),
        snapped(location.longitude),
        given(location.name),
        given(location.type),
    )


def untell(ctx: Ctx, entry: Entry) -> None:
    """Take what was told of an entry out of all streams, but not that it is gone.

    Who was told and is away must still hear that: so only `mood_changed` is looked for,
    in which the mood follows the id.
    """
    ctx.erase(entry.user_key, containing=f'"moodId":"{entry.id}","mood":')


def tell(ctx: Ctx, entry: Entry, *, edited: bool = False) -> None:
    """Tell one's own devices, and followers if the entry is public.

    `edited` tells them that it is one they know.
    """
    others = followers(ctx.tx, entry.user_key) if entry.is_public else []
    ctx.emit(_changed(ctx, entry, edited=edited), to=[entry.user_key, *others])


def tell_own(ctx: Ctx, entry: Entry) -> None:
    """Tell one's own devices alone of an entry that they know."""
    ctx.emit(_changed(ctx, entry, edited=True), to=[entry.user_key])


def _changed(ctx: Ctx, entry: Entry, *, edited: bool) -> MoodChanged:
    return MoodChanged(
        user_id=ctx.caller.user_id,
        mood_id=entry.id,
        mood=entry.mood,
        intensity=entry.intensity,
        is_public=entry.is_public,
        timestamp=Instant(entry.occurred_at),
        edited=True if edited else UNSET,
    )
