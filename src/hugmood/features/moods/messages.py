"""Moods, on the wire (protocol: Mood Messages; fetch of `mood_history`)."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.ambient import Instant
from hugmood.features.support.messages import SupportCard
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

MoodSlug = Annotated[str, Meta(max_length=64)]
Tag = Annotated[str, Meta(min_length=1, max_length=32)]
Tags = Annotated[list[Tag], Meta(max_length=10)]
Note = Annotated[str, Meta(max_length=2000)]
FactorName = Annotated[str, Meta(min_length=1, max_length=32)]
Pleasantness = Annotated[float, Meta(ge=-1, le=1)]
Clearable = Literal["note", "location", "tags", "factors", "pleasantness"]
Factors = Annotated[dict[FactorName, float], Meta(max_length=10)]


class Location(Payload, frozen=True, kw_only=True):
    """Where one was, in degrees; kept on a coarse grid, never shown to others."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    name: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    type: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET


class StreakUpdate(Payload, frozen=True, kw_only=True):
    """Local days in a row with an entry: the run now, and the longest ever."""

    current: int
    best: int
    last_updated: Instant


class StreakNow(StreakUpdate, frozen=True, kw_only=True):
    """A streak, and the days that may be missed without an end to it."""

    rest_days: int


class MoodUpdated(Reply, frozen=True, kw_only=True):
    """The entry is on disk; there is no streak for those who chose to see none."""

    mood_id: str
    streak_update: StreakUpdate | UnsetType = UNSET
    support: SupportCard | UnsetType = UNSET


class MoodUpdate(Command[MoodUpdated], frozen=True, kw_only=True):
    """How I feel. Seen by followers only if `is_public`, and never the note.

    `intensity` from 0 to 1; `pleasantness`, -1 to 1, overrides what the word means;
    `factors` are numbers by name, such as hours of `sleep`.
    """

    mood: MoodSlug
    intensity: Unit
    note: Note | UnsetType = UNSET
    is_public: bool = False
    location: Location | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    factors: Factors | UnsetType = UNSET
    pleasantness: Pleasantness | UnsetType = UNSET


class MoodEdited(Reply, frozen=True, kw_only=True):
    """It is changed, or was like that already."""

    mood_id: str
    streak_update: StreakUpdate | UnsetType = UNSET
    support: SupportCard | UnsetType = UNSET


class MoodEdit(Command[MoodEdited], frozen=True, kw_only=True):
    """Change what is given of one's own entry, and take out what is to be `clear`."""

    mood_id: Id
    mood: MoodSlug | UnsetType = UNSET
    intensity: Unit | UnsetType = UNSET
    note: Note | UnsetType = UNSET
    is_public: bool | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    factors: Factors | UnsetType = UNSET
    pleasantness: Pleasantness | UnsetType = UNSET
    clear: Annotated[list[Clearable], Meta(max_length=5)] | UnsetType = UNSET


class MoodTakenBack(Reply, frozen=True, kw_only=True):
    """The entry is gone."""

    mood_id: str
    streak_update: StreakUpdate | UnsetType = UNSET


class MoodDelete(Command[MoodTakenBack], frozen=True, kw_only=True):
    """Take back one's own entry for good."""

    mood_id: Id


class MoodDeleted(Event, frozen=True, kw_only=True):
    """An entry is gone, or is no longer to be seen: forget it."""

    user_id: str
    mood_id: str


class MoodChanged(Event, frozen=True, kw_only=True):
    """Someone I follow, or I myself on another device, feels so.

    With `edited` it is an entry that was there before, as it is now.
    """

    user_id: str
    mood_id: str
    mood: str
    intensity: float
    is_public: bool
    timestamp: Instant
    edited: Literal[True] | UnsetType = UNSET


class FeedItem(Payload, frozen=True, kw_only=True):
    """A public mood of somebody one follows."""

    id: str
    user_id: str
    user_name: str
    mood: str
    intensity: float
    created_at: Instant


class Feed(Page, frozen=True, kw_only=True):
    """A page of public moods, newest first."""

    items: list[FeedItem]


class FeedFilters(DateRange, frozen=True, kw_only=True):
    """Which moods; both dates are inclusive, a list matches any of its values."""

    moods: Annotated[list[MoodSlug], Meta(max_length=30)] | UnsetType = UNSET


class FetchFeed(PageQuery[Feed], frozen=True, kw_only=True):
    """What those one follows say of how they feel."""

    variant = Variant("fetch", "dataType", "feed")

    data_type: Literal["feed"] = "feed"
    filters: FeedFilters | UnsetType = UNSET


class MoodItem(Payload, frozen=True, kw_only=True):
    """An entry in a history; what is private is left out for others."""

    id: str
    mood: str
    intensity: float
    note: str | UnsetType = UNSET
    is_public: bool
    location: Location | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    factors: dict[str, float] | UnsetType = UNSET
    pleasantness: float | UnsetType = UNSET
    created_at: Instant


class MoodHistory(Page, frozen=True, kw_only=True):
    """A page of entries, newest first; `has_more` says whether there is another behind it."""

    items: list[MoodItem]
    has_more: bool = False


class MoodFilters(DateRange, frozen=True, kw_only=True):
    """Which entries; both dates are inclusive, a list matches any of its values."""

    moods: Annotated[list[MoodSlug], Meta(max_length=30)] | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET


class FetchMoodHistory(PageQuery[MoodHistory], frozen=True, kw_only=True):
    """One's own entries, or with `user_id` another's public ones.

    `after` is the id of the entry that the page begins behind, whatever was added since.
    """

    variant = Variant("fetch", "dataType", "mood_history")

    data_type: Literal["mood_history"] = "mood_history"
    filters: MoodFilters | UnsetType = UNSET
    after: Id | UnsetType = UNSET


class CatalogMood(Payload, frozen=True, kw_only=True):
    """A mood one can have: valence and arousal on the norms' scale of 1 to 9."""

    mood: str
    valence: float
    arousal: float
    quadrant: str


class MoodCatalog(Reply, frozen=True, kw_only=True):
    """Every mood there is; `source` must be shown with the norms."""

    data_type: Literal["mood_catalog"] = "mood_catalog"
    mood_catalog: list[CatalogMood]
    source: str
    as_of_sequence: int


class FetchMoodCatalog(Query[MoodCatalog], frozen=True, kw_only=True):
    """Ask for the words and their norms."""

    variant = Variant("fetch", "dataType", "mood_catalog")

    data_type: Literal["mood_catalog"] = "mood_catalog"


class StreakShown(Reply, frozen=True, kw_only=True):
    """How the caller's streak stands, if they want to see one."""

    data_type: Literal["streak"] = "streak"
    streak: StreakNow | UnsetType = UNSET
    as_of_sequence: int


class FetchStreak(Query[StreakShown], frozen=True, kw_only=True):
    """How does my streak stand?"""

    variant = Variant("fetch", "dataType", "streak")

    data_type: Literal["streak"] = "streak"
    user_id: Id | UnsetType = UNSET
