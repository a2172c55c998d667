"""What a message is: typed payloads, and the registry of those there are.

To define a message is to register it. The class name in snake case is the wire
word: `SendHug` is `send_hug`, its reply `send_hug_response`, `HugReceived` is
`hug_received`. A type with variants (`fetch`, `auth`) names its own in `variant`.
"""

import re
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeVar, get_args

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from hugmood.ambient import Instant

R = TypeVar("R", bound="Reply")
T = TypeVar("T")


Lane = Literal["write", "read", "check"]
"""Where a command runs: the one writer, a reader, or beside both to check passwords."""


class Variant(NamedTuple):
    """One of several payloads that share a message type."""

    type: str
    field: str
    """The wire name of the field in `data` that tells them apart."""
    value: str


CommandKey = tuple[str, str | None]

COMMANDS: Final[dict[CommandKey, "type[AnyCommand]"]] = {}
"""Every request by wire type and variant value."""

LANES: Final[dict[str, Lane]] = {}
"""The lane of each wire type; all variants of a type share one."""

VARIANT_FIELDS: Final[dict[str, str]] = {}
"""For each type that has variants, the wire name of the field that chooses."""

PUSHES: Final[dict[str, "type[Push]"]] = {}
"""Everything the server sends unasked, by wire type."""


def wire_word(name: str) -> str:
    """`SendHug` -> `send_hug`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Payload(Struct, frozen=True, rename="camel"):
    """The `data` of a message. Absent optional values are `UNSET`, never None."""


class Reply(Payload, frozen=True, kw_only=True):
    """What answers a command."""

    success: Literal[True] = True


class Command(Payload, Generic[R], frozen=True):
    """A request that changes something, answered by an `R`."""

    wire_type: ClassVar[str]
    variant: ClassVar[Variant | None] = None
    lane: ClassVar[Lane] = "write"
    internal: ClassVar[bool] = False
    """Sent by the engine to itself, never taken from a client."""
    recurring: ClassVar[bool] = False
    """Internal, and always in the schedule: its handler schedules the next by `name`."""
    remembered: ClassVar[bool] = True
    """A repetition with the same id gets the same reply and has no second effect."""
    per_minute: ClassVar[int | str | None] = None
    """How many one user may send in a minute; text names a figure of `limits.Rates`."""
    costly: ClassVar[bool] = False
    """Takes tens of milliseconds of CPU: others in its lane go first."""

    def __init_subclass__(cls) -> None:
        """Enter the class in the registry under its wire word."""
        super().__init_subclass__()
        _register_command(cls)


def _register_command(cls: "type[AnyCommand]") -> None:
    if cls.__name__ in {"Query", "PageQuery"}:
        return
    variant = cls.__dict__.get("variant")
    cls.wire_type = variant.type if variant else wire_word(cls.__name__)
    if variant:
        VARIANT_FIELDS[variant.type] = variant.field
    if LANES.setdefault(cls.wire_type, cls.lane) != cls.lane:
        message = f"variants of {cls.wire_type} must share a lane"
        raise TypeError(message)
    COMMANDS[cls.wire_type, variant.value if variant else None] = cls


class Query(Command[R], frozen=True):
    """A request that only reads: it may run beside commands and overtake them."""

    lane: ClassVar[Lane] = "read"


class Push(Payload, frozen=True):
    """A message the server sends of itself."""

    wire_type: ClassVar[str]
    id_prefix: ClassVar[str] = "bcast"

    def __init_subclass__(cls) -> None:
        """Enter the class in the registry under its wire word."""
        super().__init_subclass__()
        cls.wire_type = cls.__dict__.get("wire_type", wire_word(cls.__name__))
        if cls.__name__ not in {"Event", "Notice"}:
            PUSHES[cls.wire_type] = cls


class Event(Push, frozen=True):
    """A push that is stored in its recipients' streams and takes a number there."""


class Notice(Push, frozen=True):
    """A push for those who are there: it is not stored and takes no number.

    Of several about one thing the latest arrives, and those before it may not. One that
    is about nothing is sent at once, and never to a connection that is behind.
    """

    about: ClassVar[str] = ""
    """The field that says what it is about, if it is about something."""

    @property
    def fold(self) -> str:
        """What it shares with those of which only the latest counts; empty if nothing."""
        return f"{self.wire_type} {getattr(self, self.about)}" if self.about else ""


AnyCommand = Command[Any]


