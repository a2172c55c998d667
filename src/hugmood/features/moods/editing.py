"""Second thoughts: an entry is changed or taken back, and with it what was told of it."""

from typing import Any

from msgspec import UNSET, UnsetType

from hugmood.engine.handling import Ctx, handles
from hugmood.errors import not_found
from hugmood.features.follows.store import followers
from hugmood.features.moods import day_store, store, streaks
from hugmood.features.moods.caring import support
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.entries import (
    affect,
    known_mood,
    may_show,
    own_account,
    place,
    tell,
    tell_own,
    untell,
)
from hugmood.features.moods.messages import (
    MoodDelete,
    MoodDeleted,
    MoodEdit,
    MoodEdited,
    MoodTakenBack,
    StreakUpdate,
)
from hugmood.features.moods.store import Entry
from hugmood.wire.message import given, optional


@handles
def mood_edit(ctx: Ctx, command: MoodEdit) -> MoodEdited:
    """Change what is given of one's own entry; its time and day stay."""
    before = _own_entry(ctx, command.mood_id)
    after = _edited(ctx, before, command)
    card = None
    if after != before:
        store.update(ctx.tx, after)
        _tell_of_edit(ctx, before, after)
        card = support(ctx, after, own_account(ctx).time_zone)
    return MoodEdited(mood_id=after.id, streak_update=_streak(ctx), support=optional(card))


@handles
def mood_delete(ctx: Ctx, command: MoodDelete) -> MoodTakenBack:
    """Take back one's own entry for good, its note and all, here and in streams."""
    entry = _own_entry(ctx, command.mood_id)
    store.delete(ctx.tx, entry)
    day_store.recredit_day(ctx.tx, entry.user_key, entry.day)
    untell(ctx, entry)
    others = followers(ctx.tx, entry.user_key) if entry.is_public else []
    _tell_gone(ctx, entry, [entry.user_key, *others])
    return MoodTakenBack(mood_id=entry.id, streak_update=_streak(ctx))


def _own_entry(ctx: Ctx, mood_id: str) -> Entry:
    entry = store.held(ctx.tx, ctx.caller.key, mood_id)
    if entry is None:
        raise not_found("data.moodId", "You have no such entry")
    return entry


def _edited(ctx: Ctx, entry: Entry, command: MoodEdit) -> Entry:
    """Return the entry as it is to be; what is cleared is None."""
    wanted = {
        "mood": given(command.mood),
        "intensity": given(command.intensity),
        "pleasantness": given(command.pleasantness),
        "note": given(command.note),
        "tags": given(command.tags),
        "factors": given(command.factors),
        "place": place(command.location),
    }
    changes: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
    for cleared in given(command.clear) or ():
        changes["place" if cleared == "location" else cleared] = None
    if command.is_public is not UNSET:
        changes["is_public"] = may_show(ctx, own_account(ctx), public=bool(command.is_public))
    return _weighed(entry, entry._replace(**changes))


def _weighed(before: Entry, after: Entry) -> Entry:
    """Make a number of what is felt, if that is another now."""
    felt = (after.mood, after.intensity, after.pleasantness)
    if felt == (before.mood, before.intensity, before.pleasantness):
        return after  # by the model of its time
    score = affect(known_mood(after.mood), after.intensity, after.pleasantness)
    return after._replace(affect=score, model=catalog().model)


def _tell_of_edit(ctx: Ctx, before: Entry, after: Entry) -> None:
    """Tell again whoever was told, and in place of what they were told.

    Of what followers never saw only one's own devices hear: to fetch it anew.
    """
    seen = (before.mood, before.intensity, before.is_public)
    if seen == (after.mood, after.intensity, after.is_public):
        tell_own(ctx, after)
        return
    untell(ctx, after)
    # One that is shown for the first time is new to those who see it.
    tell(ctx, after, edited=before.is_public or not after.is_public)
    if before.is_public and not after.is_public:
        _tell_gone(ctx, after, followers(ctx.tx, after.user_key))


def _tell_gone(ctx: Ctx, entry: Entry, to: list[int]) -> None:
    ctx.emit(MoodDeleted(user_id=ctx.caller.user_id, mood_id=entry.id), to=to)


def _streak(ctx: Ctx) -> StreakUpdate | UnsetType:
    days = day_store.counted(ctx.tx, ctx.caller.key).tally
    return streaks.update(ctx, streaks.shown(ctx, days, own_account(ctx).time_zone))
