"""The seed's examples, and how what really comes is held to them.

`seed_examples.json` has every message that the seed shows, by the heading it stands under,
without the comments in it. An example is matched field by field: same fields, same kinds
of values, and the same values but for what no two servers have alike.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

Message = dict[str, Any]

EXAMPLES: Final[dict[str, list[Message]]] = json.loads(
    Path(__file__).with_name("seed_examples.json").read_text("utf-8")
)

EXTENSIONS: Final = {"asOfSequence", "hasMore", "isPublic", "tags", "location"}
"""Fields that decisions added to what the seed shows."""

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_ID: Final = re.compile(r"([a-z]+)-[a-z0-9-]+")


def example(heading: str, place: int = 0) -> Message:
    """One of the messages under a heading."""
    found: Message = json.loads(json.dumps(EXAMPLES[heading][place]))
    return found


def said(heading: str, place: int = 0, /, **changes: Any) -> tuple[str, Message]:  # noqa: ANN401 (any JSON)
    """Type and `data` of a client's message, with fields of another value than in the seed."""
    message = example(heading, place)
    unknown = changes.keys() - message["data"].keys()
    assert not unknown, f"{heading} has no {unknown}"
    return message["type"], message["data"] | changes


def flaws(actual: Message, heading: str, place: int = 0, /, **same: Any) -> list[str]:  # noqa: ANN401 (any JSON)
    """Where a message differs from the example; `same` are the values that `data` must have.

    Times need only be times, ids only begin alike, and numbers only be numbers unless they
    are among `same`.
    """
    expected = example(heading, place)
    if not actual["id"].endswith("-resp"):
        begins = expected["id"].partition("-")[0]
        assert actual["id"].startswith(f"{begins}-"), actual["id"]
    assert (actual["type"], actual["id"].endswith("-resp")) == (
        expected["type"],
        expected["id"].endswith("-resp"),
    )
    found = _unlike(expected["data"], actual["data"], "data")
    found += [
        f"{name} is not {value!r}"
        for name, value in same.items()
        if actual["data"].get(name) != value
    ]
    return found


def _unlike(expected: Any, actual: Any, path: str) -> list[str]:  # noqa: ANN401 (any JSON)
    if isinstance(expected, dict) and isinstance(actual, Mapping):
        return _unlike_objects(expected, actual, path)
    if isinstance(expected, list) and isinstance(actual, list):
        alike = expected if len(expected) == len(actual) else expected[:1] * len(actual)
        pairs = zip(alike, actual, strict=True)
        return [flaw for one, other in pairs for flaw in _unlike(one, other, f"{path}[]")]
    if isinstance(expected, bool) or isinstance(actual, bool):
        return [] if expected == actual else [f"{path}: {actual!r} is not {expected!r}"]
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return []
    if isinstance(expected, str) and isinstance(actual, str):
        return _unlike_texts(expected, actual, path)
    return [f"{path}: {actual!r} is not like {expected!r}"]


def _unlike_objects(expected: Message, actual: Mapping[str, Any], path: str) -> list[str]:
    more = actual.keys() - expected.keys() - EXTENSIONS
    found = [f"{path}.{name} is missing" for name in expected.keys() - actual.keys()]
    found += [f"{path}.{name} is not in the seed" for name in more]
    both = expected.keys() & actual.keys()
    return found + [
        f for name in both for f in _unlike(expected[name], actual[name], f"{path}.{name}")
    ]


def _unlike_texts(expected: str, actual: str, path: str) -> list[str]:
    if _MOMENT.fullmatch(expected):
        return [] if _MOMENT.fullmatch(actual) else [f"{path}: {actual!r} is no time"]
    kind = _ID.fullmatch(expected)
    if (kind and path.endswith("Id")) or path.endswith(".id"):
        return (
            []
            if actual.startswith(f"{kind[1] if kind else ''}-")
            else [f"{path}: {actual!r} is no such id"]
        )
    if path.endswith(("oken", "mage")):  # what is in a token, or at an address, is the server's
        return []
    return [] if expected == actual else [f"{path}: {actual!r} is not {expected!r}"]
