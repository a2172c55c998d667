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

from hugmood.terminal.parsing import Vocabulary, completions

PROMPT = "> "
_TICK = 0.5
"""Seconds between two looks at where the connection stands."""


class Words(Completer):
    """Completes commands, names and moods."""

    def __init__(self, words: Vocabulary) -> None:
        """Offer what these words hold at the time."""
        self._words = words

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand at the cursor."""
        for word, replaced in completions(document.text_before_cursor, self._words):
            yield Completion(f"{word} ", start_position=-replaced)


async def typed(words: Vocabulary, standing: Callable[[], str]) -> AsyncGenerator[str, None]:
    """Yield lines as they are typed, until Ctrl-D or Ctrl-C.

    What is typed is remembered for the arrow keys, and forgotten at the end: it may
    be private.
    """
    session: PromptSession[str] = PromptSession(
        history=InMemoryHistory(),
        completer=Words(words),
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
        yield lambda line: console.print(line, soft_wrap=True)
