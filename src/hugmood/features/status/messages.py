"""Status, on the wire (protocol: User Status Messages; fetch of `statuses`)."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.wire.message import (
    Command,
    Notice,
    Page,
    PageQuery,
    Payload,
    Reply,
    Variant,
)

Status = Literal["online", "away", "offline", "do_not_disturb"]
CustomMessage = Annotated[str, Meta(max_length=140)]


class StatusUpdated(Reply, frozen=True, kw_only=True):
    """This is what you chose."""

    status: Status
    custom_message: str | UnsetType = UNSET


class StatusUpdate(Command[StatusUpdated], frozen=True, kw_only=True):
    """How you want to be seen, until you say otherwise; `offline` is invisible."""

    status: Status
    custom_message: CustomMessage | UnsetType = UNSET


class UserStatusChanged(Notice, frozen=True, kw_only=True):
    """Someone is seen in another way than before."""

    about: ClassVar[str] = "user_id"

    user_id: str
    status: Status
    custom_message: str | UnsetType = UNSET


class StatusItem(Payload, frozen=True, kw_only=True):
    """How one person is seen now."""

    user_id: str
    status: Status
    custom_message: str | UnsetType = UNSET


class StatusPage(Page, frozen=True, kw_only=True):
    """A page of those one follows, in the order of `following`."""

    items: list[StatusItem]


class FetchStatuses(PageQuery[StatusPage], frozen=True, kw_only=True):
    """How those you follow are seen now."""

    variant = Variant("fetch", "dataType", "statuses")

    data_type: Literal["statuses"] = "statuses"
