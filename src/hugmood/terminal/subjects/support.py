"""The support card: calm, by itself, and with a way to go on.

It is shown and forgotten: neither a log nor a file has it.
"""

from typing import Final

from rich.text import Text

from hugmood.features.support.messages import Helpline, SupportCard
from hugmood.terminal.lines import DIM
from hugmood.terminal.names import clean

_FRAME: Final = "blue"
ON: Final = "This is for you alone. Go on whenever you like; /ask asks someone for a hug."


def card(support: SupportCard) -> list[Text]:
    """Draw the card: what it says, whom one can talk to, and how to go on."""
    lines = [_head(clean(support.title)), _row(clean(support.message)), _row("")]
    for one in support.helplines:
        lines += [_row(clean(one.name), style="bold"), *map(_row, _ways(one))]
    lines += [_row(""), _row(ON), _row(f"Helplines as of {clean(support.as_of)}", style=DIM)]
    return [*lines, Text("╰──", style=_FRAME)]


def _ways(one: Helpline) -> list[str]:
    """How to reach somebody, a line for each way."""
    ways = [("call", one.phone), ("text", one.text), ("see", one.url), ("open", one.hours)]
    lines = [f"  {name:4}  {clean(said)}" for name, said in ways if isinstance(said, str) and said]
    spoken = ", ".join(map(clean, one.languages))
    return [*lines, f"  in    {spoken}"] if spoken and spoken != "en" else lines


def _head(title: str) -> Text:
    return Text().append("╭── ", style=_FRAME).append(title, style="bold")


def _row(text: str, style: str = "") -> Text:
    return Text().append("│ ", style=_FRAME).append(text, style=style)
