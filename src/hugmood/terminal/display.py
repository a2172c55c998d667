"""From what happens to lines: finds how a thing is shown, or says that it is there."""

from typing import Final

from rich.text import Text

from hugmood.ambient import Instant
from hugmood.client import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    HistoryLost,
    RequestFailed,
)
from hugmood.terminal import sayings  # noqa: F401 (with it, all subjects say what they show)
from hugmood.terminal.known import Known
from hugmood.terminal.lines import Lines, explain, good, problem, words
from hugmood.terminal.shown import ANSWERS, EVENTS, Scene
from hugmood.wire.message import AnyCommand, Event, Reply

_OVER: Final = {"not_found", "expired", "already_responded"}
"""Codes and issues of errors after which there is no use in trying that thing again."""
_NAMED: Final = ("request_id", "group_hug_id", "mood_id", "notification_id")


class Display:
    """Turns what happens into lines; `now` is the time that today is told by."""

    def __init__(self, known: Known) -> None:
        """Show names and colours as far as they are known, and learn more."""
        self._known = known

    def event(self, event: ClientEvent, at: Instant, now: Instant) -> list[Text]:
        """Return the lines for what has happened; none for what is not shown here."""
        scene = Scene(self._known, now, at)
        match event:
            case CommandDone(command=command, reply=reply):
                return self.answer(command, reply, now)
            case CommandFailed(command=command, error=error):
                what = f"{words(command.wire_type)} was refused: " if command else ""
                return [problem(f"{what}{self.refusal(command, error)}")]
            case HistoryLost():
                return [problem("Some of what happened is no longer kept: see /history, /hugs")]
            case Event() if type(event) not in EVENTS:
                return [scene.timed(at, Text(words(event.wire_type)))]
        shows = EVENTS.get(type(event))  # type: ignore[arg-type]
        return _list(shows(event, scene)) if shows else []

    def refusal(self, command: AnyCommand | None, error: Exception) -> str:
        """Say why it was refused, and remember what that says of the thing it named."""
        if isinstance(error, RequestFailed) and _OVER & {error.code, error.issue}:
            for name in _NAMED:
                self._known.over(getattr(command, name, ""))
        return explain(error)

    def answer(self, command: AnyCommand, reply: Reply, now: Instant) -> list[Text]:
        """Return the lines for what came of a command or a query."""
        shows = ANSWERS.get(type(command))
        return _list(shows(command, reply, Scene(self._known, now, now)) if shows else good("Done"))


def _list(lines: Lines) -> list[Text]:
    return lines if isinstance(lines, list) else [lines]
