"""Profiles and finding people, on the wire (decisions: fetch; Account and settings)."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.ambient import Instant
from hugmood.features.auth.messages import DisplayName, TimeZone
from hugmood.wire.message import (
    Command,
    Id,
    Page,
    PageQuery,
    Payload,
    Query,
    Reply,
    Variant,
)

SearchText = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]


class ProfileUpdated(Reply, frozen=True, kw_only=True):
    """What holds now, whether it was changed or not."""

    name: str
    time_zone: str


class UpdateProfile(Command[ProfileUpdated], frozen=True, kw_only=True):
    """Choose a name or a time zone; what is left out stays as it is.

    Days that are over stay as they were counted, wherever you move.
    """

    name: DisplayName | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET


class ProfileItem(Payload, frozen=True, kw_only=True):
    """A person; some fields are only in one's own, some only in others' profiles."""

    user_id: str
    name: str
    follower_count: int
    following_count: int | UnsetType = UNSET
    email: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    is_anonymous: bool | UnsetType = UNSET
    birth_date: date | UnsetType = UNSET
    created_at: Instant | UnsetType = UNSET
    follows_you: bool | UnsetType = UNSET
    you_follow: bool | UnsetType = UNSET
    is_friend: bool | UnsetType = UNSET


class Profile(Reply, frozen=True, kw_only=True):
    """Who somebody is."""

    data_type: Literal["profile"] = "profile"
    profile: ProfileItem
    as_of_sequence: int


class FetchProfile(Query[Profile], frozen=True, kw_only=True):
    """One's own profile, or with `user_id` what another's shows."""

    variant = Variant("fetch", "dataType", "profile")

    data_type: Literal["profile"] = "profile"
    user_id: Id | UnsetType = UNSET


class UserItem(Payload, frozen=True, kw_only=True):
    """Someone who was found."""

    user_id: str
    name: str
    you_follow: bool
    is_friend: bool


class UserPage(Page, frozen=True, kw_only=True):
    """A page of people, by name."""

    items: list[UserItem]


class FetchUsers(PageQuery[UserPage], frozen=True, kw_only=True):
    """Find people by the start of a name or of any word in it, or by their exact id."""

    variant = Variant("fetch", "dataType", "users")

    data_type: Literal["users"] = "users"
    query: SearchText
