import pytest
from rich.console import Console
from rich.text import Text

from hugmood.terminal.folding import fold


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("short", ["short"]),
        (
            "12:00  Ada hugs you, warm: one two three",
            ["12:00  Ada hugs you, warm: one", "       two three"],
        ),
        ("✓ " + "word " * 7, ["✓ word word word word word", "  word word"]),
        (
            "│ I am a calm card with a lot to say",
            ["│ I am a calm card with a lot", "│ to say"],
        ),
        ("http://example.org/" + "x" * 40, ["http://example.org/" + "x" * 40]),
        ("12:00  🤗🤗🤗🤗🤗🤗🤗🤗🤗🤗 🤗🤗", ["12:00  🤗🤗🤗🤗🤗🤗🤗🤗🤗🤗", "       🤗🤗"]),
    ],
)
def test_long_lines_break_between_words(line: str, folded: list[str]) -> None:
    """Under the words before; a card keeps its frame, and a link stays whole."""
    console = Console(width=30)
    assert folded == [part.plain.rstrip() for part in fold(Text(line), console)]


def test_a_fold_keeps_colours() -> None:
    """On both sides of it."""
    line = Text("12:00  ").append("one two three four five six", style="green")
    parts = fold(line, Console(width=30))
    assert [2, {"green"}] == [
        len(parts),
        {str(span.style) for part in parts for span in part.spans if span.end > span.start},
    ]


def test_a_very_narrow_screen_breaks_lines_as_it_likes() -> None:
    """Rather than showing a word a line."""
    line = Text("12:00  Ada hugs you, warm: one two three")
    assert [line] == fold(line, Console(width=20))
