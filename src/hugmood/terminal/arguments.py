"""What a command in the terminal is, and how its arguments are read."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from re import fullmatch
from typing import Final, Literal, NamedTuple, NoReturn

from hugmood.ambient import Instant
from hugmood.terminal.known import Known, Shelf
from hugmood.terminal.names import Ambiguous
from hugmood.wire.message import AnyCommand

Action = Literal["help", "me", "moods", "quit", "logout"]
"""What is done here, without the server."""
Meaning = Action | AnyCommand
Reader = Callable[[str, Known], Meaning]
Offers = Callable[[str, Known], Iterable[str]]

_UNITS: Final = {"m": 60, "h": 3600, "d": 24 * 3600}
_DAY: Final = timedelta(days=1)


class Misunderstood(Exception):  # noqa: N818 (a question to the user)
    """A line that means nothing, with a text that helps."""


class NotNow(Misunderstood):
    """A line that is right, at the wrong time."""


def nobody(_rest: str, _known: Known) -> Iterable[str]:
    """Offer nothing to complete."""
    return ()


class Saying(NamedTuple):
    """One thing that can be said."""

    name: str
    """With its slash."""
    arguments: str
    """As in the help: what is to be replaced in capitals, what may be left out in []."""
    help: str
    means: Reader
    """Understands the arguments; raises `Misunderstood`, and the usage is added."""
    offers: Offers = nobody
    """What the whole of the arguments may become, for what was typed of them."""

    @property
    def usage(self) -> str:
        """How to say it."""
        return f"{self.name} {self.arguments}".strip()


def just(meaning: Meaning) -> Reader:
    """Read a command that takes no arguments."""

    def means(rest: str, _: Known) -> Meaning:
        if rest:
            raise Misunderstood("That takes nothing more")
        return meaning

    return means


# People


def person(rest: str, known: Known, *, alone: bool = False) -> tuple[str, str]:
    """Read whoever stands at the beginning: an id, and the text after it."""
    try:
        who, text = known.people.split(rest.removeprefix("@"))
    except Ambiguous as error:
        message = f"Several people are called {error}: give an id (/find, /followers, /following)"
        raise Misunderstood(message) from error
    if not is_id(who):
        raise Misunderstood(_unknown(rest if alone else who))
    return who, text


def only_person(rest: str, known: Known) -> str:
    """Read somebody and nothing else."""
    who, text = person(rest, known, alone=True)
    if text:
        raise Misunderstood(_unknown(rest))
    return who


def _unknown(name: str) -> str:
    name = name.removeprefix("@")
    return f"Nobody called {name} was seen yet: /find looks for people" if name else "Whom?"


def is_person(rest: str, known: Known) -> bool:
    """Whether the text begins with somebody: known by name, or marked as such."""
    if rest.startswith("@"):
        return True
    try:
        return is_id(known.people.split(rest)[0])
    except Ambiguous:
        return True


def is_id(text: str) -> bool:
    """Whether it can be somebody's id."""
    return text.startswith(("user-", "anon-"))


def at_the_end(rest: str, offers: Iterable[str]) -> Iterable[str]:
    """Offer these as the last word, after what was typed."""
    before, space, _ = rest.rpartition(" ")
    return (f"{before}{space}{offer}" for offer in offers)


def names(rest: str, known: Known) -> Iterable[str]:
    """Offer people, with an @ if one was typed."""
    mark = "@" if rest.startswith("@") else ""
    return (f"{mark}{name}" for name in known.people.names())


# Words, numbers, times


def one_of(word: str, choices: Sequence[str]) -> str:
    """Read one of these words."""
    if word not in choices:
        raise Misunderstood(f"One of {', '.join(choices)}")
    return word


def thing(rest: str, shelf: Shelf, what: str) -> str:
    """Read what stands on a shelf, by its number, its name or its id."""
    found = shelf.find(rest.strip())
    if found is None:
        raise Misunderstood(f"There is no {what} {rest}")
    return found


def newest(rest: str, known: Known, shelf: Shelf, way: str, what: str) -> str:
    """Read what stands on a shelf; without a word, the newest that waits like this."""
    if rest:
        return thing(rest, shelf, what)
    waiting = shelf.waiting(way, known.now())
    if not waiting:
        raise NotNow(f"There is no {what} now")
    return waiting[-1]


def option(text: str, name: str) -> tuple[str, str | None]:
    """Take `--name VALUE` out of a text: what is left, and the value."""
    words = text.split(" ")
    if name not in words:
        return text, None
    place = words.index(name)
    value = words[place + 1] if place + 1 < len(words) else ""
    return " ".join([*words[:place], *words[place + 2 :]]).strip(), value


def seconds(text: str) -> int:
    """Read a time that passes, such as `90m`, `2h` or `3d`."""
    found = fullmatch(r"(\d{1,6})([mhd])", text)
    if not found:
        raise Misunderstood("For how long is such as 30m, 2h or 3d")
    return int(found[1]) * _UNITS[found[2]]


def moment(text: str, known: Known) -> Instant:
    """Read a time here: `18:30`, `tomorrow 9:00`, `2026-11-24 18:30`, `in 10m`."""
    now = known.now()
    if text.startswith("in "):
        return Instant(now + 1000 * seconds(text[3:].strip()))
    here = now.datetime.astimezone()
    day, _, hour = text.rpartition(" ")
    try:
        then = datetime.strptime(hour, "%H:%M")  # noqa: DTZ007 (the zone is added below)
        if day in {"", "today", "tomorrow"}:
            date = here.date() + (_DAY if day == "tomorrow" else timedelta())
        else:
            date = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007 (only a date)
        whole = datetime.combine(date, then.time())
        if not day and whole.astimezone() <= here:
            whole += _DAY
        return Instant(int(whole.astimezone().timestamp() * 1000))
    except (ValueError, OverflowError):
        unclear(text)


def unclear(text: str) -> NoReturn:
    """Say what times look like."""
    message = f"{text or 'That'} is no time: say 18:30, tomorrow 9:00, 2026-11-24 18:30 or in 10m"
    raise Misunderstood(message)
