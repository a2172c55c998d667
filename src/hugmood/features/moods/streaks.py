"""Whether a streak is shown, and how it stands: the one place that knows both."""

from collections.abc import Sequence

from hugmood.engine.handling import Ctx
from hugmood.features.moods.days import Day, Streak, local_time, streak
from hugmood.features.settings.store import wants_streaks


def shown(ctx: Ctx, days: Sequence[Day], time_zone: str) -> Streak | None:
    """Count the caller's streak from their days; None if they turned streaks off."""
    if not wants_streaks(ctx.tx, ctx.caller.key):
        return None
    return streak(days, local_time(ctx.now, time_zone).day, ctx.now)
