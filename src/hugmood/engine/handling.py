"""From a message to the function that handles it: `@handles`, `Ctx`, `dispatch`."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_type_hints

import msgspec

from hugmood.ambient import Ambient
from hugmood.engine import schedule
from hugmood.engine.records import Ask, Caller, Cut, Grant, Narrowing
from hugmood.errors import CloseCode, Rejected, denied, invalid
from hugmood.store.database import Transaction
from hugmood.store.streams import SERVICE, Streams
from hugmood.wire import codec
from hugmood.wire.limits import Rates
from hugmood.wire.message import (
    COMMANDS,
    VARIANT_FIELDS,
    AnyCommand,
    Command,
    CommandKey,
    Event,
    Notice,
    Payload,
    Reply,
    reply_type,
)

T = TypeVar("T")
C = TypeVar("C", bound=AnyCommand)
A = TypeVar("A", bound=Payload)

QUEUE_PAST: Final = 7 * 24 * 3600 * 1000
QUEUE_FUTURE: Final = 5 * 60 * 1000
"""How far a client's own time may be from ours for an entry to be dated by it, ms."""


DEFAULT_RATES: Final = Rates()


class Host:
    """What an engine process has for all its commands; one each, alive as it lives."""

    def __init__(
        self,
        ambient: Ambient,
        streams: Streams,
        *,
        secrets: Sequence[str],
        limited: bool,
        rates: Rates = DEFAULT_RATES,
    ) -> None:
        """`secrets` sign tokens, the first of them new ones; the rest is as configured."""
        self.ambient = ambient
        self.streams = streams
        self.secrets = secrets
        self.limited = limited
        self.rates = rates
        self.online: set[int] = set()
        """Users with a socket, or with one not long ago, as the gateway tells."""
        self._resources: dict[Callable[[Host], Any], Any] = {}

    def resource(self, make: "Callable[[Host], T]") -> T:
        """Return what this makes, made at its first use and then kept."""
        if make not in self._resources:
            self._resources[make] = make(self)
        return self._resources[make]  # type: ignore[no-any-return]


class Emission(NamedTuple):
    """An event on its way into the streams of these users; `author` caused it."""

    event: Event
    to: Sequence[int]
    author: int


class Erasure(NamedTuple):
    """What an author caused is to leave all streams, or only what contains this."""

    author: int
    containing: bytes


class Removal(NamedTuple):
    """A user's whole stream is to go."""

    user: int


class Announcement(NamedTuple):
    """A notice on its way to these users; `author` is whom it is from or about."""

    notice: Notice
    to: Sequence[int]
    author: int = SERVICE


@dataclass(slots=True)
class Outbox:
    """What a command sets off; it goes out only after the commit."""

    changes: list[Emission | Erasure | Removal] = field(default_factory=list)
    """What happens to streams, in this order."""
    announcements: list[Announcement] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    grant: Grant | None = None
    hurry: bool = False
    """Whether something was scheduled that is due already."""
    narrowing: Narrowing | None = None


