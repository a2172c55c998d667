"""Settings, on the wire (decisions: Account and settings)."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.wire.message import Command, Id, Payload, Query, Reply, Variant

Audience = Literal["everyone", "followers", "friends", "nobody"]
"""Who may: friends are those who follow each other."""
People = Annotated[list[Id], Meta(max_length=100)]


class Choices(Payload, frozen=True, kw_only=True):
    """What one person lets others see and do."""

    hugs_from: Audience
    status_to: Audience
    analytics_to: list[str]
    streaks: bool


class SettingsUpdated(Reply, frozen=True, kw_only=True):
    """All that holds now, whether it was changed or not."""

    hugs_from: Audience
    status_to: Audience
    analytics_to: list[str]
    streaks: bool


class UpdateSettings(Command[SettingsUpdated], frozen=True, kw_only=True):
    """Choose what others may see and do; what is left out stays as it is."""

    hugs_from: Audience | UnsetType = UNSET
    status_to: Audience | UnsetType = UNSET
    analytics_to: People | UnsetType = UNSET
    streaks: bool | UnsetType = UNSET


class Settings(Reply, frozen=True, kw_only=True):
    """What the caller chose."""

    data_type: Literal["settings"] = "settings"
    settings: Choices
    as_of_sequence: int


class FetchSettings(Query[Settings], frozen=True, kw_only=True):
    """Ask for one's own choices."""

    variant = Variant("fetch", "dataType", "settings")

    data_type: Literal["settings"] = "settings"


class StatusAudienceNoted(Reply, frozen=True):
    """Those who see something else now have been told."""


class StatusAudienceChanged(Command[StatusAudienceNoted], frozen=True, kw_only=True):
    """Someone chose who may see their status; `before` is what held until now."""

    internal: ClassVar[bool] = True

    user_key: int
    before: Audience
