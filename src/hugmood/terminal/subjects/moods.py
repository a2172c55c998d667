"""Moods: how one feels, how others do, second thoughts, streaks."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from msgspec import UNSET, UnsetType
from rich.text import Text

from hugmood.features.moods.messages import (
    Feed,
    FetchFeed,
    FetchMoodHistory,
    MoodChanged,
    MoodDelete,
    MoodDeleted,
    MoodEdit,
    MoodEdited,
    MoodHistory,
    MoodItem,
    MoodTakenBack,
    MoodUpdate,
    MoodUpdated,
    StreakUpdate,
)
from hugmood.terminal.arguments import (
    Meaning,
    Misunderstood,
    Saying,
    at_the_end,
    just,
    names,
    newest,
    only_person,
)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM, Lines, count, good, notice, of, saying
from hugmood.terminal.names import clean
from hugmood.terminal.shown import Scene, answers, tells
from hugmood.terminal.subjects.support import card

COLORS: Final = {
    "pleasant high": "yellow",
    "pleasant low": "green",
    "unpleasant high": "red",
    "unpleasant low": "blue",
}
PUBLIC: Final = "--public"
PRIVATE: Final = "--private"
NO_NOTE: Final = "--no-note"
NOTE: Final = "note"
DEFAULT_INTENSITY: Final = 0.5
KEPT: Final = "kept"
_STEPS: Final = 5

# What one can say


def _mood(rest: str, known: Known) -> Meaning:
    words, flags = _flags(rest, PUBLIC)
    if not words:
        raise Misunderstood("How do you feel?")
    mood, *words = words
    _check(mood, known)
    intensity, note = _intensity_and_note(words)
    return MoodUpdate(
        mood=mood,
        intensity=DEFAULT_INTENSITY if intensity is None else intensity,
        note=note or UNSET,
        is_public=PUBLIC in flags,
    )


def _edit(rest: str, known: Known) -> Meaning:
    number, _, others = rest.partition(" ")
    if not number.startswith("#"):
        number, others = "", rest
    entry = newest(number, known, known.entries, KEPT, "entry of yours")
    words, flags = _flags(others, PUBLIC, PRIVATE, NO_NOTE)
    if not words + flags or {PUBLIC, PRIVATE} <= {*flags}:
        raise Misunderstood("What is to be changed?")
    mood = words.pop(0) if words and _begins_with_mood(words[0], known) else None
    if mood is None and words[:1] == [NOTE]:
        intensity, note = None, " ".join(words[1:])
    else:
        intensity, note = _intensity_and_note(words)
    return MoodEdit(
        mood_id=entry,
        mood=mood or UNSET,
        intensity=UNSET if intensity is None else intensity,
        note=note or UNSET,
        is_public=PUBLIC in flags if {PUBLIC, PRIVATE} & {*flags} else UNSET,
        clear=["note"] if NO_NOTE in flags else UNSET,
    )


def _begins_with_mood(word: str, known: Known) -> bool:
    """Whether it is a mood; raises `Misunderstood` if it can be nothing else either."""
    if word == NOTE or _number(word) is not None:
        return False
    _check(word, known)
    return True


def _flags(rest: str, *flags: str) -> tuple[list[str], list[str]]:
    """Tell words from these flags, wherever they stand."""
    words = rest.split()
    return [one for one in words if one not in flags], [one for one in flags if one in words]


def _intensity_and_note(words: list[str]) -> tuple[float | None, str]:
    intensity = _number(words[0]) if words else None
    note = " ".join(words if intensity is None else words[1:])
    if note.casefold() in {"public", "private"}:
        raise Misunderstood(f"Say --{note.casefold()} for who may see it")
    return intensity, note


def _check(mood: str, known: Known) -> None:
    if mood not in known.moods:
        close = get_close_matches(mood, known.moods, 1)
        hint = f"do you mean {close[0]}?" if close else "/moods lists those there are"
        raise Misunderstood(f"There is no mood {mood}: {hint}")


def _number(word: str) -> float | None:
    """Read an intensity; None if the word is none."""
    try:
        number = float(word)
    except ValueError:
        return None
    if not 0 <= number <= 1:  # "nan" is not between either
        raise Misunderstood("How strong it is goes from 0 to 1, such as 0.8")
    return number


def _delete(rest: str, known: Known) -> Meaning:
    return MoodDelete(mood_id=newest(rest, known, known.entries, KEPT, "entry of yours"))


def _history(rest: str, known: Known) -> Meaning:
    return FetchMoodHistory(user_id=only_person(rest, known)) if rest else FetchMoodHistory()


def _offer_moods(rest: str, known: Known) -> Iterable[str]:
    return at_the_end(rest, (PUBLIC,)) if " " in rest else known.moods


def _offer_edits(rest: str, known: Known) -> Iterable[str]:
    return at_the_end(rest, (*known.moods, NOTE, PUBLIC, PRIVATE, NO_NOTE))


SAYINGS: Final = (
    Saying("/mood", "WORD [0 to 1] [NOTE] [--public]", "say how you feel", _mood, _offer_moods),
    Saying(
        "/edit",
        "[#N] [WORD] [0 to 1] [note TEXT] [--public|--private] [--no-note]",
        "change an entry of yours, the newest without a number",
        _edit,
        _offer_edits,
    ),
    Saying("/delete", "[#N]", "take an entry back for good", _delete),
    Saying("/moods", "", "words for moods", just("moods")),
    Saying("/history", "[@WHO]", "your moods, or someone's public ones", _history, names),
    Saying("/feed", "", "public moods of those you follow", just(FetchFeed())),
)

# How it is shown


@tells
def mood_changed(event: MoodChanged, scene: Scene) -> Lines:
    """Somebody feels so; of one's own, the number to edit it by."""
    mine = scene.mine(event.user_id)
    text = scene.who(event.user_id).append(" feel " if mine else " feels ")
    text.append_text(feeling(scene.known, event.mood, event.intensity))
    text.append(" (changed)" if event.edited else "", style=DIM)
    text.append("" if event.is_public else " (private)", style=DIM)
    if mine:
        scene.known.entries.wait(event.mood_id, KEPT, event.timestamp)
    return scene.timed(event.timestamp, text)


