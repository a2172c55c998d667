"""Lines that are too long for the screen, broken between words."""

from re import match
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_INDENTS: Final = r"│ +|(\d\d \w{3} )?(\d{4} )?\d\d:\d\d  |[✓!·★] |  /.{20} | +"
"""What stands before the words of a line: a frame, a time, a mark, or nothing."""
_LEAST: Final = 20
"""Columns that the words have at least; on less the terminal breaks lines as it likes."""


def fold(line: Text, console: Console) -> list[Text]:
    """Break a line, and let what follows stand under the words, inside a frame."""
    found = match(_INDENTS, line.plain)  # of a command in the help, to the second column
    before = line[: found.end()] if found else Text()
    room = console.width - before.cell_len
    longest = max((cell_len(word) for word in line.plain.split()), default=0)
    if line.cell_len <= console.width or room < max(_LEAST, longest):
        return [line]  # a link that is broken would be none: the terminal knows how it goes on
    first, *others = line[len(before) :].wrap(console, room)
    under = before if before.plain.startswith("│") else Text(" " * before.cell_len)
    return [before + first, *(under + other for other in others)]
