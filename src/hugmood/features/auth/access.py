"""One's own access, in the writer: the password, and where one is signed in."""

from typing import ClassVar

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import Rejected, denied, invalid, not_found
from hugmood.features.auth import store
from hugmood.features.auth.messages import (
    FetchSessions,
    PasswordChanged,
    RevokeSession,
    SessionItem,
    SessionPage,
    SessionRevoked,
)
from hugmood.features.auth.sessions import LONG
from hugmood.wire.message import Command


class SetPassword(Command[PasswordChanged], frozen=True, kw_only=True):
    """The old password was right: put the new one in its place.

    `kept` is the hash that was checked: it must still be the one that holds.
    """

    internal: ClassVar[bool] = True

    kept: str
    password_hash: str


@handles
def set_password(ctx: Ctx, command: SetPassword) -> PasswordChanged:
    """Keep the new password and end every other session."""
    user = ctx.caller.key
    if not store.set_password(ctx.tx, user, kept=command.kept, new=command.password_hash):
        raise wrong_password()
    ended = store.revoke_others(
        ctx.tx, user, ctx.now, spared=ctx.caller.session_id, since=ctx.now - LONG
    )
    ctx.cut(user, ended, "session_revoked")
    return PasswordChanged()


@handles
def fetch_sessions(ctx: Ctx, query: FetchSessions) -> SessionPage:
    """List the caller's own sessions that are not over."""
    if query.user_id and query.user_id != ctx.caller.user_id:
        raise denied("Where others are signed in is private")
    live = store.Live(ctx.caller.key, ctx.now, ctx.now - LONG)
    rows = store.live_sessions(ctx.tx, live, query.limit, query.offset)
    return SessionPage(
        data_type=query.data_type,
        total_count=store.count_live_sessions(ctx.tx, live),
        as_of_sequence=ctx.position(),
        items=[
            SessionItem(
                session_id=session_id,
                created_at=Instant(created_at),
                expires_at=Instant(expires_at),
                current=session_id == ctx.caller.session_id,
            )
            for session_id, created_at, expires_at in rows
        ],
    )


@handles
def revoke_session(ctx: Ctx, command: RevokeSession) -> SessionRevoked:
    """End a session of the caller; the asker's own connection closes after the reply."""
    session = store.session_by_id(ctx.tx, command.session_id)
    if session is None or session.user_key != ctx.caller.key:
        raise not_found("data.sessionId", "You have no such session")
    if store.revoke(ctx.tx, session.id, ctx.now):
        ctx.cut(ctx.caller.key, [session.id], "session_revoked", asker_too=True)
    return SessionRevoked(session_id=session.id)


def cut_ended(ctx: Ctx, user: int) -> None:
    """Close what may still be open of sessions that are over: a cut may have been lost."""
    ended = store.revoked_sessions(ctx.tx, user, ctx.now - LONG)
    ctx.cut(user, ended, "session_revoked")


def wrong_password() -> Rejected:
    """Refuse a password that is not the caller's."""
    return invalid("data.password", "unknown_value", "This is not your password")
