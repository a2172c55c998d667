import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.terminal.names import Ambiguous, People, clean


def met(**names: str) -> People:
    """People with these names, by the last part of their ids."""
    people = People()
    for user_id, name in names.items():
        people.seen(f"user-{user_id}", name)
    return people


@settings(deadline=None)
@given(st.text())
def test_nothing_that_moves_the_cursor_is_left(text: str) -> None:
    """Whatever others write, it stays text, on one line."""
    for char in clean(text):
        moves = unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert char in "\u200c\u200d" or not moves


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone\x07", "[2Jgone"),
        ("one\r\n  two\tthree", "one two three"),
        ("\u202eevil\u2066", "evil"),
        ("👩\u200d👧 Zoë", "👩\u200d👧 Zoë"),
        ("\x9b31mred", "31mred"),
    ],
)
def test_what_is_left_can_be_read(text: str, shown: str) -> None:
    """Escape sequences lose what makes them work, emoji keep theirs."""
    assert shown == clean(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jane hello", ("user-1", "hello")),
        ("jane smith hello you", ("user-2", "hello you")),
        ("Jane Smith", ("user-2", "")),
        ("Janet hello", ("user-3", "hello")),
        ("Jane, hello", ("user-1", "hello")),
        ("jane smith: hello", ("user-2", "hello")),
        ("user-9 hello", ("user-9", "hello")),
        ("", ("", "")),
    ],
)
def test_the_longest_name_counts(text: str, expected: tuple[str, str]) -> None:
    """Names may contain spaces, and one may begin another."""
    people = met(**{"1": "Jane", "2": "Jane Smith", "3": "Janet"})
    assert expected == people.split(text)


def test_a_name_that_several_have_names_nobody() -> None:
    """A hug must not go to someone else."""
    with pytest.raises(Ambiguous):
        met(**{"1": "Jo", "2": "jo"}).split("Jo hello")


def test_who_was_not_seen_has_the_end_of_the_id() -> None:
    """The beginning is the time, and alike for many."""
    people = met()
    people.me = "user-7"
    assert ("…456789", "you") == (people.name("user-123456789"), people.name("user-7"))
