"""How things look: events, replies and errors as lines of styled text."""

from typing import Final

from msgspec import UnsetType
from rich.text import Text

from hugmood.ambient import Instant
from hugmood.client import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    HistoryLost,
    QueueFull,
    RequestFailed,
)
from hugmood.features.analytics.messages import MoodAnalytics
from hugmood.features.follows.messages import (
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    UserFollowed,
)
from hugmood.features.hugs.messages import HugHistory, HugItem, HugReceived, HugSent, SendHug
from hugmood.features.moods.messages import (
    MoodChanged,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
)
from hugmood.features.notifications.messages import Notification
from hugmood.features.status.messages import (
    StatusItem,
    StatusPage,
    StatusUpdate,
    StatusUpdated,
    UserStatusChanged,
)
from hugmood.terminal.charts import chart
from hugmood.terminal.parsing import HELP, Vocabulary
from hugmood.terminal.people import clean
from hugmood.wire.message import AnyCommand, Event, Reply

COLORS: Final = {
    "pleasant high": "yellow",
    "pleasant low": "green",
    "unpleasant high": "red",
    "unpleasant low": "blue",
}
_STATUS_COLORS: Final = {
    "online": "green",
    "away": "yellow",
    "do_not_disturb": "red",
    "offline": "bright_black",
}
DIM: Final = "bright_black"
_HUG: Final = "🤗"
_STEPS: Final = 5


class Display:
    """Turns what happens into lines; `now` is the time that today is told by."""

    def __init__(self, words: Vocabulary) -> None:
        """Show names and colours as far as they are known."""
        self._words = words

    def event(self, event: ClientEvent, at: Instant, now: Instant) -> list[Text]:
        """Return the lines for what has happened; none for what is not shown here."""
        match event:
            case MoodChanged():
                line = self._line(event.timestamp, now, self._changed(event))
            case HugReceived():
                line = self._line(event.sent_at, now, self._hugged(event))
            case FollowUpdate():
                self._words.people.seen(event.user_id, event.user_name)
                who = self._who(event.user_id).append(" follows you")
                line = self._line(event.timestamp, now, who)
            case UserStatusChanged():
                line = self._line(at, now, self._seen(event))
            case Notification():
                line = self._line(event.created_at, now, _notified(event))
            case HistoryLost():
                line = problem("Some of what happened is no longer kept: see /history, /hugs")
            case CommandDone(command=command, reply=reply):
                line = self.done(command, reply)
            case CommandFailed(command=command, error=error):
                what = f"{command.wire_type} was refused: " if command else ""
                line = problem(f"{what}{explain(error)}")
            case Event():
                line = self._line(at, now, Text(_words(event.wire_type), style=DIM))
            case _:
                return []
        return [line]

    def done(self, command: AnyCommand, reply: Reply) -> Text:
        """Return the line for a command that took effect."""
        match command, reply:
            case MoodUpdate(), MoodUpdated():
                seen = "your followers see it" if command.is_public else "only you see it"
                return good(f"Kept, {seen}{_in_a_row(reply)}")
            case SendHug(), HugSent():
                when = "is here" if reply.recipient_online else "gets it when back"
                name = self._words.people.name(command.recipient_id)
                return good(f"You hugged {name}, who {when}")
            case FollowUser(), UserFollowed():
                now = "follow" if reply.action == "follow" else "no longer follow"
                return good(f"You {now} {self._words.people.name(reply.target_user_id)}")
            case StatusUpdate(), StatusUpdated():
                return good(f"You are seen as {_words(reply.status)}")
            case _:
                return good("Done")

    def page(self, reply: Reply, now: Instant) -> list[Text]:
        """Return the lines for the answer to a question, the newest last."""
        match reply:
            case MoodHistory():
                lines = [self._entry(item, now) for item in reversed(reply.items)]
            case HugHistory():
                lines = [self._old_hug(item, now) for item in reversed(reply.items)]
            case FollowPage():
                lines = [self._person(item) for item in reversed(reply.items)]
            case StatusPage():
                lines = [self._seen(item) for item in reversed(reply.items)]
            case MoodAnalytics():
                return chart(reply.analytics)
            case _:
                return []
        return [*lines, Text(f"{len(lines)} of {reply.total_count}", style=DIM)]

    def moods(self) -> list[Text]:
        """Return all words for moods, a line for each quadrant."""
        quadrants: dict[str, list[str]] = {}
        for mood, quadrant in self._words.moods.items():
            quadrants.setdefault(quadrant, []).append(mood)
        width = max(map(len, quadrants), default=0)
        return [
            Text(f"{quadrant:{width}}  ", style=DIM).append(
                " ".join(moods), style=COLORS.get(quadrant, "")
            )
            for quadrant, moods in quadrants.items()
        ]

    # Parts

    def _changed(self, event: MoodChanged) -> Text:
        text = self._who(event.user_id).append(" feel " if self._mine(event.user_id) else " feels ")
        text.append_text(self._mood(event.mood, event.intensity))
        return text.append("" if event.is_public else " (private)", style=DIM)

    def _hugged(self, event: HugReceived) -> Text:
        self._words.people.seen(event.sender_id, event.sender_name)
        text = Text(f"{_HUG} ").append_text(self._who(event.sender_id))
        text.append(" hugs you, ").append(_words(event.hug_type), style="magenta")
        return _with_words(text, event.message or "")

    def _seen(self, item: UserStatusChanged | StatusItem) -> Text:
        text = self._who(item.user_id).append(" are " if self._mine(item.user_id) else " is ")
        text.append(_words(item.status), style=_STATUS_COLORS[item.status])
        return _with_words(text, item.custom_message or "")

    def _mine(self, user_id: str) -> bool:
        return user_id == self._words.people.me

    def _entry(self, item: MoodItem, now: Instant) -> Text:
        text = self._mood(item.mood, item.intensity)
        text.append("" if item.is_public else " (private)", style=DIM)
        return self._line(item.created_at, now, _with_words(text, item.note or ""))

    def _old_hug(self, item: HugItem, now: Instant) -> Text:
        self._words.people.seen(item.user_id, item.user_name)
        who = self._who(item.user_id)
        sent = item.direction == "sent"
        text = Text("you hugged ").append_text(who) if sent else who.append(" hugged you")
        text.append(f", {_words(item.hug_type)}")
        return self._line(item.sent_at, now, _with_words(text, item.message or ""))

    def _person(self, item: FollowItem) -> Text:
        self._words.people.seen(item.user_id, item.name)
        text = self._who(item.user_id).append(f"  {clean(item.user_id)}", style=DIM)
        return text.append("  each other" if item.is_friend else "", style=DIM)

    def _mood(self, mood: str, intensity: float) -> Text:
        style = COLORS.get(self._words.moods.get(mood, ""), "")
        full = round(min(1.0, max(0.0, intensity)) * _STEPS)
        bar = "●" * full + "○" * (_STEPS - full)
        return Text(f"{clean(mood)} {bar} {intensity:.2g}", style=style)

    def _who(self, user_id: str) -> Text:
        # The style is a span, so that it ends with the name when more is appended.
        return Text().append(self._words.people.name(user_id), style="bold")

    def _line(self, at: Instant, now: Instant, text: Text) -> Text:
        return Text().append(f"{clock(at, now)}  ", style=DIM).append_text(text)