@dataclass(slots=True)
class Ctx:
    """All that a handler has: the transaction, who asks what, and ways to answer."""

    tx: Transaction
    ask: Ask
    now: int
    outbox: Outbox
    host: Host

    @property
    def caller(self) -> Caller:
        """Who is asking; the session lets nobody else get here."""
        if self.ask.caller is None:
            message = f"{self.ask.type} reached a handler without a caller"
            raise AssertionError(message)
        return self.ask.caller

    def emit(self, event: Event, *, to: Sequence[int], author: int | None = None) -> None:
        """Put an event in the streams of these users (keys), once each.

        Those who block its author, by default the caller, will not see it.
        """
        if to:
            receivers = list(dict.fromkeys(to))
            self.outbox.changes.append(Emission(event, receivers, self._author(author)))

    def erase(self, author: int, *, containing: str = "") -> None:
        """Take the events that this user (key) caused out of all streams.

        With `containing` only those whose message has this text in it, such as an id.
        What is emitted after this stays.
        """
        self.outbox.changes.append(Erasure(author, containing.encode()))

    def drop_stream(self, user: int) -> None:
        """Delete the stream of a user (key) who is no more."""
        self.outbox.changes.append(Removal(user))

    def schedule(self, command: AnyCommand, *, at: int) -> None:
        """Have an internal command handled at this time (ms), or as soon as possible.

        Of a `recurring` one there is never more than one waiting.

        It survives restarts, and happens once however many processes there are. By then
        things may have changed: its handler looks, and does nothing if it is moot.
        """
        self.outbox.hurry = self.outbox.hurry or at <= self.now
        name = command.wire_type if command.recurring else None
        schedule.put(self.tx, command.wire_type, codec.encode(command), at, name=name)

    def also(self, command: AnyCommand) -> None:
        """Have an internal command handled within this one, in the same transaction.

        Its handler may be in a feature above: that is the way to reach one from below.
        """
        ROUTES[command.wire_type, None].handler(self, command)

    def push(self, notice: Notice, *, to: Sequence[int], author: int | None = None) -> None:
        """Tell those of these users (keys) who are online, but not the asker's socket.

        Who comes later is not told: whoever signs in fetches what holds. `author` is
        whom it is from or about, by default the caller.
        """
        there = [user for user in dict.fromkeys(to) if user in self.host.online]
        if there:
            announcement = Announcement(notice, there, self._author(author))
            self.outbox.announcements.append(announcement)

    def narrow(self, *, types: Sequence[str] | None, authors: Sequence[int] | None) -> None:
        """Give the asker's connection only events of these types and people (keys).

        None is any of them; replies and what keeps the connection alive always come.
        """
        self.outbox.narrowing = Narrowing(
            None if types is None else list(types), None if authors is None else list(authors)
        )

    def cut(
        self,
        user: int,
        sessions: Sequence[str],
        code: CloseCode,
        *,
        farewell: bool = False,
        asker_too: bool = False,
    ) -> None:
        """Close the sockets of a user's sessions after the commit, but not the asker's.

        With `farewell` the user left on purpose, and counts as gone at once. With
        `asker_too` the asker's socket is cut as well, if it belongs to one of them.
        """
        if sessions:
            spare = "" if asker_too else self.ask.client
            self.outbox.cuts.append(Cut(user, list(sessions), code, spare, farewell))

    def entity_id(self, prefix: str) -> str:
        """Make an id for something new."""
        return self.host.ambient.entity_id(prefix)

    def position(self) -> int:
        """Return the caller's newest stream number that this transaction sees."""
        return self.host.streams.position(self.tx, self.caller.key)

    def occurred_at(self) -> int:
        """Return when the entry is dated, ms: the client's time if it is credible."""
        at = self.ask.at
        if at is None:
            return self.now
        if not self.now - QUEUE_PAST <= at <= self.now + QUEUE_FUTURE:
            raise invalid("timestamp", "out_of_range")
        return at

    def _author(self, author: int | None) -> int:
        if author is not None:
            return author
        return self.ask.caller.key if self.ask.caller else SERVICE

    def require_account(self) -> None:
        """Refuse guests."""
        if self.caller.guest:
            raise denied("Guests cannot do this; please register")


class RejectedWithEffect(Exception):  # noqa: N818 (a refusal is an answer)
    """Refuse the command, yet keep what it did: it found out something."""

    def __init__(self, rejected: Rejected) -> None:
        """Answer as this refusal says."""
        super().__init__(rejected.refusal.message)
        self.refusal = rejected.refusal


class Route(NamedTuple):
    """How a kind of command is read and handled."""

    command: type[AnyCommand]
    read: Callable[[bytes], AnyCommand]
    handler: Callable[[Ctx, Any], Payload]


