"""Ways to sign in, and what is said to those who may not."""

from typing import Any

from hugmood.features.auth.messages import (
    AuthCredentials,
    AuthRefresh,
    AuthRegister,
    AuthToken,
)
from hugmood.features.auth.tokens import Claims, Signer
from hugmood.wire.message import AuthFailure, ConnectionClose
from tests.device import Device
from tests.world import PASSWORD, World

DAY = 24 * 3600
MINUTE = 60

WRONG = AuthFailure(error="invalid_credentials", message="Invalid email or password")
INVALID = AuthFailure(error="invalid_auth", message="This token is not valid")
EXPIRED = AuthFailure(
    error="auth_expired", message="Your session has expired, please sign in again"
)
SOMEONE_ELSE = AuthFailure(error="invalid_auth", message="You are signed in as someone else")
REVOKED = ConnectionClose(code="session_revoked", message="Your session was ended")


def credentials(email: str, password: str = PASSWORD, **more: Any) -> AuthCredentials:  # noqa: ANN401 (passed on)
    """Sign in by password."""
    return AuthCredentials(email=email, password=password, **more)


def registration(**fields: Any) -> AuthRegister:  # noqa: ANN401 (passed on)
    """Open an account, with fields of one's own."""
    return AuthRegister(
        **{"email": "ada@example.com", "password": PASSWORD, "name": "Ada", **fields}
    )


def claims(device: Device, token: str | None = None) -> Claims:
    """What a device's token says, or another token."""
    world = device.world
    return Signer(world.secrets).read(token or device.token, world.clock.now(), grace=1 << 50)


def refreshed(device: Device, token: str | None = None) -> str:
    """Trade a token for its successor, on a connection of its own."""
    fresh = device.world.connect()
    reply = fresh.sign_in(AuthRefresh(token=token or device.token))
    fresh.drop()
    assert reply.token
    return reply.token


def use(world: World, token: str) -> Device:
    """Connect with a token."""
    device = world.connect()
    device.sign_in(AuthToken(token=token))
    return device


def cannot_use(world: World, token: str) -> Any:  # noqa: ANN401 (to be compared)
    """Try to connect with a token that is no good, and return why it is not."""
    return world.connect().refusal(AuthToken(token=token))


def accounts(world: World) -> int:
    """Count the accounts there are."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM account")[0][0])


def sessions(world: World) -> int:
    """Count the sessions there are."""
    with world.database.transaction(write=False) as tx:
        return int(tx.rows("SELECT count(*) FROM session")[0][0])