@tells
def mood_deleted(event: MoodDeleted, scene: Scene) -> Lines:
    """Somebody took a mood back, or shows it no more."""
    mine = scene.mine(event.user_id)
    if mine:
        scene.known.entries.done(event.mood_id)
    text = scene.who(event.user_id).append(" took back an entry" if mine else " took back a mood")
    return scene.timed(scene.at, text)


@answers
def mood_updated(command: MoodUpdate, reply: MoodUpdated, scene: Scene) -> Lines:
    """It is kept; a support card comes first, and nothing is celebrated beside it."""
    scene.known.entries.wait(reply.mood_id, KEPT, scene.now)
    seen = "your followers see it" if command.is_public else "only you see it"
    if not isinstance(reply.support, UnsetType):
        return [*card(reply.support), notice(f"Kept, {seen}")]
    return good(f"Kept, {seen}{_in_a_row(reply.streak_update)}")


@answers
def mood_edited(_: MoodEdit, reply: MoodEdited, _scene: Scene) -> Lines:
    """It is changed; as above."""
    if not isinstance(reply.support, UnsetType):
        return [*card(reply.support), notice("Changed")]
    return good("Changed")


@answers
def mood_taken_back(_: MoodDelete, reply: MoodTakenBack, scene: Scene) -> Lines:
    """It is gone."""
    scene.known.entries.done(reply.mood_id)
    return good("Gone, and whoever saw it is told to forget it")


@answers
def mood_history(query: FetchMoodHistory, reply: MoodHistory, scene: Scene) -> Lines:
    """Entries, one's own with their numbers."""
    mine = not query.user_id or scene.mine(query.user_id)
    lines = [_entry(item, scene, mine=mine) for item in reversed(reply.items)]
    return [*lines, of(len(lines), reply.total_count)]


@answers
def feed(_: FetchFeed, reply: Feed, scene: Scene) -> Lines:
    """Who feels how."""
    lines = [
        scene.timed(
            item.created_at,
            scene.who(item.user_id, item.user_name)
            .append(" feels ")
            .append_text(feeling(scene.known, item.mood, item.intensity)),
        )
        for item in reversed(reply.items)
    ]
    return [*lines, of(len(lines), reply.total_count)]


def feeling(known: Known, mood: str, intensity: float) -> Text:
    """A mood with its strength, in the colour of its quadrant."""
    style = COLORS.get(known.moods.get(mood, ""), "")
    full = round(min(1.0, max(0.0, intensity)) * _STEPS)
    bar = "●" * full + "○" * (_STEPS - full)
    return Text(f"{clean(mood)} {bar} {intensity:.2g}", style=style)


def vocabulary(known: Known) -> list[Text]:
    """All words for moods, a line for each quadrant."""
    quadrants: dict[str, list[str]] = {}
    for mood, quadrant in known.moods.items():
        quadrants.setdefault(quadrant, []).append(mood)
    width = max(map(len, quadrants), default=0)
    return [
        Text(f"{quadrant:{width}}  ", style=DIM).append(
            " ".join(moods), style=COLORS.get(quadrant, "")
        )
        for quadrant, moods in quadrants.items()
    ]


def learn(reply: MoodHistory, known: Known) -> None:
    """Remember which of one's own entries there are."""
    for item in reversed(reply.items):
        known.entries.wait(item.id, KEPT, item.created_at)


def _entry(item: MoodItem, scene: Scene, *, mine: bool) -> Text:
    text = feeling(scene.known, item.mood, item.intensity)
    text.append("" if item.is_public else " (private)", style=DIM)
    if mine:
        scene.known.entries.wait(item.id, KEPT, item.created_at)
        number = Text(f"{scene.known.entries.put(item.id)}  ", style=DIM)
        text = number.append_text(text)
    return scene.timed(item.created_at, saying(text, item.note))


def _in_a_row(run: StreakUpdate | UnsetType) -> str:
    return "" if isinstance(run, UnsetType) else f". {count(run.current, 'day')} in a row"
