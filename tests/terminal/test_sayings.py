from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.account.messages import ExportData
from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.auth.messages import FetchSessions, RevokeSession
from hugmood.features.badges.messages import FetchBadges
from hugmood.features.follows.messages import (
    BlockUser,
    FetchBlocked,
    FetchFollowers,
    FetchFollowing,
    FollowUser,
)
from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugFilters,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.features.hugs.messages import (
    FetchHugHistory,
    FetchHugRequests,
    RequestHug,
    RespondHugRequest,
    SendHug,
)
from hugmood.features.moods.messages import (
    FetchFeed,
    FetchMoodHistory,
    FetchStreak,
    MoodDelete,
    MoodEdit,
    MoodUpdate,
)
from hugmood.features.notifications.messages import FetchNotifications, MarkNotificationRead
from hugmood.features.profile.messages import FetchProfile, FetchUsers, UpdateProfile
from hugmood.features.settings.messages import FetchSettings, UpdateSettings
from hugmood.features.status.messages import FetchStatuses, StatusUpdate
from hugmood.terminal.arguments import Misunderstood
from hugmood.terminal.known import Known
from hugmood.terminal.sayings import GROUPS, SAYINGS, completions, help_lines, parse
from hugmood.terminal.shown import ANSWERS
from hugmood.wire import codec
from hugmood.wire.message import COMMANDS, Command
from tests.terminal.conftest import NOON, knowing


def here(*parts: int) -> Instant:
    """A moment by the clock on the wall."""
    return Instant(int(datetime(*parts).astimezone().timestamp() * 1000))  # type: ignore[arg-type]


TOMORROW = NOON.datetime.astimezone().day + 1

