"""From options to a conversation: who one is, and where to talk."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from hugmood.ambient import System, monotonic
from hugmood.client import (
    AuthFailed,
    Client,
    Credentials,
    Guest,
    HugMoodError,
    Registration,
    State,
    Timing,
    connect,
)
from hugmood.terminal.conversation import Conversation, standing
from hugmood.terminal.lines import explain, notice
from hugmood.terminal.places import newest_state_file, site, state_file
from hugmood.terminal.plain import piped, read_line

ATTEMPTS: Final = 3
PATIENCE: Final = 3.0
"""Seconds to wait for signing in before one may type all the same."""

TIMING: Final = Timing(backoff_cap=10)
"""Someone who watches a countdown is less patient than a program."""
_ASK_AGAIN: Final = frozenset(
    {"auth_required", "invalid_auth", "auth_expired", "invalid_credentials"}
)


class Pace(NamedTuple):
    """Seconds that a line may take before the next is read, and after the last."""

    line: float
    last: float


TYPED: Final = Pace(0.0, 0.0)
PIPED: Final = Pace(2.0, 30.0)
"""A line from a pipe may build on the one before; a typed one must not block."""

Identity = Credentials | Registration | Guest | None


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    url: str
    guest: str | None = None
    register: str | None = None
    name: str | None = None
    email: str | None = None
    state: Path | None = None
    plain: bool = False


def run(wish: Wish) -> int:
    """Talk until the user has had enough; return the exit status."""
    try:
        path, identity = _who(wish)
        for _ in range(ATTEMPTS):
            try:
                return asyncio.run(_talk(wish, path, identity))
            except AuthFailed as error:
                if error.code not in _ASK_AGAIN or isinstance(identity, Guest):
                    raise
                identity = _ask_for_password(wish, error)
    except (HugMoodError, ValueError) as error:
        typer.echo(f"hugmood: {explain(error)}", err=True)
    return 1


def _who(wish: Wish) -> tuple[Path, Identity]:
    """Return the state file and who to be; None is whoever the file says."""
    if wish.guest:
        return wish.state or state_file(wish.url, f"guest {wish.guest}"), Guest(wish.guest)
    if wish.register:
        name = wish.name or typer.prompt("Name that others see")
        account = Registration(wish.register, _password(confirm=True), name)
        return wish.state or state_file(wish.url, wish.register), account
    if wish.email:
        return wish.state or state_file(wish.url, wish.email), None
    known = wish.state or newest_state_file(wish.url)
    if known is None:
        message = "say who you are: --guest NAME, --register ADDRESS or --email ADDRESS"
        raise ValueError(message)
    return known, None


def _ask_for_password(wish: Wish, error: AuthFailed) -> Credentials:
    if error.code != "auth_required":
        typer.echo(explain(error), err=True)
    email = wish.email or wish.register or typer.prompt("E-mail address", err=True)
    return Credentials(email, _password())


def _password(*, confirm: bool = False) -> str:
    """Ask for it, unseen; from a pipe, take the first line."""
    if not sys.stdin.isatty():
        return read_line(sys.stdin.fileno())
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


class Watch:
    """Where the connection stands, for the foot of the screen or as lines."""

    def __init__(self) -> None:
        """Begin before the first connection."""
        self._until = 0.0
        self._phase = "connecting"
        self.tell: Callable[[str], None] | None = None

    def note(self, state: State) -> None:
        """Take the client's new state."""
        self._until = monotonic() + state.retry_in
        if self.tell and state.phase != self._phase and state.phase in {"waiting", "connected"}:
            self.tell(standing(state, 0))
        if state.phase != "connecting":
            self._phase = state.phase

    def standing(self, hug: Client) -> str:
        """Say where things stand now."""
        return standing(hug.state, hug.waiting, self._until - monotonic())


async def _talk(wish: Wish, path: Path, identity: Identity) -> int:
    watch = Watch()
    async with connect(
        wish.url,
        credentials=identity if isinstance(identity, Credentials) else None,
        register=identity if isinstance(identity, Registration) else None,
        guest=identity if isinstance(identity, Guest) else None,
        state=path,
        connect_timeout=0,
        timing=TIMING,
        on_state=watch.note,
    ) as hug:
        await hug.signed_in(PATIENCE)
        with _printing(wish) as show:
            conversation = Conversation(hug, show, System(), site(wish.url))
            show(notice(f"{watch.standing(hug)} as {hug.user_id or 'nobody yet'}; /help helps"))
            watch.tell = (lambda text: show(notice(text))) if wish.plain else None
            source = _lines(wish, conversation, lambda: _foot(watch.standing(hug), conversation))
            await converse(conversation, source, PIPED if wish.plain else TYPED)
        if conversation.logging_out and not await hug.log_out():
            typer.echo("The server could not be told; the session ends there by itself")
    return _leave(wish, path, hug.waiting, logged_out=conversation.logging_out)


def _foot(standing: str, conversation: Conversation) -> str:
    """Say where the connection stands, and what waits for the user."""
    return "  ·  ".join([standing, *conversation.waits().values()])


def _leave(wish: Wish, path: Path, waiting: int, *, logged_out: bool) -> int:
    """Say what is left behind; return the exit status."""
    if waiting:
        typer.echo(f"{waiting} not sent; kept in {path} for the next time", err=True)
        return 1 if wish.plain else 0
    if logged_out:
        path.unlink(missing_ok=True)
    return 0


@contextmanager
def _printing(wish: Wish) -> Iterator[Callable[[Text], None]]:
    """Give a way to print lines."""
    if wish.plain:
        console = Console(highlight=False)
        yield lambda line: console.print(line, soft_wrap=True)
    else:
        from hugmood.terminal.screen import above_the_prompt  # noqa: PLC0415 (if needed)

        with above_the_prompt() as show:
            yield show


def _lines(
    wish: Wish, conversation: Conversation, foot: Callable[[], str]
) -> AsyncGenerator[str, None]:
    if wish.plain:
        return piped(sys.stdin.fileno())
    from hugmood.terminal.screen import typed  # noqa: PLC0415 (if needed)

    return typed(conversation.known, foot)


async def converse(
    conversation: Conversation, source: AsyncGenerator[str, None], pace: Pace
) -> None:
    """Talk until there are no more lines, or the user or the session ends it.

    Raises what ended the session.
    """
    works = [
        asyncio.create_task(_hear(conversation, source, pace)),
        asyncio.create_task(conversation.listen()),
    ]
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        for work in done:
            work.result()
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        await conversation.stop()


async def _hear(conversation: Conversation, source: AsyncGenerator[str, None], pace: Pace) -> None:
    conversation.begin()
    async with aclosing(source) as lines:
        await conversation.quiet(pace.line)
        async for line in lines:
            conversation.hear(line)
            if conversation.over:
                return
            await conversation.quiet(pace.line)
    await conversation.quiet(pace.last)
