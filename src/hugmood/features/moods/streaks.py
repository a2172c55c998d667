"""Whether a streak is shown, and how it stands: the one place that knows both."""

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.features.moods.days import Streak, Tally, local_time, streak
from hugmood.features.moods.messages import StreakUpdate
from hugmood.features.settings.store import wants_streaks


def shown(ctx: Ctx, days: Tally | None, time_zone: str) -> Streak | None:
    """Tell how the caller's streak stands; None if they turned streaks off."""
    if not wants_streaks(ctx.tx, ctx.caller.key):
        return None
    return streak(days, local_time(ctx.now, time_zone).day, ctx.now)


def update(ctx: Ctx, run: Streak | None) -> StreakUpdate | UnsetType:
    """Say how a streak stands; nothing to who does not want to know."""
    if run is None:
        return UNSET
    return StreakUpdate(current=run.current, best=run.best, last_updated=Instant(ctx.now))
