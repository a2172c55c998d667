import pytest
from msgspec import UNSET
from rich.text import Text

from hugmood.ambient import Instant
from hugmood.client import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    HistoryLost,
    QueueFull,
    RequestFailed,
    State,
    Unknown,
)
from hugmood.features.follows.messages import (
    FetchFollowers,
    FollowItem,
    FollowPage,
    FollowUpdate,
    FollowUser,
    UserFollowed,
)
from hugmood.features.hugs.messages import (
    FetchHugHistory,
    HugHistory,
    HugItem,
    HugReceived,
    HugSent,
    SendHug,
)
from hugmood.features.moods.messages import (
    FetchMoodHistory,
    MoodChanged,
    MoodHistory,
    MoodItem,
    MoodUpdate,
    MoodUpdated,
    StreakUpdate,
)
from hugmood.features.notifications.messages import Notification
from hugmood.features.status.messages import StatusUpdate, StatusUpdated, UserStatusChanged
from hugmood.terminal.conversation import standing
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from hugmood.terminal.lines import clock, explain
from hugmood.terminal.subjects.moods import vocabulary
from hugmood.wire.message import AnyCommand, Reply
from tests.terminal.conftest import NOON

HUG = HugReceived(
    hug_id="hug-1",
    sender_id="user-2",
    sender_name="Jane \x1b[2JSmith",
    hug_type="missing_you",
    message="You've\ngot this!",
    sent_at=NOON,
)


def mood(user_id: str, *, public: bool = True) -> MoodChanged:
    """Someone feels calm."""
    return MoodChanged(
        user_id=user_id,
        mood_id="mood-1",
        mood="calm",
        intensity=0.6,
        is_public=public,
        timestamp=NOON,
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (HUG, "🤗 Jane [2JSmith hugs you, missing you: You've got this!"),
        (mood("user-123456"), "…123456 feels calm ●●●○○ 0.6"),
        (mood("user-1", public=False), "you feel calm ●●●○○ 0.6 (private)"),
        (FollowUpdate(user_id="user-2", user_name="Jane", timestamp=NOON), "Jane follows you"),
        (UserStatusChanged(user_id="user-123456", status="away"), "…123456 is away"),
        (
            UserStatusChanged(user_id="user-1", status="do_not_disturb", custom_message="No\x07"),
            "you are do not disturb: No",
        ),
    ],
)
def test_an_event_is_a_line(display: Display, event: ClientEvent, line: str) -> None:
    """With its time."""
    (shown,) = display.event(event, NOON, NOON)
    assert f"{clock(NOON, NOON)}  {line}" == shown.plain


def test_a_mood_has_the_colour_of_its_quadrant(display: Display) -> None:
    """Green is pleasant and quiet."""
    (shown,) = display.event(mood("user-2"), NOON, NOON)
    assert "green" in [str(span.style) for span in shown.spans]


def test_whoever_hugs_is_known_from_then_on(display: Display) -> None:
    """Moods carry no names."""
    display.event(HUG, NOON, NOON)
    (shown,) = display.event(mood("user-2"), NOON, NOON)
    assert "Jane [2JSmith feels calm" in shown.plain


def test_notification_is_said(display: Display) -> None:
    """Its title and its words, without what could do harm."""
    note = Notification(
        notification_id="n-1",
        notification_type="badge_earned",
        title="New Badge\x1b[2J",
        body="You've earned it.",
        created_at=NOON,
    )
    (shown,) = display.event(note, NOON, NOON)
    assert shown.plain.endswith("🏅 New Badge[2J You've earned it.  #1: /read")


DONE: list[tuple[AnyCommand, Reply, str]] = [
    (
        MoodUpdate(mood="calm", intensity=1, is_public=True),
        MoodUpdated(
            mood_id="mood-1", streak_update=StreakUpdate(current=1, best=3, last_updated=NOON)
        ),
        "✓ Kept, your followers see it. 1 day in a row",
    ),
    (
        MoodUpdate(mood="calm", intensity=1),
        MoodUpdated(mood_id="mood-1"),
        "✓ Kept, only you see it",
    ),
    (
        SendHug(recipient_id="user-123456", hug_type="warm"),
        HugSent(hug_id="hug-1", recipient_online=False, delivery_status="queued"),
        "✓ You hugged …123456, who gets it when back",
    ),
    (
        FollowUser(target_user_id="user-123456", action="unfollow"),
        UserFollowed(target_user_id="user-123456", action="unfollow", current_follower_count=1),
        "✓ You no longer follow …123456",
    ),
    (
        StatusUpdate(status="offline"),
        StatusUpdated(status="offline"),
        "✓ You are seen as offline",
    ),
]


@pytest.mark.parametrize(("command", "reply", "line"), DONE)
def test_what_worked_is_said(
    display: Display, command: AnyCommand, reply: Reply, line: str
) -> None:
    """The same for what an earlier run had queued."""
    assert line == display.answer(command, reply, NOON)[0].plain
    done = CommandDone("msg-1", command, reply)
    assert [line] == [shown.plain for shown in display.event(done, NOON, NOON)]


