"""Pieces of lines: times, marks, and words that other people wrote."""

from typing import Final

from rich.text import Text

from hugmood.ambient import Instant
from hugmood.client import QueueFull, RequestFailed
from hugmood.terminal.names import clean

DIM: Final = "bright_black"
Lines = Text | list[Text]
"""What there is to show of a thing: a line, or some."""


def good(text: str) -> Text:
    """A thing that worked."""
    return Text().append("✓ ", style="green").append(text)


def problem(text: str) -> Text:
    """A thing that did not."""
    return Text().append("! ", style="red").append(text)


def notice(text: str) -> Text:
    """A thing to know."""
    return Text(f"· {text}", style=DIM)


def timed(at: Instant, now: Instant, text: Text) -> Text:
    """A thing that happened at some time."""
    return Text().append(f"{clock(at, now)}  ", style=DIM).append_text(text)


def clock(at: Instant, now: Instant) -> str:
    """Write a time as people here do; with the day unless that is today."""
    there, here = at.datetime.astimezone(), now.datetime.astimezone()
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there:%d %b %H:%M}" if there.year == here.year else f"{there:%d %b %Y %H:%M}"


def words(word: str) -> str:
    """A word of the protocol as people write it."""
    return clean(word).replace("_", " ")


def saying(text: Text, said: object) -> Text:
    """Add what somebody said, if they said something."""
    spoken = clean(said) if isinstance(said, str) else ""
    return text.append(f": {spoken}") if spoken else text


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def of(shown: int, total: int, more: str = "") -> Text:
    """The last line of a list: how much of it this is."""
    return Text(f"{shown} of {total}{more}" if total else f"none yet{more}", style=DIM)


def joined(parts: list[str]) -> str:
    """`Ada`, `Ada and Bob`, `Ada, Bob and Cleo`."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), *parts[-1:]])


def explain(error: Exception) -> str:
    """Say in one line what went wrong, and what to do."""
    match error:
        case RequestFailed(code="not_found"):
            text = "there is no such person or thing"
        case RequestFailed(code="rate_limit_exceeded", retry_after=int(seconds)):
            text = f"that was a lot at once; try again in {seconds} s"
        case RequestFailed(issue="expired"):
            text = "its time is over"
        case RequestFailed(issue="already_responded"):
            text = "you have answered that already"
        case RequestFailed(message=message, field=field):
            where = (field or "").removeprefix("data").removeprefix(".")
            text = clean(f"{message} ({where})" if where else message)
        case TimeoutError():
            text = "the server has not answered yet"
        case QueueFull():
            text = "too much is waiting already; try again when the connection is back"
        case _:
            text = clean(str(error)) or type(error).__name__
    return text[:1].upper() + text[1:]
