"""Words that speak of harming oneself, in English, and what takes them back.

It is a list, not an understanding: it errs on the side of showing a card. A note that
only mourns someone, or uses the words as a figure of speech, should bring none.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

REACH: Final = 80
"""How far before a phrase, in letters, is looked for what takes it back."""

_APOSTROPHES: Final = str.maketrans(dict.fromkeys("'\u2019\u2018\u02bc\u00b4`"))
_NOT_A_WORD: Final = re.compile(r"[^\w.,!?;:()]+")
_GROUP: Final = re.compile(r"\{(\w+)\}")
_CLAUSE_END: Final = re.compile(r"\W*[.,!?;:()]\W*|\b(?:but|except|yet|though|although)\b")
_ONE_WORD: Final = (
    (re.compile(r"\bmy self\b"), "myself"),
    (re.compile(r"\bany (?:more|longer)\b"), "anymore"),
    (re.compile(r"\bcan ?not\b"), "cant"),
    (re.compile(r"\bwill not\b"), "wont"),
    (re.compile(r"\b(do|did|does|would|could|should|is|was|are|were|have|has|had) not\b"), r"\1nt"),
    # "kms" is also a distance.
    (re.compile(r"\b\d+ ?kms\b"), ""),
)


class Phrases(Struct, frozen=True):
    """The file `phrases.toml`; what its lists are is said there."""

    as_of: date
    language: str
    stems: list[str]
    stress: list[str]
    intent: list[str]
    effort: list[str]
    mishaps: list[str]
    suicide: list[str]
    oneself: list[str]
    others: list[str]
    many: list[str]
    negations: list[str]
    fillers: list[str]
    struggles: list[str]
    between: list[str]
    more_than_ever: list[str]
    idioms: list[str]
    groups: dict[str, list[str]]


class _Patterns(Struct, frozen=True):
    stress: re.Pattern[str]
    intent: re.Pattern[str]
    effort: re.Pattern[str]
    suicide: re.Pattern[str]
    mishap: re.Pattern[str]
    idiom: re.Pattern[str]
    named: re.Pattern[str]
    negated: re.Pattern[str]
    more_than_ever: re.Pattern[str]


def speaks_of_self_harm(note: str) -> bool:
    """Tell whether somebody writes of wanting to harm themselves, as far as words tell."""
    plain = " ".join(note.casefold().split())
    if not any(stem in plain for stem in phrases().stems):
        return False  # as nearly always: to look closer costs far more
    known = patterns()
    text = known.stress.sub("", _in_one_spelling(plain))
    return any(_meant(clause.strip(), known) for clause in _CLAUSE_END.split(text))


@cache
def phrases() -> Phrases:
    """Read the list, once."""
    text = files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Phrases)


def _in_one_spelling(note: str) -> str:
    text = note.translate(_APOSTROPHES)
    text = _NOT_A_WORD.sub(" ", text.replace("_", " "))
    for pattern, word in _ONE_WORD:
        text = pattern.sub(word, text)
    return text


def _meant(clause: str, known: _Patterns) -> bool:
    return (
        any(_counts(clause, found, known) for found in known.intent.finditer(clause))
        or any(
            _counts(clause, found, known) and not known.mishap.match(clause, found.end())
            for found in known.effort.finditer(clause)
        )
        or any(
            _counts(clause, found, known) and _of_oneself(clause, found, phrases().others)
            for found in known.suicide.finditer(clause)
        )
    )


def _counts(clause: str, found: re.Match[str], known: _Patterns) -> bool:
    """Tell whether a phrase is not taken back, not a figure of speech, not of others."""
    if known.idiom.match(clause, found.end()):
        return False
    negated = known.negated.search(clause, _near(found), found.start())
    if negated and not _stressed(clause, found, negated, known):
        return negated["struggle"] is not None
    return _of_oneself(clause, found, phrases().many)


def _stressed(clause: str, found: re.Match[str], negated: re.Match[str], known: _Patterns) -> bool:
    never = negated["negation"] == "never"
    return never and known.more_than_ever.match(clause, found.end()) is not None


def _of_oneself(clause: str, found: re.Match[str], others: list[str]) -> bool:
    """Tell whether the one last named before a phrase is not one of these."""
    named = patterns().named.findall(clause, _near(found), found.start())
    last = next((name for name in reversed(named) if name in _oneself() or name in others), None)
    return last is None or last in _oneself()


def _near(found: re.Match[str]) -> int:
    return max(0, found.start() - REACH)


@cache
def _oneself() -> frozenset[str]:
    return frozenset(phrases().oneself)


@cache
def patterns() -> _Patterns:
    """Make what notes are searched for, once."""
    known = phrases()
    fillers = f"(?:{_any_of(known.fillers)} )*"
    return _Patterns(
        stress=re.compile(rf"\b{_any_of(known.stress)}\b *"),
        intent=_phrase_of(known.intent),
        effort=_phrase_of(known.effort),
        suicide=_phrase_of(known.suicide),
        mishap=re.compile(rf" {_any_of(known.mishaps)}\b"),
        idiom=re.compile(rf" {_any_of(known.idioms)}\b"),
        named=re.compile(rf"\b{_any_of(known.oneself + known.others)}\b"),
        negated=re.compile(
            rf"(?:\b(?P<struggle>{_any_of(known.struggles)})(?: {_any_of(known.between)})* )?"
            rf"\b(?:(?P<negation>{_any_of(known.negations)}) {fillers}|no )$"
        ),
        more_than_ever=re.compile(rf" {_any_of(known.more_than_ever)}\b"),
    )


def _phrase_of(known: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b{_any_of(form for phrase in known for form in forms(phrase))}(?!\w)")


def _any_of(words: Iterable[str]) -> str:
    choices = "|".join(
        _GROUP.sub(lambda found: _any_of(phrases().groups[found[1]]), word) for word in words
    )
    return f"(?:{choices.replace('(', '(?:').replace('(?:?', '(?')})"


def forms(phrase: str) -> Iterator[str]:
    """Write a phrase with its first word chosen: `re` skips those of other letters fast."""
    if phrase.startswith("{"):
        group, _, rest = phrase[1:].partition("}")
        for choice in phrases().groups[group]:
            yield from forms(f"{choice}{rest}")
    elif phrase.startswith("("):
        *choices, rest = _choices(phrase)
        for choice in choices:
            yield from forms(f"{choice}{rest.removeprefix('?')}")
        if rest.startswith("?"):
            yield from forms(rest[1:])
    else:
        yield phrase


def _choices(phrase: str) -> list[str]:
    """Split `(a|b)rest` into `a`, `b` and `rest`; there may be brackets within."""
    depth, cuts = 0, [0]
    for place, letter in enumerate(phrase):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 1 and letter == "|":
            cuts.append(place)
        if depth == 0:
            cuts.append(place)
            break
    parts = [phrase[start + 1 : end] for start, end in pairwise(cuts)]
    return [*parts, phrase[cuts[-1] + 1 :]]
