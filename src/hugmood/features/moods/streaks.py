"""Whether a streak is shown, and how it stands: the one place that knows both."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.features.moods.days import Day, Streak, local_time, streak
from hugmood.features.moods.messages import StreakUpdate
from hugmood.features.settings.store import wants_streaks


def shown(ctx: Ctx, days: Sequence[Day], time_zone: str) -> Streak | None:
    """Count the caller's streak from their days; None if they turned streaks off."""
    if not wants_streaks(ctx.tx, ctx.caller.key):
        return None
    return streak(days, local_time(ctx.now, time_zone).day, ctx.now)


def update(ctx: Ctx, run: Streak | None) -> StreakUpdate | UnsetType:
    """Say how a streak stands; nothing to who does not want to know."""
    if run is None:
        return UNSET
    return StreakUpdate(current=run.current, best=run.best, last_updated=Instant(ctx.now))
