"""All that can be said, by subject, and what a line means; without I/O."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from rich.text import Text

from hugmood.terminal.arguments import Meaning, Misunderstood, NotNow, Saying, just
from hugmood.terminal.known import Known
from hugmood.terminal.lines import DIM
from hugmood.terminal.subjects import (
    account,
    group_hugs,
    hugs,
    insights,
    moods,
    notifications,
    people,
)

SESSION: Final = (
    Saying("/me", "", "who and where you are", just("me")),
    Saying("/help", "", "this list", just("help")),
    Saying("/logout", "", "end the session on this computer", just("logout")),
    Saying("/quit", "", "leave; what waits is sent the next time", just("quit")),
)
GROUPS: Final[dict[str, tuple[Saying, ...]]] = {
    "Moods": moods.SAYINGS + insights.SAYINGS,
    "Hugs": hugs.SAYINGS,
    "Group hugs": group_hugs.SAYINGS,
    "People": people.SAYINGS,
    "Notifications": notifications.SAYINGS,
    "Account": account.SAYINGS,
    "This client": SESSION,
}
"""A new command goes into the table of its subject."""
COLUMN: Final = 24
"""Where the help says what a command does."""
SAYINGS: Final = {one.name: one for group in GROUPS.values() for one in group}


def parse(line: str, known: Known) -> Meaning | None:
    """Understand a line; None if it is empty. Raises `Misunderstood`."""
    word, _, rest = line.strip().partition(" ")
    if not word:
        return None
    if word not in SAYINGS:
        raise Misunderstood(_unknown(word))
    saying = SAYINGS[word]
    try:
        return saying.means(rest.strip(), known)
    except NotNow:
        raise
    except Misunderstood as error:
        end = "" if str(error).endswith("?") else "."
        raise Misunderstood(f"{error}{end} Usage: {saying.usage}") from error


def completions(line: str, known: Known) -> Iterator[tuple[str, int]]:
    """Yield how the line may go on, and how many of its characters that replaces."""
    word, space, rest = line.partition(" ")
    if not space:
        yield from _going_on(word, SAYINGS)
    elif word in SAYINGS:
        yield from _going_on(rest, SAYINGS[word].offers(rest, known))


def _going_on(text: str, offers: Iterable[str]) -> Iterator[tuple[str, int]]:
    for offer in offers:
        if offer.casefold().startswith(text.casefold()):
            yield offer, len(text)


def _unknown(word: str) -> str:
    if not word.startswith("/"):
        return "Commands begin with a slash: /help lists them"
    close = get_close_matches(word, SAYINGS, 1)
    return f"{word} is no command" + (f"; {close[0]} is" if close else ": /help lists them")


def markdown_tables() -> str:
    """The same for the documentation."""
    return "\n\n".join(f"### {title}\n\n{_table(group)}" for title, group in GROUPS.items())


def _table(group: tuple[Saying, ...]) -> str:
    cells = [[text.replace("|", "\\|") for text in (one.usage, one.help)] for one in group]
    rows = [f"| `{usage}` | {text} |" for usage, text in cells]
    return "\n".join(["| command | |", "| --- | --- |", *rows])


def help_lines() -> Iterator[Text]:
    """What one can say; what it does stands in a column of its own."""
    for title, group in GROUPS.items():
        yield Text(title, style="bold")
        for one in group:
            usage = Text("  ").append(one.name, style="cyan").append(f" {one.arguments}")
            if len(usage) > COLUMN - 1:
                yield usage
                usage = Text()
            usage.pad_right(COLUMN - len(usage))
            yield usage.append(one.help, style=DIM)