MEANINGS: list[tuple[str, object]] = [
    ("/mood happy", MoodUpdate(mood="happy", intensity=0.5)),
    ("/mood happy 0.8", MoodUpdate(mood="happy", intensity=0.8)),
    (
        "/mood happy 0.8 It's spring --public",
        MoodUpdate(mood="happy", intensity=0.8, note="It's spring", is_public=True),
    ),
    ("/mood tired so so", MoodUpdate(mood="tired", intensity=0.5, note="so so")),
    ("/edit happy", MoodEdit(mood_id="mood-1", mood="happy")),
    ("/edit 0.3", MoodEdit(mood_id="mood-1", intensity=0.3)),
    ("/edit #1 note a better word", MoodEdit(mood_id="mood-1", note="a better word")),
    (
        "/edit calm 0.4 so so --private",
        MoodEdit(mood_id="mood-1", mood="calm", intensity=0.4, note="so so", is_public=False),
    ),
    (
        "/edit --public --no-note",
        MoodEdit(mood_id="mood-1", is_public=True, clear=["note"]),
    ),
    ("/delete", MoodDelete(mood_id="mood-1")),
    ("/delete #1", MoodDelete(mood_id="mood-1")),
    ("/moods", "moods"),
    ("/history", FetchMoodHistory()),
    ("/history @Jane Smith", FetchMoodHistory(user_id="user-2")),
    ("/feed", FetchFeed()),
    ("/chart", FetchMoodAnalytics(time_range="month", include_correlations=True)),
    ("/chart year", FetchMoodAnalytics(time_range="year", include_correlations=True)),
    (
        "/chart @Jane Smith week",
        FetchMoodAnalytics(user_id="user-2", time_range="week", include_correlations=True),
    ),
    ("/streak", FetchStreak()),
    (
        "/hug Jane Smith warm You've got this!",
        SendHug(recipient_id="user-2", hug_type="warm", message="You've got this!"),
    ),
    (
        "/hug @jane smith You've got this!",
        SendHug(recipient_id="user-2", hug_type="supportive", message="You've got this!"),
    ),
    ("/hug anon-5", SendHug(recipient_id="anon-5", hug_type="supportive", message=UNSET)),
    ("/hugs", FetchHugHistory()),
    ("/ask", RequestHug(target_type="followers")),
    ("/ask Anybody there?", RequestHug(target_type="followers", message="Anybody there?")),
    ("/ask followers Please", RequestHug(target_type="followers", message="Please")),
    (
        "/ask @Jane Smith Please --for 2h",
        RequestHug(target_type="user", target_id="user-2", message="Please", expires_after=7200),
    ),
    ("/ask jane smith", RequestHug(target_type="user", target_id="user-2")),
    (
        "/ask group 1 Please",
        RequestHug(target_type="group", target_id="group-1", message="Please"),
    ),
    ("/yes", RespondHugRequest(request_id="req-1", accept=True, hug_type="supportive")),
    (
        "/yes 1 warm Here I am",
        RespondHugRequest(request_id="req-1", accept=True, hug_type="warm", message="Here I am"),
    ),
    (
        "/yes Here",
        RespondHugRequest(request_id="req-1", accept=True, hug_type="supportive", message="Here"),
    ),
    ("/no", RespondHugRequest(request_id="req-1", accept=False)),
    ("/no #1", RespondHugRequest(request_id="req-1", accept=False)),
    ("/requests", FetchHugRequests()),
    (
        "/group Tea: with cake @Jane Smith @user-3 in 10m until 2023-08-26 15:00",
        CreateGroupHug(
            name="Tea",
            description="with cake",
            invitee_ids=["user-2", "user-3"],
            scheduled_for=Instant(NOON + 600_000),
            expires_at=here(2023, 8, 26, 15),
        ),
    ),
    ("/group Tea @user-3", CreateGroupHug(name="Tea", invitee_ids=["user-3"])),
    (
        "/group Tea @user-3 at tomorrow 9:05",
        CreateGroupHug(
            name="Tea", invitee_ids=["user-3"], scheduled_for=here(2023, 8, TOMORROW, 9, 5)
        ),
    ),
    (
        "/group Tea @user-3 until 2023-08-26 15:00",
        CreateGroupHug(name="Tea", invitee_ids=["user-3"], expires_at=here(2023, 8, 26, 15)),
    ),
    ("/join", JoinGroupHug(group_hug_id="group-1")),
    ("/join tea TIME", JoinGroupHug(group_hug_id="group-1")),
    ("/leave 1", LeaveGroupHug(group_hug_id="group-1")),
    ("/cancel", CancelGroupHug(group_hug_id="group-1")),
    ("/groups", FetchGroupHugs()),
    ("/groups 1", FetchGroupHugs(filters=GroupHugFilters(group_hug_id="group-1"))),
    ("/find Jane", FetchUsers(query="Jane")),
    ("/profile", FetchProfile()),
    ("/profile @Jane Smith", FetchProfile(user_id="user-2")),
    ("/follow user-9", FollowUser(target_user_id="user-9", action="follow")),
    ("/unfollow Jane Smith", FollowUser(target_user_id="user-2", action="unfollow")),
    ("  /followers  ", FetchFollowers()),
    ("/following", FetchFollowing()),
    ("/block @Jane Smith", BlockUser(target_user_id="user-2", action="block")),
    ("/unblock Jane Smith", BlockUser(target_user_id="user-2", action="unblock")),
    ("/blocked", FetchBlocked()),
    ("/status away", StatusUpdate(status="away")),
    ("/status online Back  soon", StatusUpdate(status="online", custom_message="Back  soon")),
    ("/who", FetchStatuses()),
    ("/notifications", FetchNotifications()),
    ("/read", MarkNotificationRead(notification_id="n-1")),
    ("/read 1", MarkNotificationRead(notification_id="n-1")),
    ("/read all", MarkNotificationRead(notification_id="all")),
    ("/badges", FetchBadges()),
    ("/settings", FetchSettings()),
    ("/settings hugs friends", UpdateSettings(hugs_from="friends")),
    ("/settings status nobody", UpdateSettings(status_to="nobody")),
    ("/settings streaks off", UpdateSettings(streaks=False)),
    ("/settings analytics nobody", UpdateSettings(analytics_to=[])),
    (
        "/settings analytics @Jane Smith @user-3",
        UpdateSettings(analytics_to=["user-2", "user-3"]),
    ),
    ("/name Jo", UpdateProfile(name="Jo")),
    ("/timezone Europe/Berlin", UpdateProfile(time_zone="Europe/Berlin")),
    ("/sessions", FetchSessions()),
    ("/revoke 1", RevokeSession(session_id="session-1")),
    ("/export", ExportData()),
    ("/me", "me"),
    ("/help", "help"),
    ("/logout", "logout"),
    ("/quit", "quit"),
    ("", None),
]