def reply_type(command: type[Command[R]]) -> type[R]:
    """The struct that answers this command, from `Command[...]` in its bases."""
    for base in getattr(command, "__orig_bases__", ()):
        for argument in get_args(base):
            if isinstance(argument, type) and issubclass(argument, Reply):
                return argument  # type: ignore[return-value]
    message = f"{command.__name__} must be written as Command[Reply] or Query[Reply]"
    raise TypeError(message)


def given(value: T | UnsetType) -> T | None:
    """Return None for what was left out: rules and tables know no `UNSET`."""
    return None if isinstance(value, UnsetType) else value


def optional(value: T | None) -> T | UnsetType:
    """Leave out what is None: the wire has no null."""
    return UNSET if value is None else value


class Page(Reply, frozen=True, kw_only=True):
    """One page of a list, newest first; `total_count` is the whole count.

    `as_of_sequence` is the caller's stream position that the data reflects.
    """

    data_type: str
    total_count: int
    as_of_sequence: int


Id = Annotated[str, Meta(min_length=1, max_length=128)]
Count = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
"""As far as integers are exact everywhere (RFC 8259 section 6), and tables hold them."""
Unit = Annotated[float, Meta(ge=0, le=1)]

MOST_IN_BATCH: Final = 50

_FOREVER: Final = 1 << 62


class DateRange(Payload, frozen=True, kw_only=True):
    """A stretch of time to look at; both dates are inclusive."""

    start_date: Instant | UnsetType = UNSET
    end_date: Instant | UnsetType = UNSET

    def bounds(self) -> tuple[int, int]:
        """Return first and last moment in ms; what was left out bounds nothing."""
        end = given(self.end_date)
        return int(given(self.start_date) or 0), _FOREVER if end is None else int(end)


PageLimit = Annotated[int, Meta(ge=1, le=100)]


class PageQuery(Query[R], frozen=True, kw_only=True):
    """Ask for one page of a list, the caller's if `user_id` is left out."""

    user_id: Id | UnsetType = UNSET
    limit: PageLimit = 20
    offset: Count = 0


class Envelope(Struct, frozen=True, rename="camel"):
    """What every message is wrapped in; `data` stays bytes until its type is known."""

    type: str
    id: Id
    data: Raw | UnsetType = UNSET
    timestamp: Instant | UnsetType = UNSET
    sequence_number: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class ClientBatch(Payload, frozen=True, kw_only=True):
    """Several messages in one, handled in order; each gets an answer of its own."""

    messages: Annotated[list[Raw], Meta(min_length=1, max_length=MOST_IN_BATCH)]


class Capabilities(Struct):
    """What of an `auth`'s `data` is for the gateway itself."""

    capabilities: list[str] = []


class OnlyData(Struct):
    """What of an envelope in MessagePack may stay as it came."""

    data: Raw = Raw(b"\x80")


class ErrorDetails(Payload, frozen=True, kw_only=True):
    """Where a message is wrong, or when to try again (`retry_after`, seconds)."""

    field: str | UnsetType = UNSET
    issue: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET


class Error(Push, frozen=True, kw_only=True):
    """A command failed and had no effect."""

    id_prefix: ClassVar[str] = "err"

    code: str
    message: str
    original_message_id: str | UnsetType = UNSET
    details: ErrorDetails | UnsetType = UNSET


class AuthFailure(Payload, frozen=True, kw_only=True):
    """The `data` of an `auth_response` that says no."""

    success: Literal[False] = False
    error: str
    message: str
    details: ErrorDetails | UnsetType = UNSET


class Ping(Push, frozen=True, kw_only=True):
    """Are you there?"""

    id_prefix: ClassVar[str] = "ping"

    timestamp: Instant


class ConnectionClose(Push, frozen=True, kw_only=True):
    """The server is about to close; `reconnect_delay` in milliseconds, if it helps."""

    id_prefix: ClassVar[str] = "close"

    code: str
    message: str
    reconnect_delay: int | UnsetType = UNSET


class Batch(Push, frozen=True, kw_only=True):
    """Several messages in one, whole envelopes, in order."""

    id_prefix: ClassVar[str] = "batch"

    messages: list[Raw]


class MissedMessages(Push, frozen=True, kw_only=True):
    """A page of what a client missed, whole envelopes; both bounds are inclusive."""

    id_prefix: ClassVar[str] = "missed"

    messages: list[Raw]
    start_sequence: int
    end_sequence: int
    complete: Literal[False] | UnsetType = UNSET
    """Present and false where older messages are no longer kept."""
