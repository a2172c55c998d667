"""Moods: said, kept, shown to followers only when that was asked for."""

from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.ages import is_minor
from hugmood.features.auth.store import Account, account_by_id, account_by_key
from hugmood.features.follows.store import followers
from hugmood.features.moods import day_store, store, streaks
from hugmood.features.moods.achievements import celebrate
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.days import LocalTime, Streak, local_time
from hugmood.features.moods.messages import (
    CatalogMood,
    FetchMoodCatalog,
    FetchMoodHistory,
    FetchStreak,
    Location,
    MoodCatalog,
    MoodChanged,
    MoodFilters,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
    StreakNow,
    StreakShown,
    StreakUpdate,
)
from hugmood.features.moods.store import Entry, Listed, Place, Wanted
from hugmood.wire.message import given, optional

GRID_DEGREES: Final = 0.1


@handles
def mood_update(ctx: Ctx, command: MoodUpdate) -> MoodUpdated:
    """Keep an entry, credit its day, tell those who may know."""
    entry = _entry(ctx, command)
    store.insert(ctx.tx, entry)
    day_store.credit_day(ctx.tx, entry.user_key, entry.day, entry.occurred_at)
    _tell(ctx, entry)
    days = day_store.days(ctx.tx, entry.user_key)
    run = streaks.shown(ctx, days, entry.time_zone)
    celebrate(ctx, entry, days, run)
    return MoodUpdated(mood_id=entry.id, streak_update=_streak_update(ctx, run))


@handles
def fetch_mood_history(ctx: Ctx, query: FetchMoodHistory) -> MoodHistory:
    """List one's own entries, or the public ones of someone else."""
    user = ctx.caller.key
    if query.user_id and query.user_id != ctx.caller.user_id:
        account = account_by_id(ctx.tx, query.user_id)
        if account is None:
            raise not_found("data.userId", "There is no such person")
        user = account.key
    own = user == ctx.caller.key
    wanted = _wanted(user, query.filters or MoodFilters(), own=own)
    rows = store.page(ctx.tx, wanted, query.limit, query.offset)
    return MoodHistory(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[_item(row, own=own) for row in rows],
    )


@handles
def fetch_streak(ctx: Ctx, query: FetchStreak) -> StreakShown:
    """Count the caller's streak."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Streaks are private")
    days = day_store.days(ctx.tx, ctx.caller.key)
    run = streaks.shown(ctx, days, _account(ctx).time_zone)
    return StreakShown(streak=_streak_now(ctx, run), as_of_sequence=ctx.position())


@handles
def fetch_mood_catalog(ctx: Ctx, query: FetchMoodCatalog) -> MoodCatalog:
    """List the words there are."""
    found = catalog()
    return MoodCatalog(
        data_type=query.data_type,
        mood_catalog=[
            CatalogMood(
                mood=entry.mood,
                valence=entry.valence,
                arousal=entry.arousal,
                quadrant=entry.quadrant,
            )
            for entry in found.moods
        ],
        source=found.source,
        as_of_sequence=ctx.position(),
    )


def snapped(degrees: float) -> float:
    """Put a coordinate on the fixed grid: nobody's street can be read from it."""
    return round(round(degrees / GRID_DEGREES) * GRID_DEGREES, 1)


def _entry(ctx: Ctx, command: MoodUpdate) -> Entry:
    known = catalog().find(command.mood)
    if known is None:
        raise invalid("data.mood", "unknown_value", "This mood is not in the catalogue")
    account = _account(ctx)
    occurred_at = ctx.occurred_at()
    local: LocalTime = local_time(occurred_at, account.time_zone)
    pleasantness = given(command.pleasantness)
    affect = known.pleasantness * command.intensity if pleasantness is None else pleasantness
    return Entry(
        id=ctx.entity_id("mood"),
        user_key=account.key,
        mood=command.mood,
        intensity=command.intensity,
        model=catalog().model,
        affect=affect,
        pleasantness=pleasantness,
        # Who is under 18 has a private account.
        is_public=command.is_public and not is_minor(account.birth_date, ctx.now),
        note=given(command.note),
        tags=given(command.tags),
        factors=given(command.factors),
        place=_place(command.location),
        occurred_at=occurred_at,
        time_zone=account.time_zone,
        utc_offset=local.utc_offset,
        day=local.day,
    )


def _account(ctx: Ctx) -> Account:
    account = account_by_key(ctx.tx, ctx.caller.key)
    if account is None:
        raise not_found("data", "This account no longer exists")
    return account


def _streak_update(ctx: Ctx, run: Streak | None) -> StreakUpdate | UnsetType:
    if run is None:
        return UNSET
    return StreakUpdate(current=run.current, best=run.best, last_updated=Instant(ctx.now))


def _streak_now(ctx: Ctx, run: Streak | None) -> StreakNow | UnsetType:
    if run is None:
        return UNSET
    return StreakNow(
        current=run.current,
        best=run.best,
        last_updated=Instant(ctx.now),
        rest_days=run.rests_held,
    )


def _place(location: Location | UnsetType) -> Place | None:
    if isinstance(location, UnsetType):
        return None
    return Place(
        snapped(location.latitude),
        snapped(location.longitude),
        given(location.name),
        given(location.type),
    )


def _tell(ctx: Ctx, entry: Entry) -> None:
    event = MoodChanged(
        user_id=ctx.caller.user_id,
        mood_id=entry.id,
        mood=entry.mood,
        intensity=entry.intensity,
        is_public=entry.is_public,
        timestamp=Instant(entry.occurred_at),
    )
    others = followers(ctx.tx, entry.user_key) if entry.is_public else []
    ctx.emit(event, to=[entry.user_key, *others])


def _wanted(user: int, filters: MoodFilters, *, own: bool) -> Wanted:
    start, end = filters.bounds()
    return Wanted(
        user,
        public_only=not own,
        start=start,
        end=end,
        moods=given(filters.moods),
        # Another's tags are private: to filter by them would tell them.
        tags=given(filters.tags) if own else None,
    )


def _item(row: Listed, *, own: bool) -> MoodItem:
    item = MoodItem(
        id=row.id,
        mood=row.mood,
        intensity=row.intensity,
        is_public=row.is_public,
        created_at=Instant(row.occurred_at),
    )
    if not own:
        return item
    return replace(
        item,
        note=optional(row.note),
        tags=optional(row.tags),
        factors=optional(row.factors),
        pleasantness=optional(row.pleasantness),
        location=_location(row.place),
    )


def _location(place: Place | None) -> Location | UnsetType:
    if place is None:
        return UNSET
    return Location(
        latitude=place.latitude,
        longitude=place.longitude,
        name=optional(place.name),
        type=optional(place.type),
    )
