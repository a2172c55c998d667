"""What an export holds, part by part: its fields, and the queries that read them.

A query reads a page after the place of the last row in an index, so that the thousandth
page costs what the first did. A feature with something of its own to export adds a part.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant, iso
from hugmood.features.moods.messages import Factors, MoodSlug, Note, Tags
from hugmood.features.settings.messages import Audience
from hugmood.features.settings.store import settings, viewers
from hugmood.store.database import Transaction
from hugmood.wire.message import Payload, Unit, optional


class ProfileRow(Payload, frozen=True, kw_only=True):
    """Who you are here."""

    user_id: str
    guest: bool
    name: str
    email: str | UnsetType = UNSET
    time_zone: str
    created_at: Instant
    birth_date: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    status_message: str | UnsetType = UNSET


class SettingsRow(Payload, frozen=True, kw_only=True):
    """What you chose to let others see and do."""

    hugs_from: Audience
    status_to: Audience
    streaks: bool
    analytics_to: list[str]


class MoodRow(Payload, frozen=True, kw_only=True):
    """An entry; `occurred_at` has the offset that held for you then."""

    id: str
    mood: MoodSlug
    intensity: Unit
    pleasantness: float | UnsetType = UNSET
    note: Note | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    factors: Factors | UnsetType = UNSET
    is_public: bool
    latitude: float | UnsetType = UNSET
    longitude: float | UnsetType = UNSET
    place_name: str | UnsetType = UNSET
    place_type: str | UnsetType = UNSET
    occurred_at: str
    time_zone: str
    day: str
    model: str
    affect: float


class HugRow(Payload, frozen=True, kw_only=True):
    """A hug; `user_id` and `user_name` are the other person's."""

    id: str
    direction: Literal["sent", "received"]
    user_id: str
    user_name: str
    hug_type: str
    message: str | UnsetType = UNSET
    customization: dict[str, Any] | UnsetType = UNSET
    sent_at: Instant


class HugRequestRow(Payload, frozen=True, kw_only=True):
    """A request you made or were asked by; `user_*` is who made it, the answer yours."""

    id: str
    direction: Literal["sent", "received"]
    user_id: str
    user_name: str
    target_type: str
    message: str | UnsetType = UNSET
    created_at: Instant
    expires_at: Instant
    answered_at: Instant | UnsetType = UNSET
    accepted: bool | UnsetType = UNSET
    hug_id: str | UnsetType = UNSET


class GroupHugRow(Payload, frozen=True, kw_only=True):
    """A group hug you made or were invited to; times are yours where you took part."""

    id: str
    name: str
    description: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    creator_id: str
    creator_name: str
    state: str
    scheduled_for: Instant | UnsetType = UNSET
    expires_at: Instant
    joined_at: Instant | UnsetType = UNSET
    left_at: Instant | UnsetType = UNSET


class FollowRow(Payload, frozen=True, kw_only=True):
    """Someone whom you follow, or who follows you."""

    direction: Literal["following", "follower"]
    user_id: str
    user_name: str
    since: Instant


class BlockRow(Payload, frozen=True, kw_only=True):
    """Someone whom you block."""

    user_id: str
    user_name: str
    since: Instant


class SessionRow(Payload, frozen=True, kw_only=True):
    """A sign-in of yours; `ended_at` where it was ended before its time."""

    id: str
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | UnsetType = UNSET


class NotificationRow(Payload, frozen=True, kw_only=True):
    """What you were notified of; `read_at` where you have read it."""

    id: str
    notification_type: str
    title: str
    body: str
    data: dict[str, str] | UnsetType = UNSET
    created_at: Instant
    read_at: Instant | UnsetType = UNSET


class BadgeRow(Payload, frozen=True, kw_only=True):
    """A badge that you earned."""

    id: str
    badge: str
    earned_at: Instant


class Source(NamedTuple):
    """A query, whose rows begin with their place in the order, and who reads the rest."""

    sql: str
    item: Callable[..., Payload]


class Part(NamedTuple):
    """One kind of what people own."""

    name: str
    struct: type[Payload]
    sources: tuple[Source, ...]


def _mood(*row: Any) -> MoodRow:  # noqa: ANN401 (columns)
    """Read the columns of an entry."""
    return MoodRow(
        id=row[0],
        mood=row[1],
        intensity=row[2],
        pleasantness=optional(row[3]),
        note=optional(row[4]),
        tags=_parsed(row[5]),
        factors=_parsed(row[6]),
        is_public=bool(row[7]),
        latitude=optional(row[8]),
        longitude=optional(row[9]),
        place_name=optional(row[10]),
        place_type=optional(row[11]),
        occurred_at=local_iso(row[12], row[14]),
        time_zone=row[13],
        day=date.fromordinal(row[15]).isoformat(),
        model=row[16],
        affect=row[17],
    )


