"""Profiles: one's own in full, others' as far as it concerns the two; finding people."""

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import Rejected, denied, invalid, not_found
from hugmood.features.auth.names import MOST_LETTERS, folded
from hugmood.features.auth.service import check_time_zone
from hugmood.features.auth.store import account_by_id, account_by_key, update_account
from hugmood.features.follows.store import blocked, follows
from hugmood.features.profile import store
from hugmood.features.profile.messages import (
    FetchProfile,
    FetchUsers,
    Profile,
    ProfileItem,
    ProfileUpdated,
    UpdateProfile,
    UserItem,
    UserPage,
)
from hugmood.features.profile.store import Wanted
from hugmood.wire.message import optional


@handles
def update_profile(ctx: Ctx, command: UpdateProfile) -> ProfileUpdated:
    """Keep a name and a time zone; entries keep the zone they were made in."""
    me = account_by_key(ctx.tx, ctx.caller.key)
    if me is None:
        raise not_found("data", "This account no longer exists")
    if command.time_zone:
        check_time_zone(command.time_zone)
    name = command.name.strip() if command.name else me.name
    changed = me._replace(name=name, time_zone=command.time_zone or me.time_zone)
    if changed != me:
        update_account(ctx.tx, changed)
    return ProfileUpdated(name=changed.name, time_zone=changed.time_zone)


@handles
def fetch_profile(ctx: Ctx, query: FetchProfile) -> Profile:
    """Show one's own profile, or what another's may show."""
    user = _whose(ctx, query)
    item = _own(ctx) if user == ctx.caller.key else _others(ctx, user)
    return Profile(data_type=query.data_type, profile=item, as_of_sequence=ctx.position())


@handles
def fetch_users(ctx: Ctx, query: FetchUsers) -> UserPage:
    """Find people with an account, but not oneself nor those one does not see."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("You can look for people only for yourself")
    first = folded(query.query)[:MOST_LETTERS]
    if not first:
        raise invalid("data.query", "invalid_format")
    wanted = Wanted(ctx.caller.key, first, query.query.strip().lower())
    rows = store.page(ctx.tx, wanted, query.limit, query.offset)
    return UserPage(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, wanted),
        as_of_sequence=ctx.position(),
        items=[
            UserItem(
                user_id=row.user_id,
                name=row.name,
                you_follow=row.you_follow,
                is_friend=row.you_follow and row.follows_you,
            )
            for row in rows
        ],
    )


def _whose(ctx: Ctx, query: FetchProfile) -> int:
    if not query.user_id or query.user_id == ctx.caller.user_id:
        return ctx.caller.key
    other = account_by_id(ctx.tx, query.user_id)
    # Whoever is blocked cannot tell that from there being nobody.
    if other is None or blocked(ctx.tx, ctx.caller.key, other.key):
        raise _nobody()
    return other.key


def _own(ctx: Ctx) -> ProfileItem:
    me = store.profile(ctx.tx, ctx.caller.key)
    account = account_by_key(ctx.tx, ctx.caller.key)
    if me is None or account is None:
        raise _nobody()
    return ProfileItem(
        user_id=me.user_id,
        name=me.name,
        follower_count=me.followers,
        following_count=me.following,
        email=optional(me.email),
        time_zone=me.time_zone,
        is_anonymous=me.guest,
        birth_date=optional(account.birth_date),
        created_at=Instant(me.created_at),
    )


def _others(ctx: Ctx, user: int) -> ProfileItem:
    other = store.profile(ctx.tx, user)
    if other is None:
        raise _nobody()
    follows_you = follows(ctx.tx, follower=user, followee=ctx.caller.key)
    you_follow = follows(ctx.tx, follower=ctx.caller.key, followee=user)
    return ProfileItem(
        user_id=other.user_id,
        name=other.name,
        follower_count=other.followers,
        follows_you=follows_you,
        you_follow=you_follow,
        is_friend=follows_you and you_follow,
    )


def _nobody() -> Rejected:
    return not_found("data.userId", "There is no such person")
