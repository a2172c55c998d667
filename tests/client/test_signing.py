from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.ambient import Instant
from hugmood.client.options import Credentials
from hugmood.client.signing import SignIn, Times
from hugmood.features.auth.messages import AuthCredentials, AuthResponse, AuthToken

DAY = 24 * 3600 * 1000
ONE = AuthToken(token="one")


def yes(token: str | None = None, expires: int = DAY) -> AuthResponse:
    """A good answer."""
    if token is None:
        return AuthResponse(user_id="user-1", expires=Instant(expires))
    return AuthResponse(user_id="user-1", token=token, expires=Instant(expires))


@settings(deadline=None)
@given(st.integers(0, 2 * DAY), st.integers(-DAY, DAY), st.floats(0, 1, exclude_max=True))
def test_a_token_is_renewed_late_in_its_life(server: int, wrong: int, chance: float) -> None:
    """When 75 to 85 % of it is over, however wrong our own clock is."""
    sign_in = SignIn(None, "one")
    now = server + wrong
    sign_in.accepted(ONE, yes(expires=server + DAY), Times(server, now, chance))
    assert sign_in.refresh_at is not None
    assert 0.75 * DAY <= sign_in.refresh_at - now <= 0.85 * DAY
    assert now + DAY == sign_in.expires


def test_once_signed_in_there_is_one_token() -> None:
    """To try an older one later could end the session."""
    sign_in = SignIn(None, "one", "zero")
    assert not sign_in.accepted(ONE, yes(), Times(0, 0, 0.5))
    assert [ONE] == sign_in.choices(None)
    assert sign_in.accepted(ONE, yes("two"), Times(0, 0, 0.5))
    assert [AuthToken(token="two")] == sign_in.choices(None)


def test_a_renewal_that_failed_is_put_off() -> None:
    """By a tenth of what is left, and a minute at least."""
    sign_in = SignIn(None, "one")
    sign_in.accepted(ONE, yes(), Times(0, 0, 0.5))
    sign_in.put_off(DAY // 2)
    assert DAY // 2 + DAY // 20 == sign_in.refresh_at
    sign_in.put_off(DAY - 1000)
    assert DAY - 1000 + 60_000 == sign_in.refresh_at


def test_the_position_goes_with_every_way_of_signing_in() -> None:
    """A session by password is of the same user, and goes on in the same stream."""
    sign_in = SignIn(Credentials("jo@example.com", "correct horse"), "one")
    token, password = sign_in.choices(41)
    assert AuthToken(token="one", last_sequence_number=41) == token
    assert isinstance(password, AuthCredentials)
    assert 41 == password.last_sequence_number
