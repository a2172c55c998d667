"""Following: at once, and as often as you like."""

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.store import account_by_id, account_by_key
from hugmood.features.follows import store
from hugmood.features.follows.messages import (
    FetchFollowers,
    FetchFollowing,
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    UserFollowed,
)
from hugmood.features.follows.store import Side


@handles
def follow_user(ctx: Ctx, command: FollowUser) -> UserFollowed:
    """Follow or stop; only a follow that is new tells its target."""
    ctx.require_account()
    target = account_by_id(ctx.tx, command.target_user_id)
    if target is None:
        raise not_found("data.targetUserId", "There is no such person")
    if target.key == ctx.caller.key:
        raise invalid("data.targetUserId", "unknown_value", "You cannot follow yourself")
    if command.action == "unfollow":
        store.unfollow(ctx.tx, target.key, ctx.caller.key)
    elif store.follow(ctx.tx, target.key, ctx.caller.key, ctx.now):
        _tell(ctx, target.key)
    return UserFollowed(
        target_user_id=target.id,
        action=command.action,
        current_follower_count=store.follower_count(ctx.tx, target.key),
    )


@handles
def fetch_followers(ctx: Ctx, query: FetchFollowers) -> FollowPage:
    """List those who follow the caller."""
    return _page(ctx, query, "followers")


@handles
def fetch_following(ctx: Ctx, query: FetchFollowing) -> FollowPage:
    """List those whom the caller follows."""
    return _page(ctx, query, "following")


def _tell(ctx: Ctx, target: int) -> None:
    me = account_by_key(ctx.tx, ctx.caller.key)
    name = me.name if me else ""
    event = FollowUpdate(user_id=ctx.caller.user_id, user_name=name, timestamp=Instant(ctx.now))
    ctx.emit(event, to=[target])


def _page(ctx: Ctx, query: FetchFollowers | FetchFollowing, side: Side) -> FollowPage:
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("These lists are private")
    rows = store.page(ctx.tx, side, ctx.caller.key, query.limit, query.offset)
    return FollowPage(
        data_type=query.data_type,
        total_count=store.count(ctx.tx, side, ctx.caller.key),
        as_of_sequence=ctx.position(),
        items=[
            FollowItem(
                user_id=row.user_id,
                name=row.name,
                since=Instant(row.since),
                is_friend=row.is_friend,
            )
            for row in rows
        ],
    )