ARGUMENTS = [
    "@Jane Smith", "Jane", "@user-3", "#1", "9", "0.5", "nan", "calm", "note", "group", "followers",
    "--for", "2h", "999999d", "--public", "warm", "at", "in", "until", "18:30", "0001-01-01 00:00",
    "9999-12-31 23:59", "tomorrow", "Tea:", "analytics", "nobody", "all", "online", "year",
]  # fmt: skip
"""What lines are made of, in no order that makes sense."""

UNSAID = {
    "auth": "signing in is done by options",
    "disconnect": "/quit and /logout",
    "mood_catalog": "asked for at the beginning",
    "hug_catalog": "asked for at the beginning",
    "subscribe": "a terminal shows everything",
    "unsubscribe": "likewise",
    "change_password": "passwords would stay in the state file, with what waits to be sent",
    "delete_account": "likewise",
}
"""What the protocol has and no line says, by type or `dataType`, and why."""


@pytest.mark.parametrize(("line", "meaning"), MEANINGS)
def test_a_line_means_what_it_says(line: str, meaning: object, known: Known) -> None:
    """Optional parts are told apart by what they look like."""
    assert meaning == parse(line, known)


def test_the_whole_protocol_can_be_said() -> None:
    """Each command of it by some line, or there is a reason."""
    said = {type(meaning) for _, meaning in MEANINGS}
    unsaid = {
        name
        for (kind, variant), command in COMMANDS.items()
        if not command.internal and command not in said
        for name in [variant if kind == "fetch" and variant else kind]
    }
    assert UNSAID.keys() == unsaid


def test_everything_that_can_be_said_is_tried() -> None:
    """The table above has a line for each command of the terminal."""
    assert SAYINGS.keys() == {line.split()[0] for line, _ in MEANINGS if line}


def test_every_answer_has_lines_of_its_own() -> None:
    """Nothing that can be said is answered with a mere "Done"."""
    said = {type(meaning) for _, meaning in MEANINGS if isinstance(meaning, Command)}
    assert set() == said - ANSWERS.keys()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("hello", "slash"),
        ("/hugg", "/hug"),
        ("/zzz", "/help"),
        ("/mood", "How do you feel"),
        ("/mood hapy", "happy"),
        ("/mood happy 8", "from 0 to 1"),
        ("/mood happy nan", "from 0 to 1"),
        ("/mood happy 0.7 public", "--public"),
        ("/hug", "Whom"),
        ("/hug Bob hello", "Bob"),
        ("/follow Bob", "/find"),
        ("/status", "away"),
        ("/status busy", "do_not_disturb"),
        ("/chart decade", "month"),
        ("/edit", "What is to be changed"),
        ("/edit hapy", "happy"),
        ("/edit #9 happy", "no entry of yours #9"),
        ("/edit --public --private", "What is to be changed"),
        ("/delete 7", "no entry of yours 7"),
        ("/who now", "nothing more"),
        ("/ask @Bob help me", "Bob"),
        ("/ask group 9", "no group hug 9"),
        ("/ask help --for ever", "30m"),
        ("/yes 9", "no request 9"),
        ("/no thanks", "Nobody is told"),
        ("/group Tea", "somebody to invite"),
        ("/group @user-3", "title"),
        ("/group Tea @user-3 soon", "at 18:30"),
        ("/group Tea @user-3 at noon", "noon is no time"),
        ("/group Tea @user-3 at 25:00", "no time"),
        ("/read 9", "no unread notification 9"),
        ("/block", "Whom"),
        ("/block Jane Smithers", "Jane Smithers"),
        ("/find", "Whom do you look for"),
        ("/settings colour red", "no setting colour"),
        ("/settings hugs all", "everyone, followers, friends, nobody"),
        ("/settings streaks maybe", "on, off"),
        ("/settings analytics", "Whom"),
        ("/name", "Which name"),
        ("/timezone", "Which time zone"),
        ("/revoke", "no session"),
    ],
)
def test_what_is_not_understood_is_explained(line: str, hint: str, known: Known) -> None:
    """In one line, with what to do."""
    with pytest.raises(Misunderstood, match=hint):
        parse(line, known)


