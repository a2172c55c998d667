"""What a typed line means; without I/O."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Literal, cast, get_args

from msgspec import UNSET

from hugmood.features.analytics.messages import FetchMoodAnalytics, TimeRange
from hugmood.features.follows.messages import FetchFollowers, FetchFollowing, FollowUser
from hugmood.features.hugs.catalog import HUG_TYPES
from hugmood.features.hugs.messages import FetchHugHistory, SendHug
from hugmood.features.moods.catalog import catalog
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate
from hugmood.features.status.messages import FetchStatuses, Status, StatusUpdate
from hugmood.terminal.people import Ambiguous, People
from hugmood.wire.message import AnyCommand

Action = Literal["help", "me", "moods", "quit", "logout"]
Meaning = Action | AnyCommand | None

HELP: Final = {
    "/mood": "WORD [0 to 1] [note] [--public]   say how you feel",
    "/hug": "WHO [kind] [message]   hug someone",
    "/follow": "WHO   see someone's public moods",
    "/unfollow": "WHO   no longer",
    "/status": "online, away, do_not_disturb or offline [a few words]",
    "/who": "how those you follow are seen",
    "/history": "your moods",
    "/chart": "[day, week, month or year]   your moods as a picture",
    "/hugs": "hugs you sent and got",
    "/followers": "who follows you",
    "/following": "whom you follow",
    "/moods": "words for moods",
    "/me": "who and where you are",
    "/help": "this list",
    "/logout": "end the session on this computer",
    "/quit": "leave; what waits is sent the next time",
}
_CHOICES: Final = {"/status": get_args(Status), "/chart": get_args(TimeRange)}
PUBLIC: Final = "--public"
DEFAULT_INTENSITY: Final = 0.5
DEFAULT_HUG: Final = "supportive"


class Misunderstood(Exception):  # noqa: N818 (a question to the user)
    """A line that means nothing, with a text that helps."""


@dataclass
class Vocabulary:
    """The words that mean something: those known here until the server tells its own."""

    people: People = field(default_factory=People)
    moods: dict[str, str] = field(
        default_factory=lambda: {one.mood: one.quadrant for one in catalog().moods}
    )
    """Their quadrants, by mood."""
    hugs: list[str] = field(default_factory=lambda: list(HUG_TYPES))


def parse(line: str, vocabulary: Vocabulary) -> Meaning:
    """Understand a line; None if it is empty. Raises `Misunderstood`."""
    word, _, rest = line.strip().partition(" ")
    if not word:
        return None
    if word not in HELP:
        raise Misunderstood(_unknown(word))
    try:
        return _PARSERS[word](rest.strip(), vocabulary)
    except Ambiguous as error:
        message = f"Several people are called {error}: give an id (/followers, /following)"
        raise Misunderstood(message) from error


def completions(line: str, vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    """Yield what may stand at the line's end, and how many characters it replaces."""
    word, space, rest = line.partition(" ")
    if not space:
        yield from _beginning_with(word, list(HELP))
    elif word == "/mood":
        choices = list(vocabulary.moods) if " " not in rest else [PUBLIC]
        yield from _beginning_with(rest.rpartition(" ")[2], choices)
    elif word in _CHOICES:
        yield from _beginning_with(rest, list(_CHOICES[word]))
    elif word in {"/hug", "/follow", "/unfollow"}:
        yield from _beginning_with(rest, vocabulary.people.names())
        if word == "/hug":
            yield from _hug_kinds(rest, vocabulary)


def _hug_kinds(rest: str, vocabulary: Vocabulary) -> Iterator[tuple[str, int]]:
    for name in vocabulary.people.names():
        if rest.casefold().startswith(f"{name} ".casefold()):
            yield from _beginning_with(rest[len(name) + 1 :], vocabulary.hugs)


def _beginning_with(text: str, words: list[str]) -> Iterator[tuple[str, int]]:
    for word in words:
        if word.casefold().startswith(text.casefold()):
            yield word, len(text)


def _unknown(word: str) -> str:
    if not word.startswith("/"):
        return "Commands begin with a slash: /help lists them"
    close = get_close_matches(word, HELP, 1)
    return f"{word} is no command" + (f"; {close[0]} is" if close else ": /help lists them")


