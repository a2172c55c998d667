from hypothesis import given
from hypothesis import strategies as st

from hugmood.gateway.presence import Presence

GRACE = 20_000


def test_first_socket() -> None:
    """Somebody comes online with the first socket."""
    presence = Presence(GRACE)
    assert (True, {1}) == (presence.arrived(1), presence.online())


def test_grace() -> None:
    """Who has no socket left counts as online for 20 s more, and then is told once."""
    presence = Presence(GRACE)
    presence.arrived(1)
    presence.left(1, 1000)
    assert ([], {1}) == (presence.gone(20_999), presence.online())
    assert ([1], set()) == (presence.gone(21_000), presence.online())
    assert [] == presence.gone(99_000)


def test_back_within_the_grace() -> None:
    """Nobody hears of a short break."""
    presence = Presence(GRACE)
    presence.arrived(1)
    presence.left(1, 0)
    assert (False, [], {1}) == (presence.arrived(1), presence.gone(99_000), presence.online())


def test_back_after_the_grace() -> None:
    """After a long one the return is news."""
    presence = Presence(GRACE)
    presence.arrived(1)
    presence.left(1, 0)
    presence.gone(GRACE)
    assert presence.arrived(1)


def test_grace_counts_from_the_last_break() -> None:
    """Each break has its whole grace."""
    presence = Presence(GRACE)
    presence.arrived(1)
    presence.left(1, 0)
    presence.arrived(1)
    presence.left(1, 15_000)
    assert [[], [1]] == [presence.gone(34_999), presence.gone(35_000)]


def test_no_grace() -> None:
    """A grace of nought is over at once."""
    presence = Presence(0)
    presence.arrived(1)
    presence.left(1, 5)
    assert [1] == presence.gone(5)


def test_online_is_a_copy() -> None:
    """Who asks may do with the answer as they please."""
    presence = Presence(GRACE)
    presence.online().add(1)
    assert set() == presence.online()


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 15_000))))
def test_against_a_plain_model(steps: list[tuple[int, int]]) -> None:
    """Comings and goings in any order, told as one who looks at every user would."""
    presence, now = Presence(GRACE), 0
    connected: set[int] = set()
    left_at: dict[int, int] = {}
    for user, pause in steps:
        now += pause
        over = {one for one, at in left_at.items() if at + GRACE <= now}
        assert over == set(presence.gone(now))
        left_at = {one: at for one, at in left_at.items() if one not in over}
        if user in connected:
            connected.discard(user)
            presence.left(user, now)
            left_at[user] = now
        else:
            assert (user not in left_at) == presence.arrived(user)
            connected.add(user)
            left_at.pop(user, None)
        assert connected | set(left_at) == presence.online()
