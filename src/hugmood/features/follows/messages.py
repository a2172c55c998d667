"""Following and blocking, on the wire (protocol: Follow / Friend Messages)."""

from typing import ClassVar, Literal

from hugmood.ambient import Instant
from hugmood.wire.message import (
    Command,
    Event,
    Id,
    Page,
    PageQuery,
    Payload,
    Reply,
    Variant,
)


class UserFollowed(Reply, frozen=True, kw_only=True):
    """It holds now, whether or not it held before."""

    target_user_id: str
    action: Literal["follow", "unfollow"]
    current_follower_count: int


class FollowUser(Command[UserFollowed], frozen=True, kw_only=True):
    """Follow someone, or stop; both take effect at once and may be repeated."""

    target_user_id: Id
    action: Literal["follow", "unfollow"]


class FollowUpdate(Event, frozen=True, kw_only=True):
    """Someone follows you."""

    id_prefix: ClassVar[str] = "notif"

    user_id: str
    user_name: str
    action: Literal["followed_you"] = "followed_you"
    timestamp: Instant


class FollowItem(Payload, frozen=True, kw_only=True):
    """One person in a list of followers or followed; `is_friend` if mutual."""

    user_id: str
    name: str
    since: Instant
    is_friend: bool


class FollowPage(Page, frozen=True, kw_only=True):
    """A page of people, newest first."""

    items: list[FollowItem]


class FetchFollowers(PageQuery[FollowPage], frozen=True, kw_only=True):
    """Who follows you."""

    variant = Variant("fetch", "dataType", "followers")

    data_type: Literal["followers"] = "followers"


class FetchFollowing(PageQuery[FollowPage], frozen=True, kw_only=True):
    """Whom you follow."""

    variant = Variant("fetch", "dataType", "following")

    data_type: Literal["following"] = "following"


class UserBlocked(Reply, frozen=True, kw_only=True):
    """It holds now, whether or not it held before."""

    target_user_id: str
    action: Literal["block", "unblock"]


class BlockUser(Command[UserBlocked], frozen=True, kw_only=True):
    """See and hear nothing of someone, nor they of you; or end that."""

    target_user_id: Id
    action: Literal["block", "unblock"]


class BlockedItem(Payload, frozen=True, kw_only=True):
    """One person whom you block."""

    user_id: str
    name: str
    since: Instant


class BlockedPage(Page, frozen=True, kw_only=True):
    """A page of people, newest first."""

    items: list[BlockedItem]


class FetchBlocked(PageQuery[BlockedPage], frozen=True, kw_only=True):
    """Whom you block."""

    variant = Variant("fetch", "dataType", "blocked")

    data_type: Literal["blocked"] = "blocked"


class SightNoted(Reply, frozen=True):
    """The viewer has been told."""


class SightChanged(Command[SightNoted], frozen=True, kw_only=True):
    """A viewer (key) may see more or less of someone's status than before."""

    internal: ClassVar[bool] = True

    owner: int
    viewer: int