def _mood(rest: str, vocabulary: Vocabulary) -> Meaning:
    words = rest.split()
    public = PUBLIC in words
    words = [word for word in words if word != PUBLIC]
    if not words:
        message = "How do you feel? For example: /mood happy 0.8 It is spring"
        raise Misunderstood(message)
    mood, *words = words
    _check_mood(mood, vocabulary)
    intensity = _number(words[0]) if words else None
    note = " ".join(words[1:] if intensity is not None else words)
    if note.casefold() == "public":
        message = f"Say {PUBLIC} to let your followers see it"
        raise Misunderstood(message)
    return MoodUpdate(
        mood=mood,
        intensity=DEFAULT_INTENSITY if intensity is None else intensity,
        note=note or UNSET,
        is_public=public,
    )


def _check_mood(mood: str, vocabulary: Vocabulary) -> None:
    if mood not in vocabulary.moods:
        close = get_close_matches(mood, vocabulary.moods, 1)
        hint = f"do you mean {close[0]}?" if close else "/moods lists those there are"
        message = f"There is no mood {mood}: {hint}"
        raise Misunderstood(message)


def _number(word: str) -> float | None:
    """Read an intensity; None if the word is none."""
    try:
        number = float(word)
    except ValueError:
        return None
    if not 0 <= number <= 1:  # "nan" is not between either
        message = "How strong it is goes from 0 to 1, such as 0.8"
        raise Misunderstood(message)
    return number


def _hug(rest: str, vocabulary: Vocabulary) -> Meaning:
    who, text = _someone(rest, vocabulary, "/hug Jane warm Thank you")
    first, _, message = text.partition(" ")
    if first in vocabulary.hugs:
        return SendHug(recipient_id=who, hug_type=first, message=message.strip() or UNSET)
    return SendHug(recipient_id=who, hug_type=DEFAULT_HUG, message=text or UNSET)


def _follow(rest: str, vocabulary: Vocabulary) -> Meaning:
    who, _ = _someone(rest, vocabulary, "/follow user-12345")
    return FollowUser(target_user_id=who, action="follow")


def _unfollow(rest: str, vocabulary: Vocabulary) -> Meaning:
    who, _ = _someone(rest, vocabulary, "/unfollow Jane")
    return FollowUser(target_user_id=who, action="unfollow")


def _status(rest: str, vocabulary: Vocabulary) -> Meaning:  # noqa: ARG001 (as all of them)
    word, _, text = rest.partition(" ")
    if word not in get_args(Status):
        message = f"One of {', '.join(get_args(Status))}, and a few words if you like"
        raise Misunderstood(message)
    return StatusUpdate(status=cast("Status", word), custom_message=text.strip() or UNSET)


def _chart(rest: str, _: Vocabulary) -> Meaning:
    span = rest or "month"
    if span not in get_args(TimeRange):
        message = f"One of {', '.join(get_args(TimeRange))}"
        raise Misunderstood(message)
    return FetchMoodAnalytics(time_range=cast("TimeRange", span), include_correlations=True)


def _someone(rest: str, vocabulary: Vocabulary, example: str) -> tuple[str, str]:
    who, text = vocabulary.people.split(rest)
    if not who:
        message = f"Whom? For example: {example}"
        raise Misunderstood(message)
    if not who.startswith(("user-", "anon-")):
        message = f"Nobody called {who} was seen yet: give an id (/followers, /following)"
        raise Misunderstood(message)
    return who, text


_PARSERS: Final[dict[str, Callable[[str, Vocabulary], Meaning]]] = {
    "/mood": _mood,
    "/hug": _hug,
    "/follow": _follow,
    "/unfollow": _unfollow,
    "/status": _status,
    "/who": lambda *_: FetchStatuses(),
    "/chart": _chart,
    "/history": lambda *_: FetchMoodHistory(),
    "/hugs": lambda *_: FetchHugHistory(),
    "/followers": lambda *_: FetchFollowers(),
    "/following": lambda *_: FetchFollowing(),
    "/moods": lambda *_: "moods",
    "/me": lambda *_: "me",
    "/help": lambda *_: "help",
    "/logout": lambda *_: "logout",
    "/quit": lambda *_: "quit",
}
