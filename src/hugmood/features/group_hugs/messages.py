"""Group hugs, on the wire (protocol: Group Hug Messages; fetch of `group_hugs`)."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.ambient import Instant
from hugmood.wire.message import (
    Command,
    DateRange,
    Event,
    Id,
    Page,
    PageQuery,
    Payload,
    Reply,
    Variant,
)

MOST_INVITEES: Final = 100

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Words = Annotated[str, Meta(max_length=500)]
State = Literal["scheduled", "active", "ended", "cancelled"]
UpdateType = Literal["participant_joined", "participant_left", "started", "ended", "cancelled"]


class GroupHugCreated(Reply, frozen=True, kw_only=True):
    """It is on disk, and this many people have been invited."""

    group_hug_id: str
    invitations_sent: int


class CreateGroupHug(Command[GroupHugCreated], frozen=True, kw_only=True):
    """Invite people to hug each other, from `scheduled_for` or at once.

    It lasts until `expires_at`, or 24 hours.
    """

    per_minute: ClassVar[int | str | None] = "hugs_per_minute"

    name: Name
    description: Words | UnsetType = UNSET
    invitee_ids: Annotated[list[Id], Meta(max_length=MOST_INVITEES)]
    scheduled_for: Instant | UnsetType = UNSET
    expires_at: Instant | UnsetType = UNSET
    message: Words | UnsetType = UNSET


class GroupHugInvitation(Event, frozen=True, kw_only=True):
    """Someone invites you; without `scheduled_for` it is going on already."""

    id_prefix: ClassVar[str] = "notif"

    group_hug_id: str
    name: str
    description: str | UnsetType = UNSET
    creator_id: str
    creator_name: str
    scheduled_for: Instant | UnsetType = UNSET
    expires_at: Instant
    message: str | UnsetType = UNSET


class Participant(Payload, frozen=True, kw_only=True):
    """Someone who takes part."""

    user_id: str
    name: str


class GroupHugJoined(Reply, frozen=True, kw_only=True):
    """You take part, whether or not you did before; so do these people."""

    group_hug_id: str
    participants: list[Participant]


class JoinGroupHug(Command[GroupHugJoined], frozen=True, kw_only=True):
    """Take part in what you are invited to."""

    group_hug_id: Id


class GroupHugLeft(Reply, frozen=True, kw_only=True):
    """You take no part, whether or not you did before."""

    group_hug_id: str


class LeaveGroupHug(Command[GroupHugLeft], frozen=True, kw_only=True):
    """Take part no more; whoever is invited may come back."""

    group_hug_id: Id


class GroupHugCancelled(Reply, frozen=True, kw_only=True):
    """It is over."""

    group_hug_id: str


class CancelGroupHug(Command[GroupHugCancelled], frozen=True, kw_only=True):
    """Call off what you created."""

    group_hug_id: Id


class GroupHugUpdate(Event, frozen=True, kw_only=True):
    """What happens in a group hug you take part in; `participant` came or went."""

    group_hug_id: str
    update_type: UpdateType
    participant: Participant | UnsetType = UNSET
    participant_count: int


class GroupHugItem(Payload, frozen=True, kw_only=True):
    """A group hug you created, take part in or are invited to."""

    id: str
    name: str
    description: str | UnsetType = UNSET
    creator_id: str
    creator_name: str
    state: State
    scheduled_for: Instant | UnsetType = UNSET
    expires_at: Instant
    message: str | UnsetType = UNSET
    created_at: Instant
    joined: bool
    participant_count: int
    participants: list[Participant] | UnsetType = UNSET
    """Only where a single group hug was asked for: a page of them could be too long."""


class GroupHugPage(Page, frozen=True, kw_only=True):
    """A page of group hugs, newest first."""

    items: list[GroupHugItem]


class GroupHugFilters(DateRange, frozen=True, kw_only=True):
    """Which group hugs, by when they were created; both dates are inclusive."""

    state: State | UnsetType = UNSET
    group_hug_id: Id | UnsetType = UNSET


class FetchGroupHugs(PageQuery[GroupHugPage], frozen=True, kw_only=True):
    """The group hugs you created, take part in or are invited to."""

    variant = Variant("fetch", "dataType", "group_hugs")

    data_type: Literal["group_hugs"] = "group_hugs"
    filters: GroupHugFilters | UnsetType = UNSET


class GroupHugMoved(Reply, frozen=True):
    """What was due is done, or has become moot."""


class RemindOfGroupHug(Command[GroupHugMoved], frozen=True, kw_only=True):
    """It is about to start."""

    internal: ClassVar[bool] = True

    group_hug_id: str


class StartGroupHug(Command[GroupHugMoved], frozen=True, kw_only=True):
    """Its time has come."""

    internal: ClassVar[bool] = True

    group_hug_id: str


class EndGroupHug(Command[GroupHugMoved], frozen=True, kw_only=True):
    """Its time is over."""

    internal: ClassVar[bool] = True

    group_hug_id: str
