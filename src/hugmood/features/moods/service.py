"""Moods: said, kept, shown to followers only when that was asked for."""

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, not_found
from hugmood.features.auth.store import account_by_id
from hugmood.features.follows.store import blocked
from hugmood.features.moods import day_store, editing, feed, store, streaks  # noqa: F401 (handlers)
from hugmood.features.moods.achievements import celebrate, sought
from hugmood.features.moods.caring import support
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.days import Streak
from hugmood.features.moods.entries import new_entry, own_account, tell
from hugmood.features.moods.messages import (
    CatalogMood,
    FetchMoodCatalog,
    FetchMoodHistory,
    FetchStreak,
    Location,
    MoodCatalog,
    MoodFilters,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
    StreakNow,
    StreakShown,
)
from hugmood.features.moods.store import Listed, Place, Wanted
from hugmood.wire.message import given, optional


@handles
def mood_update(ctx: Ctx, command: MoodUpdate) -> MoodUpdated:
    """Keep an entry, credit its day, tell those who may know."""
    entry = new_entry(ctx, command)
    # What is to be known of the time before is asked first: many may be asked for at once.
    before = day_store.counted(ctx.tx, entry.user_key)
    said_before = day_store.said_that_day(ctx.tx, entry.user_key, entry.day, entry.mood)
    chances = sought(ctx, entry, said_before=said_before)
    store.insert(ctx.tx, entry)
    credit = day_store.credit(ctx.tx, entry.user_key, before, entry.day, entry.occurred_at)
    tell(ctx, entry)
    run = streaks.shown(ctx, credit.tally, entry.time_zone)
    card = support(ctx, entry, entry.time_zone)
    if card is None:  # no celebration where somebody needs help: it comes another day
        celebrate(ctx, entry, credit, run, chances)
    return MoodUpdated(
        mood_id=entry.id, streak_update=streaks.update(ctx, run), support=optional(card)
    )


@handles
def fetch_mood_history(ctx: Ctx, query: FetchMoodHistory) -> MoodHistory:
    """List one's own entries, or the public ones of someone else."""
    user = ctx.caller.key
    if query.user_id and query.user_id != ctx.caller.user_id:
        account = account_by_id(ctx.tx, query.user_id)
        if account is None or blocked(ctx.tx, user, account.key):
            raise not_found("data.userId", "There is no such person")
        user = account.key
    own = user == ctx.caller.key
    wanted = _wanted(user, query.filters or MoodFilters(), own=own)
    after = None
    if query.after:
        after = store.place_of(ctx.tx, user, query.after, public_only=not own)
        if after is None:
            raise not_found("data.after", "There is no such entry")
    rows = store.page(ctx.tx, wanted, query.limit + 1, query.offset, after)
    return MoodHistory(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[_item(row, own=own) for row in rows[: query.limit]],
        has_more=len(rows) > query.limit,
    )


@handles
def fetch_streak(ctx: Ctx, query: FetchStreak) -> StreakShown:
    """Count the caller's streak."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Streaks are private")
    days = day_store.counted(ctx.tx, ctx.caller.key).tally
    run = streaks.shown(ctx, days, own_account(ctx).time_zone)
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


def _streak_now(ctx: Ctx, run: Streak | None) -> StreakNow | UnsetType:
    if run is None:
        return UNSET
    return StreakNow(
        current=run.current,
        best=run.best,
        last_updated=Instant(ctx.now),
        rest_days=run.rests_held,
    )


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
    return MoodItem(
        id=row.id,
        mood=row.mood,
        intensity=row.intensity,
        is_public=row.is_public,
        created_at=Instant(row.occurred_at),
        note=optional(row.note) if own else UNSET,
        tags=optional(row.tags) if own else UNSET,
        factors=optional(row.factors) if own else UNSET,
        pleasantness=optional(row.pleasantness) if own else UNSET,
        location=_location(row.place) if own else UNSET,
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
