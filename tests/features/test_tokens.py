"""Tokens: whose are good, for how long, and what takes their place."""

from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from hugmood.features.auth.messages import (
    AuthRefresh,
    AuthResponse,
    AuthToken,
)
from hugmood.features.auth.tokens import Signer
from hugmood.wire.message import ConnectionClose
from tests.databases import InMemory, on_sqlite
from tests.device import Device
from tests.features.signing import (
    DAY,
    EXPIRED,
    INVALID,
    REVOKED,
    cannot_use,
    claims,
    credentials,
    refreshed,
    use,
)
from tests.world import SECRETS, World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


# Tokens


def test_token_not_renewed(world: World) -> None:
    """A token that is used goes on; its end does not move."""
    ada = world.register()
    world.clock.move(3600)
    reply = world.connect().request(AuthToken(token=ada.token))
    assert reply == AuthResponse(user_id=ada.user_id, expires=world.clock.after(DAY - 3600))


def test_token_until_its_end(world: World) -> None:
    """A token is good until the last moment."""
    ada = world.register()
    world.clock.move(DAY - 0.001)
    assert use(world, ada.token).user_id == ada.user_id


def test_expired_token(world: World) -> None:
    """A token is no good at the moment when it ends."""
    ada = world.register()
    world.clock.move(DAY)
    assert cannot_use(world, ada.token) == EXPIRED


def forged(device: Device, *, secret: str = SECRETS[0], **changes: object) -> str:
    """Make a token like a device's with some claims changed, None to leave one out."""
    known = claims(device)
    body: dict[str, object] = {
        "sub": known.user_id,
        "sid": known.session_id,
        "jti": known.token_id,
        "iat": known.expires // 1000 - DAY,
        "exp": known.expires // 1000,
        "aud": "hugmood",
        "iss": "hugmood",
    }
    body = {name: value for name, value in (body | changes).items() if value is not None}
    key = OctKey.import_key(secret)
    return jwt.encode({"alg": "HS256"}, body, key, algorithms=["HS256"])


def test_forging(world: World) -> None:
    """The tests' own way to make a token makes good ones."""
    ada = world.register()
    assert use(world, forged(ada)).user_id == ada.user_id


@on_sqlite
@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another secret that is long enough"},
        {"aud": "elsewhere"},
        {"iss": "elsewhere"},
        {"exp": "soon"},
        {"exp": None},
        {"sub": None},
        {"sub": "user-of-somebody-else"},
        {"sid": "session-of-nobody"},
    ],
    ids=str,
)
def test_forged_token(world: World, changes: dict[str, Any]) -> None:
    """A token that was not made here, or not for this, is no good."""
    ada = world.register()
    assert cannot_use(world, forged(ada, **changes)) == INVALID


def test_token_without_signature(world: World) -> None:
    """A token that says it needs no signature is no good."""
    ada = world.register()
    head, body, _ = forged(ada).split(".")
    unsigned = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    found = [cannot_use(world, f"{start}.{body}.") for start in (head, unsigned)]
    assert found == [INVALID, INVALID]


@on_sqlite
@pytest.mark.parametrize("token", ["x", "a.b.c", "é.é.é", "..", "x" * 4096])
def test_malformed_token(world: World, token: str) -> None:
    """A text that is no token at all is no good, and breaks nothing."""
    assert cannot_use(world, token) == INVALID


def test_secret_rotated(sqlite_template: Path) -> None:
    """With a new secret before the old one, old tokens stay good and new ones are new."""
    place, new = InMemory(sqlite_template), "a new secret that nobody has seen yet"
    with World(place) as before:
        ada = before.register()
    with World(place, secrets=(new, *SECRETS)) as after:
        token = refreshed(use(after, ada.token))
    assert Signer([new]).read(token, 0).user_id == ada.user_id
    place.close()


def test_secret_removed(sqlite_template: Path) -> None:
    """Without the old secret its tokens are no good."""
    place = InMemory(sqlite_template)
    with World(place) as before:
        ada = before.register()
    with World(place, secrets=("a new secret that nobody has seen yet",)) as after:
        assert cannot_use(after, ada.token) == INVALID
    place.close()


# Refreshing


def test_refresh(world: World) -> None:
    """A token is traded for a new one of the same session, which ends a day from now."""
    ada = world.register()
    world.clock.move(3600)
    reply = world.connect().request(AuthRefresh(token=ada.token))
    assert reply == AuthResponse(
        user_id=ada.user_id, token=reply.token, expires=world.clock.after(DAY)
    )


