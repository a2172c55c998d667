"""How to sign in next, and when to ask for a new token; without I/O."""

from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType

from hugmood.client.options import Credentials, Guest, Identity, Registration
from hugmood.features.auth.messages import (
    AuthAnonymous,
    AuthCredentials,
    AuthRegister,
    AuthResponse,
    AuthToken,
)
from hugmood.wire.message import Command

AuthCommand = Command[AuthResponse]

NOT_GOOD: Final = frozenset({"invalid_auth", "auth_expired", "invalid_credentials"})
"""Failures after which another way of signing in may work."""

_EARLIEST: Final = 0.75
_SPREAD: Final = 0.1
"""A token is renewed when 75 to 85 % of its life is over; the spread is jitter."""
_RETRY: Final = 0.1
_SHORTEST_RETRY: Final = 60_000


class Times(NamedTuple):
    """When an answer was sent on the server's clock, when it came on ours, and jitter."""

    server: int
    now: int
    chance: float


class SignIn:
    """What is known of who we are; times in milliseconds since 1970."""

    def __init__(self, identity: Identity | None, *tokens: str | None) -> None:
        """Begin with what was given; tokens are tried first, in this order.

        The one that was kept must come before one that the user gives: it may be its
        successor, and to use a retired token ends the session.
        """
        self._identity = identity
        self._tokens = [token for token in tokens if token]
        self._registered = bool(self._tokens)
        self.user_id: str | None = None
        self.expires: int | None = None
        self.refresh_at: int | None = None

    @property
    def token(self) -> str | None:
        """The newest token, None if there is none that may be good."""
        return self._tokens[0] if self._tokens else None

    def choices(self, position: int | None) -> list[AuthCommand]:
        """Return what to try, in this order, to go on after `position`."""
        last = UNSET if position is None else position
        if isinstance(self._identity, Guest):
            return self._as_guest(self._identity, last)
        choices: list[AuthCommand] = [
            AuthToken(token=token, last_sequence_number=last) for token in self._tokens
        ]
        if isinstance(self._identity, Credentials):
            choices.append(_by_password(self._identity, last))
        if isinstance(self._identity, Registration):
            known = [_by_password(self._identity, last)] if self._registered else []
            choices += [*known, _register(self._identity)]
        return choices

    def trying(self, command: AuthCommand) -> None:
        """Note what is sent: an answer that is lost may have been a yes."""
        if isinstance(command, AuthRegister):
            self._registered = True

    def refused(self, command: AuthCommand) -> None:
        """Forget the token that this command was about."""
        if isinstance(command, AuthToken | AuthAnonymous) and command.token in self._tokens:
            self._tokens.remove(command.token)

    def accepted(self, command: AuthCommand, response: AuthResponse, times: Times) -> bool:
        """Take a good answer to this command; True if it brought a new token.

        The rest of a token's life is reckoned on the server's clock, which alone
        knows when it ends; ours may be wrong.
        """
        self.user_id = response.user_id
        left = response.expires - times.server
        self.expires = times.now + left
        self.refresh_at = times.now + int(left * (_EARLIEST + _SPREAD * times.chance))
        new = bool(response.token) and response.token not in self._tokens
        if response.token:
            self._tokens = [response.token]
        elif isinstance(command, AuthToken):
            self._tokens = [command.token]
        return new

    def put_off(self, now: int) -> None:
        """Try to renew the token later: it did not work now."""
        left = (self.expires or now) - now
        self.refresh_at = now + max(_SHORTEST_RETRY, int(left * _RETRY))

    def _as_guest(self, guest: Guest, last: int | UnsetType) -> list[AuthCommand]:
        device_id, nickname = guest.device_id or "", guest.nickname or UNSET
        new = AuthAnonymous(device_id=device_id, nickname=nickname)
        again = [
            AuthAnonymous(
                device_id=device_id, nickname=nickname, token=token, last_sequence_number=last
            )
            for token in self._tokens
        ]
        return [*again, new]


def _by_password(known: Credentials | Registration, last: int | UnsetType) -> AuthCommand:
    return AuthCredentials(
        email=known.email,
        password=known.password,
        remember_me=known.remember_me,
        last_sequence_number=last,
    )


def _register(account: Registration) -> AuthCommand:
    return AuthRegister(
        email=account.email,
        password=account.password,
        name=account.name,
        time_zone=account.time_zone or UNSET,
        remember_me=account.remember_me,
    )
