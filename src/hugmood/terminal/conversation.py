"""One session at a terminal: lines typed in, lines shown, whatever the terminal."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final

from rich.text import Text

from hugmood.ambient import Ambient, Instant
from hugmood.client import Client, HugMoodError, State
from hugmood.features.follows.messages import FetchFollowers, FetchFollowing, FollowPage, FollowUser
from hugmood.features.hugs.messages import FetchHugCatalog
from hugmood.features.moods.messages import FetchMoodCatalog
from hugmood.terminal.display import Display, clock, explain, help_lines, notice, problem
from hugmood.terminal.parsing import Action, Misunderstood, Vocabulary, parse
from hugmood.terminal.people import clean
from hugmood.wire.message import AnyCommand, Query

MANY: Final = 100
"""People whose names are learnt at the beginning, of each kind."""


class Conversation:
    """Understands lines and shows what comes of them, and what happens elsewhere."""

    def __init__(self, hug: Client, show: Callable[[Text], None], ambient: Ambient) -> None:
        """Talk over this client; `show` prints a line."""
        self._hug = hug
        self._show = show
        self._ambient = ambient
        self._tasks: set[asyncio.Task[None]] = set()
        self.words = Vocabulary()
        self._display = Display(self.words)
        self.over = False
        """Whether the user has had enough."""
        self.logging_out = False
        """Whether the session is to end as well."""

    def begin(self) -> None:
        """Learn the words and names that lines may contain, in the background."""
        self._start(self._learn())

    async def listen(self) -> None:
        """Show events; raises what ends the session."""
        async for received in self._hug.messages():
            self.words.people.me = self._hug.user_id
            for line in self._display.event(received.payload, received.timestamp, self._now()):
                self._show(line)

    def hear(self, line: str) -> None:
        """Do what a line says; what takes time goes on in the background."""
        try:
            meaning = parse(line, self.words)
        except Misunderstood as error:
            self._show(problem(clean(str(error))))
            return
        if isinstance(meaning, str):
            self._act(meaning)
        elif isinstance(meaning, Query):
            self._start(self._ask(meaning))
        elif meaning is not None:
            self._start(self._change(meaning))

    async def quiet(self, seconds: float) -> None:
        """Wait for what goes on in the background, at most for so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def stop(self) -> None:
        """Await nothing more; commands stay queued."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Within

    def _act(self, action: Action) -> None:
        match action:
            case "help":
                self._show_all(help_lines())
            case "moods":
                self._show_all(self._display.moods())
            case "me":
                self._show_all(self._about())
            case "quit" | "logout":
                self.over = True
                self.logging_out = action == "logout"

    async def _change(self, command: AnyCommand) -> None:
        if not self._hug.connected:
            self._show(notice("Not connected: it waits, and goes out as soon as there is one"))
        try:
            reply = await self._hug.request(command)
            if isinstance(command, FollowUser):
                self._meet(await self._hug.request(FetchFollowing(limit=1)))
        except TimeoutError:
            self._show(notice("No answer yet; it waits, and the answer will show up here"))
        except (HugMoodError, ValueError) as error:
            self._show(problem(explain(error)))
        else:
            self._show(self._display.done(command, reply))

    async def _ask(self, query: AnyCommand) -> None:
        try:
            reply = await self._hug.request(query)
        except (HugMoodError, TimeoutError) as error:
            self._show(problem(explain(error)))
        else:
            self._show_all(self._display.page(reply, self._now()))

    async def _learn(self) -> None:
        """Fetch words and names, without a fuss if they cannot be had."""
        with suppress(HugMoodError, TimeoutError):
            catalog = await self._hug.request(FetchMoodCatalog())
            self.words.moods = {one.mood: one.quadrant for one in catalog.mood_catalog}
            kinds = await self._hug.request(FetchHugCatalog())
            self.words.hugs = kinds.hug_catalog.hug_types
            self._meet(await self._hug.request(FetchFollowers(limit=MANY)))
            self._meet(await self._hug.request(FetchFollowing(limit=MANY)))

    def _meet(self, page: FollowPage) -> None:
        for item in page.items:
            self.words.people.seen(item.user_id, item.name)

    def _about(self) -> list[Text]:
        hug = self._hug
        expires = clock(hug.expires, self._now()) if hug.expires else "not yet"
        return [
            Text(f"you are   {hug.user_id or 'not signed in yet'}"),
            Text(f"signed in until {expires}, renewed before"),
            Text(f"{standing(hug.state, hug.waiting)}; events handled: {hug.position or 0}"),
        ]

    def _show_all(self, lines: list[Text]) -> None:
        for line in lines:
            self._show(line)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now(self) -> Instant:
        return Instant(self._ambient.now())


def standing(state: State, waiting: int, seconds: float | None = None) -> str:
    """Say where the connection stands; `seconds` until it is tried again."""
    left = state.retry_in if seconds is None else seconds
    match state.phase:
        case "waiting":
            text = f"reconnecting in {max(0, left):.0f} s"
        case "closed":
            text = "signed out"
        case phase:
            text = phase
    if waiting:
        text += f", {waiting} message{'s' if waiting > 1 else ''} waiting"
    return text
