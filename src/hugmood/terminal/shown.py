"""How things are shown: a function for each event and each answer, found by type.

To say how something looks is to write it: `@tells` for what the server sends unasked,
`@answers` for what came of a command or a query. Both go by the types of the arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_type_hints

from rich.text import Text

from hugmood.ambient import Instant
from hugmood.terminal.known import Known
from hugmood.terminal.lines import Lines, clock, timed
from hugmood.wire.message import AnyCommand, Push, reply_type

F = TypeVar("F", bound=Callable[..., Lines])

EVENTS: Final[dict[type[Push], Callable[..., Lines]]] = {}
ANSWERS: Final[dict[type[AnyCommand], Callable[..., Lines]]] = {}


@dataclass(frozen=True)
class Scene:
    """Where and when something is shown."""

    known: Known
    now: Instant
    at: Instant
    """When it happened, as its envelope says."""

    def name(self, user_id: str) -> str:
        """How to call somebody."""
        return self.known.people.name(user_id)

    def who(self, user_id: str, name: str = "") -> Text:
        """Somebody's name, in bold; a name that comes with the message is learnt."""
        if name:
            self.known.people.seen(user_id, name)
        # The style is a span, so that it ends with the name when more is appended.
        return Text().append(self.name(user_id), style="bold")

    def mine(self, user_id: str) -> bool:
        """Whether this is oneself."""
        return user_id == self.known.people.me

    def timed(self, at: Instant, text: Text) -> Text:
        """A line with its time."""
        return timed(at, self.now, text)

    def clock(self, at: Instant) -> str:
        """A time as people here write it."""
        return clock(at, self.now)


def tells(shows: F) -> F:
    """Show a push like this: `(event, scene) -> Lines`."""
    EVENTS[_hints(shows)[0]] = shows
    return shows


def answers(shows: F) -> F:
    """Show what came of a command like this: `(command, reply, scene) -> Lines`."""
    command, reply, *_ = _hints(shows)
    if reply_type(command) is not reply:
        message = f"{shows.__name__}: {command.__name__} is not answered by {reply.__name__}"
        raise TypeError(message)
    ANSWERS[command] = shows
    return shows


def _hints(shows: Callable[..., Lines]) -> list[Any]:
    return list(get_type_hints(shows).values())
