"""Hugs, on the wire (protocol: Hug Messages; fetch of `hug_history`, `hug_requests`)."""

from typing import Annotated, ClassVar, Literal

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
    Query,
    Reply,
    Unit,
    Variant,
)

Color = Annotated[str, Meta(pattern="^#[0-9A-Fa-f]{6}$", max_length=7)]
HugMessage = Annotated[str, Meta(max_length=500)]
CatalogWord = Annotated[str, Meta(max_length=64)]
RequestLifetime = Annotated[int, Meta(ge=60, le=7 * 24 * 3600)]
"""For how long a request can be answered, in seconds."""
TargetType = Literal["user", "followers", "group"]
Direction = Literal["sent", "received"]
RequestStatus = Literal["open", "accepted", "declined", "expired"]


class Customization(Payload, frozen=True, kw_only=True):
    """How the hug looks: colour `#RRGGBB`, intensity 0 to 1, animation by name."""

    color: Color | UnsetType = UNSET
    intensity: Unit | UnsetType = UNSET
    animation: CatalogWord | UnsetType = UNSET


class HugSent(Reply, frozen=True, kw_only=True):
    """The hug is on disk; `queued` if the recipient is not visibly online."""

    hug_id: str
    recipient_online: bool
    delivery_status: Literal["sent", "queued"]


class SendHug(Command[HugSent], frozen=True, kw_only=True):
    """Hug someone."""

    per_minute: ClassVar[int | str | None] = "hugs_per_minute"

    recipient_id: Id
    hug_type: CatalogWord
    message: HugMessage | UnsetType = UNSET
    customization: Customization | UnsetType = UNSET


class HugReceived(Event, frozen=True, kw_only=True):
    """Someone hugs you; with `request_id` because you asked for it."""

    id_prefix: ClassVar[str] = "notif"

    hug_id: str
    request_id: str | UnsetType = UNSET
    sender_id: str
    sender_name: str
    hug_type: str
    message: str | UnsetType = UNSET
    sent_at: Instant
    customization: Customization | UnsetType = UNSET


class HugItem(Payload, frozen=True, kw_only=True):
    """A hug in the history: `user_id` and `user_name` are the other person's."""

    id: str
    direction: Direction
    user_id: str
    user_name: str
    hug_type: str
    message: str | UnsetType = UNSET
    customization: Customization | UnsetType = UNSET
    sent_at: Instant


class HugHistory(Page, frozen=True, kw_only=True):
    """A page of hugs sent and received, newest first."""

    items: list[HugItem]


class HugFilters(DateRange, frozen=True, kw_only=True):
    """Which hugs; both dates are inclusive."""


class FetchHugHistory(PageQuery[HugHistory], frozen=True, kw_only=True):
    """The hugs you sent and received."""

    variant = Variant("fetch", "dataType", "hug_history")

    data_type: Literal["hug_history"] = "hug_history"
    filters: HugFilters | UnsetType = UNSET


class HugKinds(Payload, frozen=True, kw_only=True):
    """Words for `hugType` and for `animation`."""

    hug_types: list[str]
    animations: list[str]


class HugCatalog(Reply, frozen=True, kw_only=True):
    """The kinds of hugs and animations there are."""

    data_type: Literal["hug_catalog"] = "hug_catalog"
    hug_catalog: HugKinds
    as_of_sequence: int


class FetchHugCatalog(Query[HugCatalog], frozen=True, kw_only=True):
    """Ask for the words that `send_hug` takes."""

    variant = Variant("fetch", "dataType", "hug_catalog")

    data_type: Literal["hug_catalog"] = "hug_catalog"


class HugRequested(Reply, frozen=True, kw_only=True):
    """Those who are asked have been told; they can answer until `expires_at`."""

    request_id: str
    expires_at: Instant


class RequestHug(Command[HugRequested], frozen=True, kw_only=True):
    """Ask someone for a hug, all your followers, or those who take part in a group hug."""

    per_minute: ClassVar[int | str | None] = "hugs_per_minute"

    target_type: TargetType
    target_id: Id | UnsetType = UNSET
    message: HugMessage | UnsetType = UNSET
    expires_after: RequestLifetime = 3600


class HugRequestReceived(Event, frozen=True, kw_only=True):
    """Someone asks you for a hug."""

    id_prefix: ClassVar[str] = "notif"

    request_id: str
    requester_id: str
    requester_name: str
    message: str | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant


class HugRequestAnswered(Reply, frozen=True, kw_only=True):
    """The answer is kept; `hug_id` is the hug that was sent, if you accepted."""

    request_id: str
    hug_id: str | UnsetType = UNSET


class RespondHugRequest(Command[HugRequestAnswered], frozen=True, kw_only=True):
    """Give the hug that was asked for, or decline, which nobody is told."""

    request_id: Id
    accept: bool
    hug_type: CatalogWord | UnsetType = UNSET
    message: HugMessage | UnsetType = UNSET
    customization: Customization | UnsetType = UNSET


class HugRequestItem(Payload, frozen=True, kw_only=True):
    """A request in a list; `user_id` and `user_name` are the other person's.

    Whom one asked is in `target_type` and `target_id`. That someone declined is seen
    only by who did.
    """

    id: str
    direction: Direction
    status: RequestStatus
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    target_type: TargetType | UnsetType = UNSET
    target_id: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    accepted_count: int | UnsetType = UNSET
    hug_id: str | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant


class HugRequestPage(Page, frozen=True, kw_only=True):
    """A page of requests sent and received, newest first."""

    items: list[HugRequestItem]


class HugRequestFilters(DateRange, frozen=True, kw_only=True):
    """Which requests; both dates are inclusive."""

    direction: Direction | UnsetType = UNSET
    status: RequestStatus | UnsetType = UNSET


class FetchHugRequests(PageQuery[HugRequestPage], frozen=True, kw_only=True):
    """The requests you sent and received."""

    variant = Variant("fetch", "dataType", "hug_requests")

    data_type: Literal["hug_requests"] = "hug_requests"
    filters: HugRequestFilters | UnsetType = UNSET
