from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from hugmood.features.analytics.messages import FetchMoodAnalytics
from hugmood.features.follows.messages import FetchFollowers, FollowUser
from hugmood.features.hugs.messages import SendHug
from hugmood.features.moods.messages import MoodUpdate
from hugmood.features.status.messages import FetchStatuses, StatusUpdate
from hugmood.terminal.parsing import HELP, Misunderstood, Vocabulary, completions, parse


@pytest.fixture
def words() -> Vocabulary:
    """Some moods, some kinds of hugs, one person."""
    vocabulary = Vocabulary(
        moods={"happy": "pleasant high", "tired": "unpleasant low"}, hugs=["supportive", "warm"]
    )
    vocabulary.people.seen("user-2", "Jane Smith")
    return vocabulary


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("/mood happy", MoodUpdate(mood="happy", intensity=0.5)),
        ("/mood happy 0.8", MoodUpdate(mood="happy", intensity=0.8)),
        (
            "/mood happy 0.8 It's spring --public",
            MoodUpdate(mood="happy", intensity=0.8, note="It's spring", is_public=True),
        ),
        ("/mood tired so so", MoodUpdate(mood="tired", intensity=0.5, note="so so")),
        (
            "/hug Jane Smith warm You've got this!",
            SendHug(recipient_id="user-2", hug_type="warm", message="You've got this!"),
        ),
        (
            "/hug jane smith You've got this!",
            SendHug(recipient_id="user-2", hug_type="supportive", message="You've got this!"),
        ),
        ("/hug anon-5", SendHug(recipient_id="anon-5", hug_type="supportive", message=UNSET)),
        ("/follow user-9", FollowUser(target_user_id="user-9", action="follow")),
        ("/unfollow Jane Smith", FollowUser(target_user_id="user-2", action="unfollow")),
        ("  /followers  ", FetchFollowers()),
        ("/status away", StatusUpdate(status="away")),
        ("/status online Back  soon", StatusUpdate(status="online", custom_message="Back  soon")),
        ("/who", FetchStatuses()),
        ("/chart", FetchMoodAnalytics(time_range="month", include_correlations=True)),
        ("/chart year", FetchMoodAnalytics(time_range="year", include_correlations=True)),
        ("/quit", "quit"),
        ("", None),
    ],
)
def test_a_line_means_what_it_says(line: str, meaning: object, words: Vocabulary) -> None:
    """Optional parts are told apart by what they look like."""
    assert meaning == parse(line, words)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("hello", "slash"),
        ("/hugg", "/hug"),
        ("/dance", "/help"),
        ("/mood", "How do you feel"),
        ("/mood hapy", "happy"),
        ("/mood happy 8", "from 0 to 1"),
        ("/mood happy nan", "from 0 to 1"),
        ("/mood happy 0.7 public", "--public"),
        ("/hug", "Whom"),
        ("/hug Bob hello", "Bob"),
        ("/follow Bob", "give an id"),
        ("/status", "away"),
        ("/status busy", "do_not_disturb"),
        ("/chart decade", "month"),
    ],
)
def test_what_is_not_understood_is_explained(line: str, hint: str, words: Vocabulary) -> None:
    """In one line, with what to do."""
    with pytest.raises(Misunderstood, match=hint):
        parse(line, words)


def test_who_shares_a_name_must_be_given_by_id(words: Vocabulary) -> None:
    """And where ids can be found is said."""
    words.people.seen("user-3", "Jane Smith")
    with pytest.raises(Misunderstood, match="/followers"):
        parse("/hug Jane Smith hello", words)


@settings(deadline=None)
@given(st.text() | st.builds("{} {}".format, st.sampled_from(list(HELP)), st.text()))
def test_any_line_can_be_typed(line: str) -> None:
    """Nothing but `Misunderstood` comes of it."""
    with suppress(Misunderstood):
        parse(line, Vocabulary())


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("/fo", ["/follow", "/followers", "/following"]),
        ("/mood h", ["happy"]),
        ("/chart m", ["month"]),
        ("/status do", ["do_not_disturb"]),
        ("/mood happy 0.8 --p", ["--public"]),
        ("/hug j", ["Jane Smith"]),
        ("/hug Jane Smith w", ["warm"]),
        ("/follow Jane S", ["Jane Smith"]),
        ("/history ", []),
    ],
)
def test_what_is_begun_is_completed(line: str, offered: list[str], words: Vocabulary) -> None:
    """Commands, moods, names and kinds of hugs."""
    assert offered == [word for word, _ in completions(line, words)]


def test_a_completion_replaces_what_was_begun(words: Vocabulary) -> None:
    """Also where the case differs, and where a name has a space."""
    line = "/hug jane s"
    ((word, replaced),) = completions(line, words)
    assert "/hug Jane Smith" == line[:-replaced] + word