def clock(at: Instant, now: Instant) -> str:
    """Write a time as people here do; with the day unless that is today."""
    there, here = at.datetime.astimezone(), now.datetime.astimezone()
    return f"{there:%H:%M}" if there.date() == here.date() else f"{there:%d %b %H:%M}"


def explain(error: Exception) -> str:
    """Say in one line what went wrong, and what to do."""
    match error:
        case RequestFailed(code="not_found"):
            text = "there is no such person or thing"
        case RequestFailed(code="rate_limit_exceeded", retry_after=int(seconds)):
            text = f"that was a lot at once; try again in {seconds} s"
        case RequestFailed(message=message, field=field):
            where = (field or "").removeprefix("data").removeprefix(".")
            text = clean(f"{message} ({where})" if where else message)
        case TimeoutError():
            text = "the server has not answered yet"
        case QueueFull():
            text = "too much is waiting already; try again when the connection is back"
        case _:
            text = clean(str(error)) or type(error).__name__
    return text[:1].upper() + text[1:]


def _notified(event: Notification) -> Text:
    return Text().append(clean(event.title), style="bold").append(f" {clean(event.body)}", "")


def _in_a_row(reply: MoodUpdated) -> str:
    streak = reply.streak_update
    if isinstance(streak, UnsetType):
        return ""
    return f". {streak.current} {'day' if streak.current == 1 else 'days'} in a row"


def good(text: str) -> Text:
    """A thing that worked."""
    return Text().append("✓ ", style="green").append(text)


def problem(text: str) -> Text:
    """A thing that did not."""
    return Text().append("! ", style="red").append(text)


def notice(text: str) -> Text:
    """A thing to know."""
    return Text(f"· {text}", style=DIM)


def help_lines() -> list[Text]:
    """What one can say."""
    return [
        Text().append(f"{command:11}", style="bold").append(text) for command, text in HELP.items()
    ]


def _words(word: str) -> str:
    return clean(word).replace("_", " ")


def _with_words(text: Text, words: str) -> Text:
    said = clean(words)
    return text.append(f": {said}") if said else text
