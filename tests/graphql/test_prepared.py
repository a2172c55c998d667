"""What is prepared is executed as the library would."""

from typing import Any, Final

import pytest

from hugmood.features.moods.messages import FetchMoodHistory
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel
from tests.graphql.face import Face
from tests.world import World

BY_LIBRARY: Final = " # @"
"""What may hold a directive is not prepared, not even if that is in a comment."""

HAPPY, SAD, NOPE = (
    f'createMoodEntry(input: {{mood: "{mood}", intensity: 0.5}}) {{ streakUpdate {{ current }} }}'
    for mood in ("happy", "sad", "nope")
)
FRAGMENTS: Final = """
    { moodEntries(limit: 2) { ...page ... on MoodEntryConnection { count: totalCount } } }
    fragment page on MoodEntryConnection { edges { node { ...one } } }
    fragment one on MoodEntry { id note tags location { name } }
"""
DOCUMENTS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("{ streak { current } }", {}),
    ("{ streak { current } streak { best current } }", {}),
    ("{ a: streak { __typename b: current } }", {}),
    ("{ streak { current } moodEntries { totalCount } }", {}),
    (FRAGMENTS, {}),
    ("{ __typename streak { current } }", {}),
    ('{ __type(name: "Streak") { name } }', {}),
    ("{ catalogues { moods { moods { mood } } } }", {}),
    ("query ($n: Int = 1) { moodEntries(limit: $n) { items { mood } } }", {}),
    ("query ($n: Int = 1) { moodEntries(limit: $n) { items { mood } } }", {"n": 2}),
    ("query ($n: Int) { moodEntries(limit: $n) { items { mood } } }", {"n": None}),
    ("query ($n: Int) { moodEntries(limit: $n) { items { mood } } }", {"n": 101}),
    ("query ($n: Int) { moodEntries(limit: $n) { items { mood } } }", {"n": "two"}),
    ("query ($n: Int!) { moodEntries(limit: $n) { items { mood } } }", {}),
    ("query ($m: [Int]) { moodEntries(filter: {moods: $m}) { totalCount } }", {"m": [1]}),
    ('{ user(id: "nobody") { displayName } }', {}),
    (f"mutation {{ {NOPE} }}", {}),
    (f"mutation {{ {HAPPY} }}", {}),
    (f"mutation {{ a: {HAPPY} b: {SAD} }}", {}),
    (f"mutation {{ a: {NOPE} b: {SAD} }}", {}),
]


@on_sqlite
@pytest.mark.parametrize(("document", "variables"), DOCUMENTS)
@pytest.mark.parametrize("known", [True, False])
def test_as_the_library(
    world: World, face: Face, document: str, variables: dict[str, Any], *, known: bool
) -> None:
    """Data, errors and effects are the same, and the same again at the second time."""
    people = [world.register("Ada"), world.register("Bob")]
    for one in people:
        for _ in range(3):
            feel(one)
    answers = []
    for one, text in zip(people, (document, document + BY_LIBRARY), strict=True):
        replies = [face.ask(text, one if known else None, **variables) for _ in range(2)]
        ids = {item.id: place for place, item in enumerate(history(one))}
        answers.append([[_without(ids, (r.status, r.data, r.errors)) for r in replies], len(ids)])
    assert answers[0] == answers[1]


@on_sqlite
def test_all_that_is_refused(face: Face) -> None:
    """Of several fields each one that is refused is told."""
    reply = face.ask("{ moodEntries { totalCount } followers { totalCount } }")
    assert (None, [["moodEntries"], ["followers"]]) == (
        reply.data,
        [error["path"] for error in reply.errors],
    )


def history(person: Device) -> list[Any]:
    """All entries of a person."""
    return list(person.request(FetchMoodHistory()).items)


def _without(ids: dict[str, int], value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Call entries by their place, for ids are never the same."""
    if isinstance(value, dict):
        return {key: _without(ids, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without(ids, one) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value
