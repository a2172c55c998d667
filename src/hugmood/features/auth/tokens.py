"""Tokens: signed, so that they can be told from forgeries without the database.

A token names its session; whether that still holds is for the session's row to say.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from hugmood.engine.handling import Host
from hugmood.errors import Rejected

AUDIENCE: Final = "hugmood"
ISSUER: Final = "hugmood"
_ALGORITHM: Final = "HS256"


class Claims(NamedTuple):
    """What a good token says; times in ms."""

    user_id: str
    session_id: str
    token_id: str
    expires: int


class Signer:
    """Signs with the first key, verifies with all: keys can be changed in peace."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Derive each key's public name (`kid`) from it."""
        # It takes a tenth of a second to load: only those who sign wait for it, once.
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet, OctKey  # noqa: PLC0415

        self._jwt = jwt
        self._fault = JoseError
        keys = [OctKey.import_key(text, {"kid": _name(text)}) for text in secrets]
        self._first = keys[0]
        self._all = KeySet([*keys])

    def sign(self, claims: Claims, now: int) -> str:
        """Make a token."""
        header = {"alg": _ALGORITHM, "kid": self._first.kid}
        body = {
            "sub": claims.user_id,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "iat": now // 1000,
            "exp": claims.expires // 1000,
            "aud": AUDIENCE,
            "iss": ISSUER,
        }
        return self._jwt.encode(header, body, self._first, algorithms=[_ALGORITHM])

    def read(self, token: str, now: int, *, grace: int = 0) -> Claims:
        """Verify a token; `grace` ms after its end it may still be good.

        Raises `Rejected`: `auth_expired`, or `invalid_auth` for every other fault.
        """
        body = self._verified(token, AUDIENCE)
        try:
            claims = Claims(body["sub"], body["sid"], body["jti"], int(body["exp"]) * 1000)
        except (ValueError, KeyError, TypeError) as error:
            raise invalid_token() from error
        if now >= claims.expires + grace:
            raise Rejected("auth_expired", "Your session has expired, please sign in again")
        return claims

    def sign_link(self, purpose: str, session_id: str, expires: int) -> str:
        """Make a token that is good for one purpose, for someone of this session."""
        header = {"alg": _ALGORITHM, "kid": self._first.kid}
        body = {"sid": session_id, "exp": expires // 1000, "aud": _link(purpose), "iss": ISSUER}
        return self._jwt.encode(header, body, self._first, algorithms=[_ALGORITHM])

    def read_link(self, purpose: str, token: str, now: int) -> str:
        """Return the session of such a token; raises `Rejected` as `read` does."""
        body = self._verified(token, _link(purpose))
        try:
            session_id, expires = str(body["sid"]), int(body["exp"]) * 1000
        except (ValueError, KeyError, TypeError) as error:
            raise invalid_token() from error
        if now >= expires:
            raise Rejected("auth_expired", "This link has expired, please ask for a new one")
        return session_id

    def _verified(self, token: str, audience: str) -> dict[str, Any]:
        try:
            body = self._jwt.decode(token, self._all, algorithms=[_ALGORITHM]).claims
            genuine = body["aud"] == audience and body["iss"] == ISSUER
        except (self._fault, ValueError, KeyError, TypeError) as error:
            raise invalid_token() from error
        if not genuine:
            raise invalid_token()
        return body


def invalid_token() -> Rejected:
    """Refuse a token that is malformed, forged or revoked: nobody learns which."""
    return Rejected("invalid_auth", "This token is not valid")


def signer(host: Host) -> Signer:
    """Make the signer of an engine process."""
    return Signer(host.secrets)


def _link(purpose: str) -> str:
    return f"{AUDIENCE}-{purpose}"


def _name(text: str) -> str:
    return sha256(b"hugmood key name\0" + text.encode()).hexdigest()[:12]
