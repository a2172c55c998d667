"""Which notes speak of self-harm (product rules: Safety and privacy)."""

import re
import tomllib
from pathlib import Path

import pytest

from hugmood.features.support.phrases import forms, phrases, speaks_of_self_harm

NOTES = tomllib.loads(Path(__file__).with_name("self_harm_notes.toml").read_text("utf-8"))


@pytest.mark.parametrize("note", NOTES["shown"] + NOTES["shown_to_be_sure"])
def test_shown(note: str) -> None:
    """What is said of one's own wish to die or to harm oneself is recognised."""
    assert speaks_of_self_harm(note)


@pytest.mark.parametrize("note", NOTES["not_shown"])
def test_not_shown(note: str) -> None:
    """What is denied, mourned, told of others or a figure of speech is not taken for it."""
    assert not speaks_of_self_harm(note)


@pytest.mark.parametrize(
    "written",
    [
        str.upper,
        str.title,
        lambda note: note.replace("'", "\u2019"),
        lambda note: re.sub(r"['\u2019]", "", note),
        lambda note: note.replace(" ", " \n "),
        lambda note: f"Dear diary. {note}. That is all",
        lambda note: f"*{note}*",
    ],
)
@pytest.mark.parametrize("known", ["shown", "not_shown"])
def test_however_it_is_written(known: str, written: object) -> None:
    """Case, apostrophes, spaces and what stands around change nothing."""
    assert callable(written)
    changed = [
        note
        for note in NOTES[known]
        if speaks_of_self_harm(written(note)) is not (known == "shown")
    ]
    assert changed == []


def all_forms(phrase: str) -> list[str]:
    """Every way to say a phrase."""
    plain = re.match(r"[^({]*", phrase)
    assert plain
    rest = phrase[plain.end() :]
    if not rest:
        return [phrase]
    return [plain[0] + more for form in forms(rest) for more in all_forms(form)]


def everything() -> list[str]:
    """Every way to say all that is looked for."""
    known = phrases()
    found = [
        form
        for one in (known.intent, known.effort, known.suicide)
        for p in one
        for form in all_forms(p)
    ]
    return [form.strip("^$") for form in found]


def test_every_phrase_is_found() -> None:
    """No phrase of the list is there in vain: each by itself is recognised."""
    assert [form for form in everything() if not speaks_of_self_harm(form)] == []


def test_first_look() -> None:
    """Each stem lets something through that no other would."""

    def let_through(stems: set[str]) -> set[str]:
        return {form for form in everything() if any(stem in form for stem in stems)}

    stems = set(phrases().stems)
    assert [stem for stem in sorted(stems) if not let_through({stem})] == []


@pytest.mark.parametrize("more", ["not ", "i ", "not i ", "want to ", "suicidal he ", "(", "."])
def test_long_notes(more: str) -> None:
    """A note made to be hard to read is read."""
    assert speaks_of_self_harm((more * 2000)[:1980] + ". I want to die")