def _hug(*row: Any) -> HugRow:  # noqa: ANN401 (columns)
    """Read the columns of a hug."""
    return HugRow(
        id=row[0],
        direction=row[1],
        user_id=row[2],
        user_name=row[3],
        hug_type=row[4],
        message=optional(row[5]),
        customization=_parsed(row[6]),
        sent_at=Instant(row[7]),
    )


def _request(*row: Any) -> HugRequestRow:  # noqa: ANN401 (columns)
    """Read the columns of a request and of one's answer to it."""
    return HugRequestRow(
        id=row[0],
        direction=row[1],
        user_id=row[2],
        user_name=row[3],
        target_type=row[4],
        message=optional(row[5]),
        created_at=Instant(row[6]),
        expires_at=Instant(row[7]),
        answered_at=_instant(row[8]),
        accepted=UNSET if row[9] is None else bool(row[9]),
        hug_id=optional(row[10]),
    )


def _group_hug(*row: Any) -> GroupHugRow:  # noqa: ANN401 (columns)
    """Read the columns of a group hug and of one's part in it."""
    return GroupHugRow(
        id=row[0],
        name=row[1],
        description=optional(row[2]),
        message=optional(row[3]),
        creator_id=row[4],
        creator_name=row[5],
        state=row[6],
        scheduled_for=_instant(row[7]),
        expires_at=Instant(row[8]),
        joined_at=_instant(row[9]),
        left_at=_instant(row[10]),
    )


def _instant(milliseconds: int | None) -> Instant | UnsetType:
    return UNSET if milliseconds is None else Instant(milliseconds)


def _follow(direction: Any, user_id: str, name: str, since: int) -> FollowRow:  # noqa: ANN401
    return FollowRow(direction=direction, user_id=user_id, user_name=name, since=Instant(since))


def _block(user_id: str, name: str, since: int) -> BlockRow:
    return BlockRow(user_id=user_id, user_name=name, since=Instant(since))


def _session(key: str, created: int, expires: int, ended: int | None) -> SessionRow:
    return SessionRow(
        id=key,
        created_at=Instant(created),
        expires_at=Instant(expires),
        ended_at=_instant(ended),
    )


def _notification(*row: Any) -> NotificationRow:  # noqa: ANN401 (columns)
    """Read the columns of a notification."""
    return NotificationRow(
        id=row[0],
        notification_type=row[1],
        title=row[2],
        body=row[3],
        data=_parsed(row[4]),
        created_at=Instant(row[5]),
        read_at=_instant(row[6]),
    )


def _badge(badge_id: str, badge: str, earned: int) -> BadgeRow:
    return BadgeRow(id=badge_id, badge=badge, earned_at=Instant(earned))


_MOODS: Final = """
    SELECT occurred_at, key, id, mood, intensity, pleasantness, note, tags, factors, is_public,
        latitude, longitude, place_name, place_type, occurred_at, time_zone, utc_offset, day,
        model, affect
    FROM mood_entry WHERE user_key = :user AND (occurred_at, key) > (:at, :key)
    ORDER BY occurred_at, key LIMIT :limit
"""
_HUGS: Final = """
    SELECT h.sent_at, h.key, h.id, '{direction}', a.id, a.name, h.hug_type, h.message,
        h.customization, h.sent_at
    FROM hug h JOIN account a ON a.key = h.{other}
    WHERE h.{mine} = :user AND (h.sent_at, h.key) > (:at, :key)
    ORDER BY h.sent_at, h.key LIMIT :limit
"""
_REQUESTS_SENT: Final = """
    SELECT r.created_at, r.key, r.id, 'sent', a.id, a.name, r.target_type, r.message,
        r.created_at, r.expires_at, NULL, NULL, NULL
    FROM hug_request r JOIN account a ON a.key = r.requester_key
    WHERE r.requester_key = :user AND (r.created_at, r.key) > (:at, :key)
    ORDER BY r.created_at, r.key LIMIT :limit
"""
_REQUESTS_RECEIVED: Final = """
    SELECT t.created_at, t.request_key, r.id, 'received', a.id, a.name, r.target_type,
        r.message, r.created_at, r.expires_at, t.answered_at, t.accepted, t.hug_id
    FROM hug_request_target t JOIN hug_request r ON r.key = t.request_key
        JOIN account a ON a.key = r.requester_key
    WHERE t.user_key = :user AND (t.created_at, t.request_key) > (:at, :key)
    ORDER BY t.created_at, t.request_key LIMIT :limit
"""
_GROUP_HUGS: Final = """
    SELECT m.created_at, m.group_key, g.id, g.name, g.description, g.message, a.id, a.name,
        g.state, g.scheduled_for, g.expires_at, m.joined_at, m.left_at
    FROM group_hug_member m JOIN group_hug g ON g.key = m.group_key
        JOIN account a ON a.key = g.creator_key
    WHERE m.user_key = :user AND (m.created_at, m.group_key) > (:at, :key)
    ORDER BY m.created_at, m.group_key LIMIT :limit
"""
_FOLLOWS: Final = """
    SELECT f.created_at, f.{other}, '{direction}', a.id, a.name, f.created_at
    FROM follow f JOIN account a ON a.key = f.{other}
    WHERE f.{mine} = :user AND (f.created_at, f.{other}) > (:at, :key)
    ORDER BY f.created_at, f.{other} LIMIT :limit
"""
_BLOCKS: Final = """
    SELECT 0, b.blocked_key, a.id, a.name, b.created_at
    FROM block b JOIN account a ON a.key = b.blocked_key
    WHERE b.blocker_key = :user AND b.blocked_key > :key
    ORDER BY b.blocked_key LIMIT :limit
"""
_SENT: Final = _HUGS.format(direction="sent", mine="sender_key", other="recipient_key")
_RECEIVED: Final = _HUGS.format(direction="received", mine="recipient_key", other="sender_key")
_FOLLOWING: Final = _FOLLOWS.format(
    direction="following", mine="follower_key", other="followee_key"
)
_FOLLOWERS: Final = _FOLLOWS.format(direction="follower", mine="followee_key", other="follower_key")

