"""Badges, on the wire (fetch of `badges`)."""

from typing import Literal

from hugmood.ambient import Instant
from hugmood.wire.message import Page, PageQuery, Payload, Variant


class BadgeKind(Payload, frozen=True, kw_only=True):
    """A badge that can be earned; `image` is a path on this server."""

    badge: str
    name: str
    description: str
    image: str


class BadgeItem(BadgeKind, frozen=True, kw_only=True):
    """A badge that was earned."""

    id: str
    earned_at: Instant


class BadgePage(Page, frozen=True, kw_only=True):
    """A page of the badges one has, newest first, and all that can still be earned."""

    items: list[BadgeItem]
    available: list[BadgeKind]


class FetchBadges(PageQuery[BadgePage], frozen=True, kw_only=True):
    """The badges you have."""

    variant = Variant("fetch", "dataType", "badges")

    data_type: Literal["badges"] = "badges"
