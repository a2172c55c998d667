"""Following and blocking: at once, and as often as you like."""

from typing import Final

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import denied, invalid, not_found
from hugmood.features.auth.store import Account, account_by_id, account_by_key
from hugmood.features.follows import blocks, store
from hugmood.features.follows.messages import (
    BlockedItem,
    BlockedPage,
    BlockUser,
    FetchBlocked,
    FetchFollowers,
    FetchFollowing,
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    SightChanged,
    UserBlocked,
    UserFollowed,
)
from hugmood.features.follows.store import Side
from hugmood.features.settings.store import settings, unshare

NOT_TO_BE_FOLLOWED: Final = "You cannot follow this person"


@handles
def follow_user(ctx: Ctx, command: FollowUser) -> UserFollowed:
    """Follow or stop; only a follow that is new tells its target."""
    ctx.require_account()
    target = _other(ctx, command.target_user_id, "You cannot follow yourself")
    if command.action == "unfollow":
        changed = store.unfollow(ctx.tx, target.key, ctx.caller.key)
    elif store.blocked(ctx.tx, target.key, ctx.caller.key):
        raise denied(NOT_TO_BE_FOLLOWED)
    else:
        changed = store.follow(ctx.tx, target.key, ctx.caller.key, ctx.now)
        if changed:
            _tell(ctx, target.key)
    if changed and settings(ctx.tx, ctx.caller.key).status_to == "friends":
        _note_sight(ctx, target.key)
    return UserFollowed(
        target_user_id=target.id,
        action=command.action,
        current_follower_count=store.follower_count(ctx.tx, target.key),
    )


@handles
def block_user(ctx: Ctx, command: BlockUser) -> UserBlocked:
    """Block or stop; a block ends both follows, and nobody is told."""
    target = _other(ctx, command.target_user_id, "You cannot block yourself")
    if command.action == "unblock":
        blocks.unblock(ctx, ctx.caller.key, target.key)
    elif blocks.block(ctx, ctx.caller.key, target.key):
        _part(ctx, ctx.caller.key, target.key)
        _part(ctx, target.key, ctx.caller.key)
        unshare(ctx.tx, owner=ctx.caller.key, viewer=target.key)
    return UserBlocked(target_user_id=target.id, action=command.action)


@handles
def fetch_followers(ctx: Ctx, query: FetchFollowers) -> FollowPage:
    """List those who follow the caller."""
    return _page(ctx, query, "followers")


@handles
def fetch_following(ctx: Ctx, query: FetchFollowing) -> FollowPage:
    """List those whom the caller follows."""
    return _page(ctx, query, "following")


@handles
def fetch_blocked(ctx: Ctx, query: FetchBlocked) -> BlockedPage:
    """List those whom the caller blocks; nobody else may know."""
    _check_own(ctx, query)
    rows = blocks.page(ctx.tx, ctx.caller.key, query.limit, query.offset)
    return BlockedPage(
        data_type=query.data_type,
        total_count=blocks.count(ctx.tx, ctx.caller.key),
        as_of_sequence=ctx.position(),
        items=[
            BlockedItem(user_id=row.user_id, name=row.name, since=Instant(row.since))
            for row in rows
        ],
    )


def _other(ctx: Ctx, user_id: str, not_oneself: str) -> Account:
    target = account_by_id(ctx.tx, user_id)
    if target is None:
        raise not_found("data.targetUserId", "There is no such person")
    if target.key == ctx.caller.key:
        raise invalid("data.targetUserId", "unknown_value", not_oneself)
    return target


def _tell(ctx: Ctx, target: int) -> None:
    me = account_by_key(ctx.tx, ctx.caller.key)
    name = me.name if me else ""
    event = FollowUpdate(user_id=ctx.caller.user_id, user_name=name, timestamp=Instant(ctx.now))
    ctx.emit(event, to=[target])


def _note_sight(ctx: Ctx, target: int) -> None:
    """Have a follower told, who is or was a friend of the caller by this."""
    if store.follows(ctx.tx, follower=target, followee=ctx.caller.key):
        ctx.also(SightChanged(owner=ctx.caller.key, viewer=target))


def _part(ctx: Ctx, followee: int, follower: int) -> None:
    """End a follow for a block: the follower sees the other offline from now on."""
    if store.unfollow(ctx.tx, followee, follower):
        ctx.also(SightChanged(owner=followee, viewer=follower))


def _page(ctx: Ctx, query: FetchFollowers | FetchFollowing, side: Side) -> FollowPage:
    _check_own(ctx, query)
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


def _check_own(ctx: Ctx, query: FetchFollowers | FetchFollowing | FetchBlocked) -> None:
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("These lists are private")