@pytest.mark.parametrize("line", ["/mood", "/ask @Bob", "/chart decade", "/who now", "/settings x"])
def test_what_is_wrong_comes_with_the_usage(line: str, known: Known) -> None:
    """In the same line."""
    with pytest.raises(Misunderstood) as caught:
        parse(line, known)
    usage = SAYINGS[line.split(maxsplit=1)[0]].usage
    assert str(caught.value).endswith(f" Usage: {usage}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["/edit calm", "/delete", "/yes", "/no", "/join", "/leave", "/cancel", "/read"]
)
def test_what_is_right_but_not_now_is_said(line: str) -> None:
    """Where nothing waits, the usage would not help."""
    with pytest.raises(Misunderstood, match=r"^There is no [^.]* now$"):
        parse(line, Known())


def test_a_time_that_is_over_today_is_tomorrows(known: Known) -> None:
    """Nobody plans for the past."""
    for hour in (0, 23):
        meaning = parse(f"/group Tea @user-3 at {hour}:59", known)
        assert isinstance(meaning, CreateGroupHug)
        assert isinstance(meaning.scheduled_for, Instant)
        assert NOON < meaning.scheduled_for <= NOON + 24 * 3600 * 1000


def test_the_newest_that_is_open_is_meant(known: Known) -> None:
    """Not what was heard of last, and not what has expired."""
    known.requests.wait("req-old", "open", Instant(NOON - 9))
    known.requests.wait("req-new", "open", Instant(NOON + 9))
    known.requests.wait("req-over", "open", Instant(NOON + 10), NOON)
    assert parse("/no", known) == RespondHugRequest(request_id="req-new", accept=False)


def test_a_number_stays_its_things(known: Known) -> None:
    """Whatever came or went since it was read."""
    known.requests.wait("req-2", "open", NOON)
    known.requests.done("req-1")
    assert parse("/no 1", known) == RespondHugRequest(request_id="req-1", accept=False)
    assert parse("/no 2", known) == RespondHugRequest(request_id="req-2", accept=False)


def test_help_has_every_command_in_its_group() -> None:
    """With what it takes and what it does."""
    lines = [line.plain for line in help_lines()]
    for title, group in GROUPS.items():
        assert title in lines
        for one in group:
            assert any(
                line.startswith(f"  {one.usage} ") or line.strip() == one.usage for line in lines
            )
            assert any(line.endswith(f" {one.help}") for line in lines)


def test_who_shares_a_name_must_be_given_by_id(known: Known) -> None:
    """And where ids can be found is said."""
    known.people.seen("user-3", "Jane Smith")
    with pytest.raises(Misunderstood, match="/followers"):
        parse("/hug Jane Smith hello", known)


@settings(deadline=None)
@given(
    st.text()
    | st.builds(
        "{} {}".format,
        st.sampled_from(list(SAYINGS)),
        st.lists(st.sampled_from(ARGUMENTS) | st.text(max_size=6), max_size=6).map(" ".join),
    )
)
def test_any_line_can_be_typed(line: str) -> None:
    """Nothing but `Misunderstood` comes of it, or what can be sent."""
    with suppress(Misunderstood):
        meaning = parse(line, knowing())
        if isinstance(meaning, Command):
            assert codec.encode(meaning)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/fo", ["/follow", "/followers", "/following"]),
        ("/mood h", ["happy"]),
        ("/chart m", ["month"]),
        ("/status do", ["do_not_disturb"]),
        ("/mood happy 0.8 --p", ["happy 0.8 --public"]),
        ("/hug j", ["Jane Smith"]),
        ("/hug Jane Smith w", ["Jane Smith warm"]),
        ("/follow Jane S", ["Jane Smith"]),
        ("/streak ", []),
        ("/edit calm --no", ["calm --no-note"]),
        ("/history @j", ["@Jane Smith"]),
        ("/chart @Jane Smith w", ["@Jane Smith week"]),
        ("/ask f", ["followers"]),
        ("/yes 1 w", ["1 warm"]),
        ("/group Tea @j", ["Tea @Jane Smith"]),
        ("/join t", ["Tea time"]),
        ("/read a", ["all"]),
        ("/settings streaks o", ["streaks on", "streaks off"]),
        ("/nonsense x", []),
    ],
)
def test_what_is_begun_is_completed(line: str, offered: list[str], known: Known) -> None:
    """Commands, moods, names and kinds of hugs."""
    assert offered == [word for word, _ in completions(line, known)]


def test_a_completion_replaces_what_was_begun(known: Known) -> None:
    """Also where the case differs, and where a name has a space."""
    line = "/hug jane s"
    ((word, replaced),) = completions(line, known)
    assert "/hug Jane Smith" == line[:-replaced] + word
