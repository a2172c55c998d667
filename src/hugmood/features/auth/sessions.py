"""Sessions in the writer, where every sign-in ends: one order for all of them.

The head of the stream, the registration for live events and revocations are decided
here, in the order of commits; the checker before it only looked at signatures and
passwords. A session's row is the authority over its tokens.
"""

from datetime import date
from typing import ClassVar, Final

from msgspec import UNSET, UnsetType

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, RejectedWithEffect, handles
from hugmood.engine.records import Caller, Grant
from hugmood.errors import Rejected, invalid
from hugmood.features.auth import store
from hugmood.features.auth.ages import grown_up_at, is_minor
from hugmood.features.auth.messages import (
    AuthResponse,
    Disconnect,
    Disconnected,
    MinorGrewUp,
    MinorJoined,
    MinorNoted,
)
from hugmood.features.auth.store import Account, Session
from hugmood.features.auth.tokens import Claims, invalid_token, signer
from hugmood.wire.message import Command, given

DAY: Final = 24 * 3600 * 1000
LONG: Final = 31 * DAY
SHORT: Final = DAY
GUEST_GRACE: Final = 30 * DAY
"""A guest's token brings the same guest back for so long after its end, ms."""
OVERLAP: Final = 60_000
"""A token is good for so long after its successor was first used, ms."""


class OpenSession(Command[AuthResponse], frozen=True, kw_only=True):
    """The password was right: open a session for this account."""

    internal: ClassVar[bool] = True

    user_key: int
    password_hash: str
    """What was checked: a password that was changed meanwhile opens nothing."""
    long_lived: bool
    last_sequence_number: int | UnsetType = UNSET


class CreateAccount(Command[AuthResponse], frozen=True, kw_only=True):
    """Open an account, or a guest's, and a session for it."""

    internal: ClassVar[bool] = True

    guest: bool
    name: str
    email: str | UnsetType = UNSET
    password_hash: str | UnsetType = UNSET
    time_zone: str = "UTC"
    birth_date: date | UnsetType = UNSET
    long_lived: bool = False


class ResumeSession(Command[AuthResponse], frozen=True, kw_only=True):
    """The token is genuine: go on with its session, if that still holds."""

    internal: ClassVar[bool] = True

    user_id: str
    session_id: str
    token_id: str
    expires: int
    refresh: bool = False
    returning_guest: bool = False
    last_sequence_number: int | UnsetType = UNSET

    @property
    def claims(self) -> Claims:
        """What the token said."""
        return Claims(self.user_id, self.session_id, self.token_id, self.expires)


@handles
def open_session(ctx: Ctx, command: OpenSession) -> AuthResponse:
    """Open a session for an account whose password was right."""
    account = store.account_by_key(ctx.tx, command.user_key)
    kept = store.own_password(ctx.tx, command.user_key)
    if account is None or kept is None or kept[1] != command.password_hash:
        raise wrong_credentials()
    return _new_session(ctx, account, command.last_sequence_number, long_lived=command.long_lived)


@handles
def create_account(ctx: Ctx, command: CreateAccount) -> AuthResponse:
    """Open an account and a session; a known address is refused."""
    if ctx.ask.caller is not None:
        raise Rejected("invalid_auth", "You are signed in as someone else")
    wanted = Account(
        0,
        ctx.entity_id("anon" if command.guest else "user"),
        command.guest,
        command.name,
        command.time_zone,
        given(command.birth_date),
    )
    key = store.insert_account(
        ctx.tx,
        wanted,
        ctx.now,
        email=command.email or None,
        password=command.password_hash or None,
    )
    account = wanted._replace(key=key) if key else _made_before(ctx, command)
    if account is None:
        raise invalid("data.email", "unknown_value", "This address cannot be used")
    if key and wanted.birth_date is not None and is_minor(wanted.birth_date, ctx.now):
        ctx.also(MinorJoined(user_key=key))
        ctx.schedule(MinorGrewUp(user_key=key), at=grown_up_at(wanted.birth_date))
    return _new_session(ctx, account, UNSET, long_lived=command.long_lived)


@handles
def minor_grew_up(ctx: Ctx, command: MinorGrewUp) -> MinorNoted:
    """Let someone be found who was too young for that."""
    account = store.account_by_key(ctx.tx, command.user_key)
    if account is not None:
        store.list_name(ctx.tx, account)
    return MinorNoted()


@handles
def resume_session(ctx: Ctx, command: ResumeSession) -> AuthResponse:
    """Go on with a session, with a new token where one is asked for or due."""
    session = store.session_by_id(ctx.tx, command.session_id)
    if session is None or session.revoked_at or session.user_id != command.user_id:
        raise invalid_token()
    if command.returning_guest and ctx.now >= command.expires:
        token = _revive(ctx, session, command)
        session = session._replace(token_id=token.token_id, expires_at=token.expires)
        return _signed_in(ctx, session, token, command.last_sequence_number, show=True)
    session = _use(ctx, session, command.token_id)
    if command.refresh or command.returning_guest:
        token = _successor(ctx, session)
        return _signed_in(ctx, session, token, command.last_sequence_number, show=True)
    return _signed_in(ctx, session, command.claims, command.last_sequence_number, show=False)


