"""What can go wrong on the wire: a closed set of codes, and when to try again."""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

ErrorCode = Literal[
    "auth_required",
    "invalid_auth",
    "auth_expired",
    "invalid_request",
    "not_found",
    "permission_denied",
    "rate_limit_exceeded",
    "server_error",
]
"""The seed's eight codes of `error` messages."""

AuthErrorCode = Literal[
    "invalid_credentials",
    "invalid_auth",
    "auth_expired",
    "invalid_request",
    "rate_limit_exceeded",
]
"""What a failed `auth_response` may carry; `invalid_credentials` appears nowhere else."""

Issue = Literal[
    "required_field_missing",
    "invalid_type",
    "out_of_range",
    "invalid_format",
    "unknown_value",
    "unknown_type",
    "too_long",
    "expired",
    "already_responded",
    "id_reused",
]

AUTH_CODES: Final[frozenset[str]] = frozenset(AuthErrorCode.__args__)  # type: ignore[attr-defined]

_TEXTS: Final[dict[str, str]] = {
    "required_field_missing": "A required field is missing",
    "invalid_type": "A field has the wrong type",
    "out_of_range": "A value is out of range",
    "invalid_format": "A value has the wrong format",
    "unknown_value": "A value is not one of those known",
    "unknown_type": "This message type is not known",
    "too_long": "A value is too long",
    "expired": "This is over",
    "already_responded": "This has been answered already",
    "id_reused": "This message id was used for another payload",
}


class Refusal(Struct, frozen=True, array_like=True):
    """What a refused command is told; `retry_after` in seconds."""

    code: str
    message: str
    field: str | None = None
    issue: str | None = None
    retry_after: int | None = None
    error_id: str | None = None
    """The id of the error message, where the log already has a trace under it."""


class Rejected(Exception):  # noqa: N818 (a refusal is an answer, not a fault)
    """A command is refused: it gets an error reply and has no effect.

    `code` is one of `ErrorCode` or `AuthErrorCode`. `field` is the path from the
    envelope (`data.tags[1]`), `retry_after` is in seconds. `message` is read by
    people and must never repeat what they sent.
    """

    def __init__(
        self,
        code: ErrorCode | AuthErrorCode,
        message: str,
        *,
        field: str | None = None,
        issue: Issue | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Make the refusal that the command will be answered with."""
        super().__init__(message)
        self.refusal = Refusal(code, message, field, issue, retry_after)


def invalid(field: str, issue: Issue, message: str | None = None) -> Rejected:
    """`invalid_request` for the field at this path from the envelope."""
    return Rejected("invalid_request", message or _TEXTS[issue], field=field, issue=issue)


def not_found(field: str, message: str) -> Rejected:
    """`not_found` for the entity that the field at this path names."""
    return Rejected("not_found", message, field=field)


def denied(message: str) -> Rejected:
    """`permission_denied`; repeating the command does not help."""
    return Rejected("permission_denied", message)


def too_many(retry_after: int) -> Rejected:
    """`rate_limit_exceeded`; the command can be repeated after so many seconds."""
    return Rejected("rate_limit_exceeded", "Too many requests", retry_after=retry_after)


def unavailable() -> Rejected:
    """`server_error`: nothing was done, or it is safe to repeat with the same id."""
    return Rejected("server_error", "Something went wrong on our side; please try again")


class Closing(NamedTuple):
    """How the server ends a connection, and whether coming back helps."""

    websocket_code: int
    message: str
    reconnect: bool


CloseCode = Literal[
    "auth_timeout",
    "keepalive_timeout",
    "session_expired",
    "session_revoked",
    "session_replaced",
    "rate_limit_exceeded",
    "protocol_error",
    "slow_consumer",
    "server_shutdown",
]

CLOSINGS: Final[dict[CloseCode, Closing]] = {
    "auth_timeout": Closing(4408, "You did not sign in in time", reconnect=True),
    "keepalive_timeout": Closing(4408, "Nothing was heard from you for too long", reconnect=True),
    "session_expired": Closing(4401, "Your session has expired, please reconnect", reconnect=True),
    "session_revoked": Closing(4401, "Your session was ended", reconnect=False),
    "session_replaced": Closing(4409, "You are connected from too many places", reconnect=False),
    "rate_limit_exceeded": Closing(4429, "Too many requests were refused", reconnect=True),
    "protocol_error": Closing(4400, "Too many messages could not be read", reconnect=False),
    "slow_consumer": Closing(4413, "You read too slowly", reconnect=True),
    "server_shutdown": Closing(1001, "The server is restarting", reconnect=True),
}
"""Every `connection_close` code; its WebSocket code, its text, and if a retry helps."""