Ahead = Callable[[Transaction, Sequence[tuple[int, Any]]], None]
"""Asks at once what the handler will ask for each of these callers (keys) and commands."""

ROUTES: Final[dict[CommandKey, Route]] = {}
_AHEAD: Final[dict[type[AnyCommand], Ahead]] = {}

_PEEKS: Final[dict[str, Callable[[bytes], Any]]] = {}


def handles(handler: Callable[[Ctx, C], A]) -> Callable[[Ctx, C], A]:
    """Register a function as the handler of the command in its signature.

    It must be annotated `(ctx: Ctx, command: SomeCommand) -> Reply`, with the very
    reply the command declares, or with an internal command that goes on in the writer
    to the same reply. TypeError otherwise, at import.
    """
    hints = get_type_hints(handler)
    answer = hints.pop("return")
    _, command = (hints[name] for name in inspect.signature(handler).parameters)
    promised = reply_type(command)
    for kind in get_args(answer) or (answer,):
        goes_on = issubclass(kind, Command) and kind.internal
        if (reply_type(kind) if goes_on else kind) is not promised:
            message = f"{handler.__name__} must return {promised.__name__}"
            raise TypeError(message)
    key = command.wire_type, command.variant.value if command.variant else None
    if key in ROUTES:
        message = f"{key} is handled twice"
        raise TypeError(message)
    ROUTES[key] = Route(command, codec.decoder(command), handler)
    return handler


def asks_ahead(command: type[AnyCommand]) -> Callable[[Ahead], Ahead]:
    """Register what may be asked for many of these commands at once, before each is handled.

    It spares round trips to a database that is not in this process, and changes nothing else:
    the handler asks all the same, and finds the answers there (`Transaction.ask_ahead`).
    """

    def register(ahead: Ahead) -> Ahead:
        _AHEAD[command] = ahead
        return ahead

    return register


def ask_ahead(tx: Transaction, asks: Sequence[Ask]) -> None:
    """Have those who registered ask for the commands of a batch."""
    known: defaultdict[Ahead, list[tuple[int, AnyCommand]]] = defaultdict(list)
    for ask in asks:
        with suppress(Rejected):  # it will be again, when its turn comes
            found = route(ask)
            if ask.caller and found.command in _AHEAD:
                command = found.read(ask.data or codec.EMPTY)
                known[_AHEAD[found.command]].append((ask.caller.key, command))
    for ahead, asked in known.items():
        ahead(tx, asked)


def route(ask: Ask) -> Route:
    """Find who handles this; `Rejected` for a type or variant that nobody does."""
    field_name = VARIANT_FIELDS.get(ask.type)
    if field_name is None:
        found = ROUTES.get((ask.type, None))
        if found is None or found.command.internal != ask.internal:
            raise invalid("type", "unknown_type")
        return found
    found = ROUTES.get((ask.type, _peek(ask.type, field_name, ask.data)))
    if found is None:
        raise invalid(f"data.{field_name}", "unknown_value")
    return found


def dispatch(ctx: Ctx, found: Route) -> Reply | AnyCommand:
    """Read the command and have it handled; `Rejected` where it is refused."""
    command = found.read(ctx.ask.data or codec.EMPTY)
    answer = found.handler(ctx, command)
    if not isinstance(answer, Reply | Command):
        message = f"{found.handler.__name__} returned {type(answer).__name__}"
        raise TypeError(message)
    return answer


def unhandled() -> list[CommandKey]:
    """List the commands that have a struct but no handler."""
    return [key for key in COMMANDS if key not in ROUTES]


def _peek(kind: str, field_name: str, data: bytes) -> str:
    read = _PEEKS.get(kind)
    if read is None:
        struct = msgspec.defstruct("Peek", [("value", str)], rename={"value": field_name})
        read = _PEEKS[kind] = codec.decoder(struct)
    value: str = read(data or codec.EMPTY).value
    return value
