"""What a narrowed connection takes."""

import pytest

from hugmood.engine.records import Narrowing
from hugmood.gateway.outgoing import Outgoing
from hugmood.gateway.wanted import Wanted
from hugmood.wire import codec

ADA, BOB = 1, 2


def event(kind: str, author: int) -> Outgoing:
    """An event on its way."""
    return Outgoing(codec.prefix(kind, "bcast-1", b"{}", 0), author)


def test_everything() -> None:
    """Without types and people there is nothing to ask."""
    assert Wanted.of(Narrowing(None, None)) is None


@pytest.mark.parametrize(
    ("types", "authors", "taken"),
    [
        (["mood_changed"], None, "mood_changed of Ada, mood_changed of Bob"),
        (None, [ADA], "mood_changed of Ada, hug_received of Ada"),
        (["mood_changed"], [ADA], "mood_changed of Ada"),
        (["mood_changed", "hug_received"], [BOB], "mood_changed of Bob"),
        ([], None, ""),
        (None, [], ""),
    ],
)
def test_takes(types: list[str] | None, authors: list[int] | None, taken: str) -> None:
    """Both must fit where both are given; an empty list fits nothing."""
    events = {
        "mood_changed of Ada": event("mood_changed", ADA),
        "mood_changed of Bob": event("mood_changed", BOB),
        "hug_received of Ada": event("hug_received", ADA),
        "notification of nobody": event("notification", 0),
    }
    wanted = Wanted.of(Narrowing(types, authors))
    assert wanted is not None
    assert taken == ", ".join(name for name, one in events.items() if wanted.takes(one))