_SESSIONS: Final = """
    SELECT 0, place, id, created_at, expires_at, revoked_at
    FROM (SELECT row_number() OVER (ORDER BY created_at, id) AS place, id, created_at,
            expires_at, revoked_at
          FROM session WHERE user_key = :user) AS numbered
    WHERE place > :key ORDER BY place LIMIT :limit
"""
_NOTIFICATIONS: Final = """
    SELECT created_at, key, id, kind, title, body, data, created_at, read_at
    FROM notification WHERE user_key = :user AND (created_at, key) > (:at, :key)
    ORDER BY created_at, key LIMIT :limit
"""
_BADGES: Final = """
    SELECT 0, place, id, badge, earned_at
    FROM (SELECT row_number() OVER (ORDER BY earned_at, badge) AS place, id, badge, earned_at
          FROM badge WHERE user_key = :user) AS numbered
    WHERE place > :key ORDER BY place LIMIT :limit
"""
_PROFILE: Final = """
    SELECT a.id, a.guest, a.name, a.email, a.time_zone, a.created_at, a.birth_date,
        s.status, s.custom_message
    FROM account a LEFT JOIN status s ON s.user_key = a.key WHERE a.key = :user
"""

PARTS: Final = (
    Part("moods", MoodRow, (Source(_MOODS, _mood),)),
    Part("hugs", HugRow, (Source(_SENT, _hug), Source(_RECEIVED, _hug))),
    Part(
        "hugRequests",
        HugRequestRow,
        (Source(_REQUESTS_SENT, _request), Source(_REQUESTS_RECEIVED, _request)),
    ),
    Part("groupHugs", GroupHugRow, (Source(_GROUP_HUGS, _group_hug),)),
    Part("follows", FollowRow, (Source(_FOLLOWING, _follow), Source(_FOLLOWERS, _follow))),
    Part("blocks", BlockRow, (Source(_BLOCKS, _block),)),
    Part("sessions", SessionRow, (Source(_SESSIONS, _session),)),
    Part("notifications", NotificationRow, (Source(_NOTIFICATIONS, _notification),)),
    Part("badges", BadgeRow, (Source(_BADGES, _badge),)),
)
"""Every list in an export, in the order of `data.json`."""


def profile(tx: Transaction, user: int) -> ProfileRow:
    """Read who someone is."""
    row = tx.rows(_PROFILE, {"user": user})[0]
    return ProfileRow(
        user_id=row[0],
        guest=bool(row[1]),
        name=row[2],
        email=optional(row[3]),
        time_zone=row[4],
        created_at=Instant(row[5]),
        birth_date=optional(row[6]),
        status=optional(row[7]),
        status_message=optional(row[8]),
    )


def chosen(tx: Transaction, user: int) -> SettingsRow:
    """Read what someone lets others see and do."""
    found = settings(tx, user)
    return SettingsRow(
        hugs_from=found.hugs_from,
        status_to=found.status_to,
        streaks=found.streaks,
        analytics_to=viewers(tx, user),
    )


def local_iso(milliseconds: int, offset: int) -> str:
    """Write a moment as ISO 8601 with an offset from UTC, in seconds."""
    hours, minutes = divmod(abs(offset) // 60, 60)
    local = iso(milliseconds + offset * 1000).removesuffix("Z")
    return f"{local}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _parsed(text: str | None) -> Any:  # noqa: ANN401 (what was put in comes out)
    return UNSET if text is None else msgspec.json.decode(text)