@handles
def disconnect(ctx: Ctx, command: Disconnect) -> Disconnected:
    """End the session on log-out; any other reason leaves the token good."""
    session_id = ctx.caller.session_id
    if command.reason == "user_logout" and store.revoke(ctx.tx, session_id, ctx.now):
        ctx.cut(ctx.caller.key, [session_id], "session_revoked", farewell=True)
    return Disconnected()


def _made_before(ctx: Ctx, command: CreateAccount) -> Account | None:
    """Find the account that this very command made before, or None.

    When the writer dies after a commit it is asked again what it had not answered. The
    same hash, salt and all, comes from no other registration, even of this password.
    """
    kept = store.password_hash(ctx.tx, command.email or "")
    if kept is None or kept[1] != command.password_hash:
        return None
    return store.account_by_key(ctx.tx, kept[0])


def _use(ctx: Ctx, session: Session, token_id: str) -> Session:
    """Accept a token of the session, or revoke it: a retired one was stolen or lost."""
    if token_id == session.token_id:
        return session
    if token_id == session.next_token_id:
        store.advance(ctx.tx, session.id, ctx.now + OVERLAP)
        return session._replace(
            token_id=token_id,
            expires_at=session.next_expires_at or session.expires_at,
            next_token_id=None,
            next_expires_at=None,
        )
    if token_id == session.previous_token_id and ctx.now < (session.previous_until or 0):
        return session
    store.revoke(ctx.tx, session.id, ctx.now)
    # Who shows it may be the thief: a socket of this session is not spared either.
    ctx.cut(session.user_key, [session.id], "session_revoked", asker_too=True)
    raise RejectedWithEffect(invalid_token())


def _successor(ctx: Ctx, session: Session) -> Claims:
    """Return the token to come; the same one until it is used, however often asked."""
    token_id, expires = session.next_token_id, session.next_expires_at
    if token_id is None or expires is None:
        token_id, expires = _token_id(ctx), _end(ctx, session.long_lived)
        store.offer_next(ctx.tx, session.id, token_id, expires)
    return Claims(session.user_id, session.id, token_id, expires)


def _revive(ctx: Ctx, session: Session, command: ResumeSession) -> Claims:
    """Let a guest come back by the newest token of a session that has expired."""
    if command.token_id not in {session.token_id, session.next_token_id}:
        raise invalid_token()
    token = Claims(session.user_id, session.id, _token_id(ctx), _end(ctx, long_lived=False))
    store.revive(ctx.tx, session.id, token.token_id, token.expires)
    return token


def _new_session(
    ctx: Ctx, account: Account, last: int | UnsetType, *, long_lived: bool
) -> AuthResponse:
    session = Session(
        id=ctx.entity_id("session"),
        user_key=account.key,
        user_id=account.id,
        guest=account.guest,
        long_lived=long_lived and not account.guest,
        token_id=_token_id(ctx),
        next_token_id=None,
        next_expires_at=None,
        previous_token_id=None,
        previous_until=None,
        expires_at=_end(ctx, long_lived and not account.guest),
        revoked_at=None,
    )
    store.insert_session(ctx.tx, session, ctx.now)
    token = Claims(account.id, session.id, session.token_id, session.expires_at)
    return _signed_in(ctx, session, token, last, show=True)


def _signed_in(
    ctx: Ctx, session: Session, token: Claims, last: int | UnsetType, *, show: bool
) -> AuthResponse:
    """Grant the connection its caller and its place in the stream; build the reply."""
    if ctx.ask.caller is not None and ctx.ask.caller.key != session.user_key:
        raise Rejected("invalid_auth", "You are signed in as someone else")
    caller = Caller(session.user_key, session.user_id, session.id, session.guest)
    head = ctx.host.streams.heads(ctx.tx, [session.user_key])[0]
    known = head if isinstance(last, UnsetType) else last
    ctx.outbox.grant = Grant(
        caller,
        token.expires,
        position=min(known, head),
        head=head,
        resume=last is not UNSET,
        reset=known > head,
    )
    return AuthResponse(
        user_id=session.user_id,
        token=signed(ctx, token) if show else UNSET,
        expires=Instant(token.expires),
        is_anonymous=True if session.guest else UNSET,
    )


def wrong_credentials() -> Rejected:
    """Refuse address and password: nobody learns which of them is wrong."""
    return Rejected("invalid_credentials", "Invalid email or password")


def signed(ctx: Ctx, token: Claims) -> str:
    """Write a token out."""
    return ctx.host.resource(signer).sign(token, ctx.now)


def _token_id(ctx: Ctx) -> str:
    return ctx.entity_id("token")


def _end(ctx: Ctx, long_lived: bool) -> int:  # noqa: FBT001 (a column)
    """Return when a token of today ends: a whole second, as tokens count."""
    return ctx.now // 1000 * 1000 + (LONG if long_lived else SHORT)
