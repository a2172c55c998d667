"""Selective subscriptions, on the wire (protocol: Traffic)."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from hugmood.wire.message import Id, Lane, Query, Reply

EventType = Annotated[str, Meta(min_length=1, max_length=64)]


class Subscribed(Reply, frozen=True, kw_only=True):
    """This is what the connection gets now; what is absent is not narrowed."""

    types: list[str] | UnsetType = UNSET
    user_ids: list[str] | UnsetType = UNSET


class Subscribe(Query[Subscribed], frozen=True, kw_only=True):
    """Get events of these types only, and from these people only, on this connection.

    It takes the place of an earlier one. What is left out is not narrowed.
    """

    lane: ClassVar[Lane] = "write"
    """Its reply keeps its place among those of commands: two of them are in order."""
    remembered: ClassVar[bool] = False

    types: Annotated[list[EventType], Meta(max_length=50)] | UnsetType = UNSET
    user_ids: Annotated[list[Id], Meta(max_length=100)] | UnsetType = UNSET


class Unsubscribed(Reply, frozen=True, kw_only=True):
    """The connection gets everything again."""


class Unsubscribe(Query[Unsubscribed], frozen=True, kw_only=True):
    """Get everything again on this connection."""

    lane: ClassVar[Lane] = "write"
    remembered: ClassVar[bool] = False