def test_what_did_not_work_is_said(display: Display) -> None:
    """Of what an earlier run had queued, too."""
    error = RequestFailed("permission_denied", "This person takes no hugs")
    failed = CommandFailed("msg-1", SendHug(recipient_id="user-2", hug_type="warm"), error)
    (shown,) = display.event(failed, NOON, NOON)
    assert "! send hug was refused: This person takes no hugs" == shown.plain


def test_lost_history_is_not_kept_quiet(display: Display) -> None:
    """What is shown may have a gap."""
    assert display.event(HistoryLost(7), NOON, NOON)


def test_what_is_unknown_is_not_shown(display: Display) -> None:
    """There is nothing to say about it."""
    assert [] == display.event(Unknown("user_danced", {}), NOON, NOON)


def test_histories_end_with_the_newest(display: Display) -> None:
    """Where one looks, above the prompt."""
    items = [
        MoodItem(id="2", mood="calm", intensity=1, is_public=True, created_at=NOON),
        MoodItem(id="1", mood="happy", intensity=0, note="so", is_public=False, created_at=NOON),
    ]
    page = MoodHistory(data_type="mood_history", total_count=9, as_of_sequence=1, items=items)
    lines = [
        line.plain.partition("  ")[2] or line.plain
        for line in display.answer(FetchMoodHistory(), page, NOON)
    ]
    assert ["#2  happy ○○○○○ 0 (private): so", "#3  calm ●●●●● 1", "2 of 9"] == lines


def test_old_hugs_say_who_hugged_whom(display: Display) -> None:
    """And make names known."""
    items = [
        HugItem(
            id="hug-1",
            direction=direction,
            user_id="user-2",
            user_name="Jane",
            hug_type="warm",
            message=UNSET,
            sent_at=NOON,
        )
        for direction in ("received", "sent")
    ]
    page = HugHistory(data_type="hug_history", total_count=2, as_of_sequence=1, items=items)
    lines = [
        line.plain.partition("  ")[2] for line in display.answer(FetchHugHistory(), page, NOON)[:-1]
    ]
    assert ["you hugged Jane, warm", "Jane hugged you, warm"] == lines


def test_people_have_ids(display: Display) -> None:
    """With which they can be followed."""
    item = FollowItem(user_id="user-2", name="Jane", since=NOON, is_friend=True)
    page = FollowPage(data_type="followers", total_count=1, as_of_sequence=1, items=[item])
    assert "Jane  user-2  each other" == display.answer(FetchFollowers(), page, NOON)[0].plain


def test_moods_are_listed_by_quadrant(known: Known) -> None:
    """One line each."""
    assert ["pleasant low    calm", "pleasant high   happy", "unpleasant low  tired"] == [
        line.plain for line in vocabulary(known)
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RequestFailed("not_found", "x"), "There is no such person or thing"),
        (
            RequestFailed("rate_limit_exceeded", "x", retry_after=7),
            "That was a lot at once; try again in 7 s",
        ),
        (RequestFailed("invalid_request", "too long", field="data.note"), "Too long (note)"),
        (TimeoutError(), "The server has not answered yet"),
        (QueueFull("x"), "Too much is waiting already; try again when the connection is back"),
        (ValueError("\x1b[2J"), "[2J"),
        (ValueError(), "ValueError"),
    ],
)
def test_errors_are_one_friendly_line(error: Exception, text: str) -> None:
    """Without what the protocol calls them."""
    assert text == explain(error)


def test_a_time_of_another_day_has_its_day() -> None:
    """As people write it."""
    later = Instant(NOON + 3 * 24 * 3600 * 1000)
    assert f"{NOON.datetime.astimezone():%d %b} {clock(NOON, NOON)}" == clock(NOON, later)


def test_a_time_of_another_year_has_its_year() -> None:
    """Or 25 Aug could be any."""
    later = Instant(NOON + 400 * 24 * 3600 * 1000)
    assert f"{NOON.datetime.astimezone():%d %b %Y} {clock(NOON, NOON)}" == clock(NOON, later)


@pytest.mark.parametrize(
    ("state", "waiting", "text"),
    [
        (State("connected"), 0, "connected"),
        (State("waiting", "lost", 3.2), 1, "reconnecting in 3 s, 1 message waiting"),
        (State("closed"), 2, "signed out, 2 messages waiting"),
    ],
)
def test_where_the_connection_stands_is_said(state: State, waiting: int, text: str) -> None:
    """And how much is not sent yet."""
    assert text == standing(state, waiting)


def test_lines_are_not_markup(display: Display) -> None:
    """A message in square brackets is a message."""
    (shown,) = display.event(HUG, NOON, NOON)
    assert isinstance(shown, Text)
    assert "[2J" in shown.plain
