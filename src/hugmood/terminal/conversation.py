"""One session at a terminal: lines typed in, lines shown, whatever the terminal."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress

from rich.text import Text

from hugmood.ambient import Ambient, Instant
from hugmood.client import Client, HistoryLost, HugMoodError, State
from hugmood.features.follows.messages import FetchFollowing, FollowUser
from hugmood.terminal.arguments import Action, Misunderstood
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from hugmood.terminal.learning import learn, meet
from hugmood.terminal.lines import clock, explain, notice, problem
from hugmood.terminal.names import clean
from hugmood.terminal.sayings import help_lines, parse
from hugmood.terminal.subjects.moods import vocabulary
from hugmood.wire.message import AnyCommand, Query


class Conversation:
    """Understands lines and shows what comes of them, and what happens elsewhere."""

    def __init__(
        self, hug: Client, show: Callable[[Text], None], ambient: Ambient, site: str = ""
    ) -> None:
        """Talk over this client; `show` prints a line, `site` is where files are."""
        self._hug = hug
        self._show = show
        self._ambient = ambient
        self._tasks: set[asyncio.Task[None]] = set()
        self.known = Known(site=site, now=self._now)
        self._display = Display(self.known)
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
            self.known.people.me = self._hug.user_id
            self._show_all(self._display.event(received.payload, received.timestamp, self._now()))
            if isinstance(received.payload, HistoryLost):
                self.begin()

    def hear(self, line: str) -> None:
        """Do what a line says; what takes time goes on in the background."""
        try:
            meaning = parse(line, self.known)
        except Misunderstood as error:
            self._show(problem(clean(str(error))))
            return
        if isinstance(meaning, str):
            self._act(meaning)
        elif isinstance(meaning, Query):
            self._start(self._ask(meaning))
        elif meaning is not None:
            self._start(self._change(meaning))

    def waits(self) -> dict[str, str]:
        """What waits for the user, such as `2 unread`, by the command that shows it."""
        known, now = self.known, self._now()
        numbers = {
            "/notifications": (known.unread, "unread"),
            "/requests": (len(known.requests.waiting("open", now)), "asked"),
            "/groups": (len(known.groups.waiting("invited", now)), "invited"),
        }
        return {name: f"{number} {what}" for name, (number, what) in numbers.items() if number}

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
                self._show_all(list(help_lines()))
            case "moods":
                self._show_all(vocabulary(self.known))
            case "me":
                self._show_all(self._about())
            case "quit" | "logout":
                self.over = True
                self.logging_out = action == "logout"

    async def _change(self, command: AnyCommand) -> None:
        self._tell_if_offline()
        try:
            reply = await self._hug.request(command)
        except TimeoutError:
            self._show(notice("No answer yet; it waits, and the answer will show up here"))
        except (HugMoodError, ValueError) as error:
            self._show(problem(self._display.refusal(command, error)))
        else:
            if isinstance(command, FollowUser):
                await self._meet()
            self._show_all(self._display.answer(command, reply, self._now()))

    def _tell_if_offline(self) -> None:
        if not self._hug.connected:
            self._show(notice("Not connected: it waits, and goes out as soon as there is one"))

    async def _ask(self, query: AnyCommand) -> None:
        self._tell_if_offline()
        try:
            reply = await self._hug.request(query)
        except (HugMoodError, TimeoutError) as error:
            self._show(problem(explain(error)))
        else:
            self._show_all(self._display.answer(query, reply, self._now()))

    async def _meet(self) -> None:
        """Learn the name of whoever is followed now."""
        with suppress(HugMoodError, TimeoutError):
            meet(await self._hug.request(FetchFollowing(limit=1)), self.known)

    async def _learn(self) -> None:
        """Fetch words and names, as soon as they can be had."""
        with suppress(HugMoodError):
            while not await self._learnt():
                pass
        if waits := self.waits():
            self._show(notice(", ".join(f"{what}: {name}" for name, what in waits.items())))

    async def _learnt(self) -> bool:
        """Fetch them, unless there is no answer in time; raises what `request` does."""
        with suppress(TimeoutError):
            await learn(self._hug, self.known)
            return True
        return False

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
