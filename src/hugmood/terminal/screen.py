"""Lines typed at a terminal: a prompt that stays put while others talk."""

import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console
from rich.text import Text

from hugmood.terminal.folding import fold
from hugmood.terminal.known import Known
from hugmood.terminal.sayings import completions

PROMPT = "> "
_TICK = 0.5
"""Seconds between two looks at where the connection stands."""


class Words(Completer):
    """Completes commands, names and moods."""

    def __init__(self, known: Known) -> None:
        """Offer what is known at the time."""
        self._known = known

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand at the cursor."""
        text = document.text_before_cursor
        for offer, replaced in completions(text, self._known):
            # The menu shows the last word and what comes after, not all that was typed.
            shown = offer[text[len(text) - replaced :].rfind(" ") + 1 :]
            yield Completion(f"{offer} ", start_position=-replaced, display=shown)


async def typed(known: Known, standing: Callable[[], str]) -> AsyncGenerator[str, None]:
    """Yield lines as they are typed, until Ctrl-D or Ctrl-C.

    What is typed is remembered for the arrow keys, and forgotten at the end: it may
    be private.
    """
    session: PromptSession[str] = PromptSession(
        history=InMemoryHistory(),
        completer=Words(known),
        complete_while_typing=False,
        bottom_toolbar=lambda: f" HugMood  {standing()}",
        refresh_interval=_TICK,
    )
    while True:
        try:
            yield await session.prompt_async(PROMPT)
        except (EOFError, KeyboardInterrupt):
            return


@contextmanager
def above_the_prompt() -> Iterator[Callable[[Text], None]]:
    """Give a way to print lines that leaves alone what is being typed."""
    with patch_stdout(raw=True):
        console = Console(file=sys.stdout, force_terminal=True, highlight=False)

        def show(line: Text) -> None:
            for part in fold(line, console):
                console.print(part, soft_wrap=True)

        yield show