def test_same_session(world: World) -> None:
    """The new token belongs to the same session, and is another."""
    ada = world.register()
    old, new = claims(ada), claims(ada, refreshed(ada))
    assert (new.session_id == old.session_id, new.token_id == old.token_id) == (True, False)


def test_refresh_remembered(world: World) -> None:
    """A session that was to last 31 days gets another 31 days."""
    ada = world.register(remember_me=True)
    world.clock.move(20 * DAY)
    reply = world.connect().request(AuthRefresh(token=ada.token))
    assert reply.expires == world.clock.after(31 * DAY)


def test_refresh_of_guest(world: World) -> None:
    """A guest who refreshes is still a guest, for another day."""
    guest = world.guest()
    world.clock.move(3600)
    reply = world.connect().request(AuthRefresh(token=guest.token))
    assert (reply.is_anonymous, reply.expires) == (True, world.clock.after(DAY))


def test_refresh_of_expired(world: World) -> None:
    """A token that has ended cannot be traded."""
    ada = world.register()
    world.clock.move(DAY)
    assert world.connect().refusal(AuthRefresh(token=ada.token)) == EXPIRED


def test_old_token_good(world: World) -> None:
    """The old token stays good until the new one is first used."""
    ada = world.register()
    refreshed(ada)
    world.clock.move(3600)
    assert use(world, ada.token).user_id == ada.user_id


def test_same_successor(world: World) -> None:
    """Who did not hear the answer and asks again gets the same successor."""
    ada = world.register()
    first = refreshed(ada)
    world.clock.move(3600)
    assert claims(ada, refreshed(ada)) == claims(ada, first)


def test_previous_token_good(world: World) -> None:
    """A minute after the new token was first used, less a moment, the old one is good."""
    ada = world.register()
    use(world, refreshed(ada))
    world.clock.move(59.999)
    assert use(world, ada.token).user_id == ada.user_id


def test_retired_token(world: World) -> None:
    """A minute after the new token was first used the old one is no good."""
    ada = world.register()
    use(world, refreshed(ada))
    world.clock.move(60)
    assert cannot_use(world, ada.token) == INVALID


def test_retired_token_revokes(world: World) -> None:
    """To use a retired token ends the session: somebody has stolen one of the two."""
    ada = world.register()
    new = refreshed(ada)
    use(world, new)
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert cannot_use(world, new) == INVALID


def test_retired_token_cuts(world: World) -> None:
    """To use a retired token closes every connection of its session."""
    ada = world.register()
    live = use(world, refreshed(ada))
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert [device.pushes(ConnectionClose) for device in (ada, live)] == [[REVOKED], [REVOKED]]


def test_retired_token_on_its_own_connection(world: World) -> None:
    """Who shows a retired token on a live connection of its session is cut too.

    The connection was spared, like one that asks to end its others: whoever had stolen
    the session stayed, and its owner was thrown out.
    """
    ada = world.register()
    old = ada.token
    live = use(world, refreshed(ada))
    world.clock.move(60)
    failure = live.refusal(AuthToken(token=old))
    assert (failure, live.pushes(ConnectionClose)) == (INVALID, [REVOKED])


def test_retired_twice_over(world: World) -> None:
    """A token two generations old is retired even within the minute."""
    ada = world.register()
    second = refreshed(ada)
    use(world, second)
    third = refreshed(ada, second)
    use(world, third)
    assert [cannot_use(world, token) for token in (ada.token, third)] == [INVALID, INVALID]


@on_sqlite
def test_refresh_with_previous_token(world: World) -> None:
    """Who still has the previous token may trade it, and gets the one to come."""
    ada = world.register()
    second = refreshed(ada)
    use(world, second)
    assert claims(ada, refreshed(ada)) == claims(ada, refreshed(ada, second))


def test_chain_of_tokens(world: World) -> None:
    """Token after token, a session can go on for as long as it is used."""
    token = world.register().token
    for _ in range(40):
        world.clock.move(DAY - 1)
        token = refreshed(use(world, token))
    assert use(world, token).user_id


def test_refresh_elsewhere(world: World) -> None:
    """To use a retired token of one session leaves the person's others alone."""
    ada = world.register()
    other = world.connect()
    other.sign_in(credentials(ada.email))
    use(world, refreshed(ada))
    world.clock.move(60)
    cannot_use(world, ada.token)
    assert (other.closed, use(world, other.token).user_id) == (None, ada.user_id)
