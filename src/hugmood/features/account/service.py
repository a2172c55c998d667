"""Deletion: at once for everybody, then row by row; export: a link and what it leads to."""

from typing import ClassVar, Final

from hugmood.ambient import Instant, iso
from hugmood.engine.handling import Ctx, handles
from hugmood.errors import invalid, not_found
from hugmood.features.account import exports, store
from hugmood.features.account.messages import (
    VERSION,
    AccountDeleted,
    DataExported,
    DeleteAccount,
    ExportData,
    ExportOpened,
    ExportRead,
    OpenExport,
    ReadExport,
)
from hugmood.features.auth.access import wrong_password
from hugmood.features.auth.limits import failed_logins
from hugmood.features.auth.passwords import passwords
from hugmood.features.auth.store import Session, own_password, session_by_id
from hugmood.features.auth.tokens import invalid_token, signer
from hugmood.features.status.service import tell_gone
from hugmood.wire.message import Command, Reply

PIECE: Final = 1_000
"""Rows deleted in one transaction: some 12 ms of an account that has 100,000."""

LOG_LIFE: Final = 60_000
"""When a stream is dropped once more, ms: by then SQLite's log has been moved into it."""

LINK_LIFE: Final = 10 * 60 * 1000
"""How long a link to an export may be opened, ms; a download may take longer."""

_PURPOSE: Final = "export"


class EraseAccount(Command[AccountDeleted], frozen=True, kw_only=True):
    """It is really they who want it: let the account be gone."""

    internal: ClassVar[bool] = True

    user_key: int


class AccountPurged(Reply, frozen=True):
    """A piece of it is gone."""


class PurgeAccount(Command[AccountPurged], frozen=True, kw_only=True):
    """Delete a piece of what an account left, and go on until nothing is left."""

    internal: ClassVar[bool] = True

    user_key: int


@handles
def delete_account(ctx: Ctx, command: DeleteAccount) -> EraseAccount:
    """Check the password of whoever has one."""
    user = ctx.caller.key
    if ctx.caller.guest:
        return EraseAccount(user_key=user)
    if not command.password:
        raise invalid("data.password", "required_field_missing")
    kept = own_password(ctx.tx, user)
    if kept is None:
        raise not_found("data", "This account no longer exists")
    email, hashed = kept
    failures = ctx.host.resource(failed_logins)
    failures.check(ctx.ask.remote, email, ctx.now)
    if not ctx.host.resource(passwords).verify(hashed, command.password):
        failures.failed(ctx.ask.remote, email, ctx.now)
        raise wrong_password()
    return EraseAccount(user_key=user)


@handles
def erase_account(ctx: Ctx, command: EraseAccount) -> AccountDeleted:
    """Close the account, cut its sockets, and begin to delete what hangs on it."""
    user = command.user_key
    # Nobody could tell them later: then there is no account to be offline.
    tell_gone(ctx, user)
    store.close(ctx.tx, user, ctx.entity_id("gone"), ctx.now)
    _cut(ctx, user)
    ctx.schedule(PurgeAccount(user_key=user), at=ctx.now)
    return AccountDeleted()


@handles
def purge_account(ctx: Ctx, command: PurgeAccount) -> AccountPurged:
    """Delete at most a piece; the account's own row last, so that a crash loses no place."""
    user = command.user_key
    _cut(ctx, user)  # that of the first command may have been lost with the writer
    done = store.delete_rows(ctx.tx, user, PIECE)
    if done < PIECE:
        done += ctx.host.streams.disown(ctx.tx, user, PIECE - done)
    if done >= PIECE:
        ctx.schedule(command, at=ctx.now)
        return AccountPurged()
    ctx.erase(user)
    ctx.drop_stream(user)
    if store.delete_account(ctx.tx, user):
        ctx.schedule(command, at=ctx.now + LOG_LIFE)
    return AccountPurged()


@handles
def export_data(ctx: Ctx, query: ExportData) -> DataExported:  # noqa: ARG001 (it says nothing)
    """Sign a link that is good for a while, and only as long as this session."""
    session = _session(ctx, ctx.caller.session_id)
    expires = min(ctx.now + LINK_LIFE, session.next_expires_at or session.expires_at)
    expires -= expires % 1000
    token = ctx.host.resource(signer).sign_link(_PURPOSE, session.id, expires)
    return DataExported(url=f"/export/{token}", expires_at=Instant(expires), version=VERSION)


@handles
def open_export(ctx: Ctx, query: OpenExport) -> ExportOpened:
    """Check a link that somebody opens."""
    session_id = ctx.host.resource(signer).read_link(_PURPOSE, query.token, ctx.now)
    session = _session(ctx, session_id)
    return ExportOpened(
        session_id=session.id,
        name=f"hugmood-{iso(ctx.now)[:10]}.zip",
        files=list(exports.FILES),
    )


@handles
def read_export(ctx: Ctx, query: ReadExport) -> ExportRead:
    """Write the next stretch of a file, from what the database says now."""
    session = _session(ctx, query.session_id)
    return exports.read(ctx.tx, session.user_key, query.file, query.cursor, ctx.now)


def _cut(ctx: Ctx, user: int) -> None:
    """Close the sockets of all sessions; their rows are the last that are deleted."""
    sessions = store.sessions_to_cut(ctx.tx, user, ctx.now)
    ctx.cut(user, sessions, "session_revoked", farewell=True, asker_too=True)


def _session(ctx: Ctx, session_id: str) -> Session:
    """Find a session that still holds: it may have ended since the link was made."""
    session = session_by_id(ctx.tx, session_id)
    if session is None or session.revoked_at:
        raise invalid_token()
    return session
