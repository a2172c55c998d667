"""Hugs, on the wire (protocol: Hug Messages; fetch of `hug_history`)."""

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

    per_minute: ClassVar[int | None] = 30

    recipient_id: Id
    hug_type: CatalogWord
    message: HugMessage | UnsetType = UNSET
    customization: Customization | UnsetType = UNSET


class HugReceived(Event, frozen=True, kw_only=True):
    """Someone hugs you."""

    id_prefix: ClassVar[str] = "notif"

    hug_id: str
    sender_id: str
    sender_name: str
    hug_type: str
    message: str | UnsetType = UNSET
    sent_at: Instant
    customization: Customization | UnsetType = UNSET


class HugItem(Payload, frozen=True, kw_only=True):
    """A hug in the history: `user_id` and `user_name` are the other person's."""

    id: str
    direction: Literal["sent", "received"]
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
