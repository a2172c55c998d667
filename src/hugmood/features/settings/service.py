"""Settings: what people let others see and do; each is obeyed where it matters."""

from collections.abc import Sequence

from hugmood.engine.handling import Ctx, handles
from hugmood.errors import invalid, not_found
from hugmood.features.auth.ages import is_minor
from hugmood.features.auth.messages import MinorJoined, MinorNoted
from hugmood.features.auth.store import account_by_key, keys_by_id
from hugmood.features.settings import store
from hugmood.features.settings.messages import (
    Audience,
    Choices,
    FetchSettings,
    Settings,
    SettingsUpdated,
    StatusAudienceChanged,
    UpdateSettings,
)
from hugmood.wire.message import given


@handles
def update_settings(ctx: Ctx, command: UpdateSettings) -> SettingsUpdated:
    """Keep what was chosen; whoever sees something else now is told."""
    user = ctx.caller.key
    viewers = given(command.analytics_to)
    keys = None if viewers is None else _keys(ctx, viewers)
    if command.hugs_from:
        _check_hugs_from(ctx, command.hugs_from)
    before = store.settings(ctx.tx, user)
    chosen = before._replace(
        hugs_from=command.hugs_from or before.hugs_from,
        status_to=command.status_to or before.status_to,
        streaks=before.streaks if given(command.streaks) is None else bool(command.streaks),
    )
    if keys is not None:
        store.share(ctx.tx, user, keys)
    if chosen != before:
        store.choose(ctx.tx, user, chosen)
    if chosen.status_to != before.status_to:
        ctx.also(StatusAudienceChanged(user_key=user, before=before.status_to))
    return SettingsUpdated(
        hugs_from=chosen.hugs_from,
        status_to=chosen.status_to,
        analytics_to=store.viewers(ctx.tx, user),
        streaks=chosen.streaks,
    )


@handles
def fetch_settings(ctx: Ctx, query: FetchSettings) -> Settings:
    """Show the caller's own choices; nobody else sees them."""
    chosen = store.settings(ctx.tx, ctx.caller.key)
    return Settings(
        data_type=query.data_type,
        settings=Choices(
            hugs_from=chosen.hugs_from,
            status_to=chosen.status_to,
            analytics_to=store.viewers(ctx.tx, ctx.caller.key),
            streaks=chosen.streaks,
        ),
        as_of_sequence=ctx.position(),
    )


@handles
def minor_joined(ctx: Ctx, command: MinorJoined) -> MinorNoted:
    """Let only friends hug and see someone who is under 18."""
    closed = store.NOTHING_CHOSEN._replace(hugs_from="friends", status_to="friends")
    store.choose(ctx.tx, command.user_key, closed)
    return MinorNoted()


def _check_hugs_from(ctx: Ctx, audience: Audience) -> None:
    me = account_by_key(ctx.tx, ctx.caller.key)
    if audience in {"everyone", "followers"} and me and is_minor(me.birth_date, ctx.now):
        message = "Until you are 18 only friends can hug you"
        raise invalid("data.hugsFrom", "out_of_range", message)


def _keys(ctx: Ctx, viewers: Sequence[str]) -> list[int]:
    """Find these people, each once."""
    known = keys_by_id(ctx.tx, viewers)
    for index, user_id in enumerate(viewers):
        field = f"data.analyticsTo[{index}]"
        if user_id not in known:
            raise not_found(field, "There is no such person")
        if user_id == ctx.caller.user_id:
            raise invalid(field, "unknown_value", "Your analytics are yours already")
    return sorted(known.values())
