"""What a user of the SDK may have to catch; each says whether trying again helps."""

from typing import Final

_RETRYABLE: Final = frozenset({"rate_limit_exceeded", "server_error"})


class HugMoodError(Exception):
    """All that the SDK raises on purpose, but for TimeoutError and ValueError."""


class RequestFailed(HugMoodError):  # noqa: N818 (an answer, not a fault)
    """The server said no; the request had no effect.

    `code` is one of `hugmood.errors.ErrorCode`; `field` is the path from the envelope
    (`data.tags[1]`), `issue` one of `hugmood.errors.Issue`, `retry_after` in seconds.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        issue: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.issue = issue
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        """Whether the same request may be accepted later."""
        return self.code in _RETRYABLE

    def __str__(self) -> str:
        where = f" ({self.field})" if self.field else ""
        return f"{self.code}: {self.message}{where}"


class AuthFailed(RequestFailed):
    """Signing in was refused: what was given is not good, or no longer."""


class SessionEnded(HugMoodError):  # noqa: N818 (an event)
    """This client is over; queued commands stay in its state file, if it has one.

    `code` is a `connection_close` code, or `closed` where the user closed it.
    `websocket_code` is the close code of RFC 6455, None if there was none. `reconnect`
    says whether a new client with the same credentials would be let in.
    """

    def __init__(
        self, code: str, message: str, *, websocket_code: int | None = None, reconnect: bool
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.websocket_code = websocket_code
        self.reconnect = reconnect

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Unreachable(HugMoodError):  # noqa: N818 (a state of affairs)
    """No connection could be made, for the reason in the text; trying later may help."""


class QueueFull(HugMoodError):  # noqa: N818 (a state of affairs)
    """As many messages wait to be answered as may wait; try when some have gone."""


class StateError(HugMoodError):
    """The state file cannot be used: in use, damaged, or another account's."""
