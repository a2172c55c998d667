"""Signing in and out, passwords and sessions, on the wire (protocol: Authentication)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.ambient import Instant
from hugmood.wire.message import (
    Command,
    Count,
    Id,
    Lane,
    Page,
    PageQuery,
    Payload,
    Reply,
    Variant,
)

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
Password = Annotated[str, Meta(min_length=8, max_length=128)]
DisplayName = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
TimeZone = Annotated[str, Meta(min_length=1, max_length=64)]
Token = Annotated[str, Meta(min_length=1, max_length=4096)]
Capabilities = Annotated[
    list[Annotated[str, Meta(max_length=64)]],
    Meta(max_length=20),
]
"""What the client can take; the gateway reads it, and unknown ones do no harm."""


class AuthResponse(Reply, frozen=True, kw_only=True):
    """You are signed in. `token` is new, or absent where the old one goes on."""

    user_id: str
    token: str | UnsetType = UNSET
    expires: Instant
    is_anonymous: Literal[True] | UnsetType = UNSET


class AuthCredentials(Command[AuthResponse], frozen=True, kw_only=True):
    """Sign in with address and password; `remember_me` for 31 days instead of one."""

    variant = Variant("auth", "method", "credentials")
    lane: ClassVar[Lane] = "check"
    remembered: ClassVar[bool] = False
    costly: ClassVar[bool] = True

    method: Literal["credentials"] = "credentials"
    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=128)]
    remember_me: bool = False
    last_sequence_number: Count | UnsetType = UNSET
    capabilities: Capabilities | UnsetType = UNSET


class AuthToken(Command[AuthResponse], frozen=True, kw_only=True):
    """Go on with an earlier session, after the last number seen."""

    variant = Variant("auth", "method", "token")
    lane: ClassVar[Lane] = "check"
    remembered: ClassVar[bool] = False

    method: Literal["token"] = "token"
    token: Token
    last_sequence_number: Count | UnsetType = UNSET
    capabilities: Capabilities | UnsetType = UNSET


class AuthAnonymous(Command[AuthResponse], frozen=True, kw_only=True):
    """Be a guest; with the guest's own token, even an expired one, the same again."""

    variant = Variant("auth", "method", "anonymous")
    lane: ClassVar[Lane] = "check"
    remembered: ClassVar[bool] = False

    method: Literal["anonymous"] = "anonymous"
    device_id: Id
    nickname: DisplayName | UnsetType = UNSET
    token: Token | UnsetType = UNSET
    last_sequence_number: Count | UnsetType = UNSET
    capabilities: Capabilities | UnsetType = UNSET


class AuthRegister(Command[AuthResponse], frozen=True, kw_only=True):
    """Open an account. `time_zone` is an IANA name, UTC if left out.

    Whoever gives a `birth_date` must be 13, and is protected until they are 18.
    """

    variant = Variant("auth", "method", "register")
    lane: ClassVar[Lane] = "check"
    remembered: ClassVar[bool] = False
    costly: ClassVar[bool] = True

    method: Literal["register"] = "register"
    email: Email
    password: Password
    name: DisplayName
    time_zone: TimeZone | UnsetType = UNSET
    birth_date: date | UnsetType = UNSET
    remember_me: bool = False
    capabilities: Capabilities | UnsetType = UNSET


class AuthRefresh(Command[AuthResponse], frozen=True, kw_only=True):
    """Trade a valid token for a new one of the same session."""

    variant = Variant("auth", "method", "refresh")
    lane: ClassVar[Lane] = "check"
    remembered: ClassVar[bool] = False

    method: Literal["refresh"] = "refresh"
    token: Token
    last_sequence_number: Count | UnsetType = UNSET
    capabilities: Capabilities | UnsetType = UNSET


class Disconnected(Reply, frozen=True):
    """Never sent: the WebSocket close is the answer."""


class Disconnect(Command[Disconnected], frozen=True, kw_only=True):
    """Close the connection; with reason `user_logout` the session ends as well."""

    remembered: ClassVar[bool] = False

    reason: Annotated[str, Meta(max_length=128)] = ""


class PasswordChanged(Reply, frozen=True):
    """The new one holds, and every other session is over."""


class ChangePassword(Command[PasswordChanged], frozen=True, kw_only=True):
    """Put a new password in the place of the old one, and end all other sessions."""

    lane: ClassVar[Lane] = "check"
    costly: ClassVar[bool] = True

    password: Annotated[str, Meta(max_length=128)]
    new_password: Password


class SessionItem(Payload, frozen=True, kw_only=True):
    """A sign-in that lasts; `current` is the one that asks."""

    session_id: str
    created_at: Instant
    expires_at: Instant
    current: bool


class SessionPage(Page, frozen=True, kw_only=True):
    """A page of sessions, newest first."""

    items: list[SessionItem]


class FetchSessions(PageQuery[SessionPage], frozen=True, kw_only=True):
    """Where one is signed in."""

    variant = Variant("fetch", "dataType", "sessions")

    data_type: Literal["sessions"] = "sessions"


class SessionRevoked(Reply, frozen=True, kw_only=True):
    """It is over, whether or not it was before."""

    session_id: str


class RevokeSession(Command[SessionRevoked], frozen=True, kw_only=True):
    """End one of one's own sessions and close its connections."""

    session_id: Id


class MinorNoted(Reply, frozen=True):
    """It has been seen to."""


class MinorJoined(Command[MinorNoted], frozen=True, kw_only=True):
    """Someone under 18 opened an account: their settings begin closed."""

    internal: ClassVar[bool] = True

    user_key: int


class MinorGrewUp(Command[MinorNoted], frozen=True, kw_only=True):
    """Someone is 18 now, and may be found."""

    internal: ClassVar[bool] = True

    user_key: int
