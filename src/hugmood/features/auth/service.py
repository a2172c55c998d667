"""First halves, in the checker beside the writer: signatures and passwords.

Each of these looks and computes, then goes on in the writer by an internal command
(`sessions`, `access`), which decides.
"""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hugmood.engine.handling import Ctx, handles
from hugmood.errors import Rejected, invalid, not_found
from hugmood.features.auth import store
from hugmood.features.auth.access import SetPassword, wrong_password
from hugmood.features.auth.ages import OLDEST, YOUNGEST, age
from hugmood.features.auth.limits import failed_logins, new_accounts
from hugmood.features.auth.messages import (
    AuthAnonymous,
    AuthCredentials,
    AuthRefresh,
    AuthRegister,
    AuthToken,
    ChangePassword,
)
from hugmood.features.auth.passwords import passwords, too_common
from hugmood.features.auth.sessions import (
    GUEST_GRACE,
    CreateAccount,
    OpenSession,
    ResumeSession,
    wrong_credentials,
)
from hugmood.features.auth.tokens import Claims, signer
from hugmood.wire.message import given

GUEST_NAME: Final = "Guest"


@handles
def auth_credentials(ctx: Ctx, command: AuthCredentials) -> OpenSession:
    """Check address and password, both unknown and wrong in the same time."""
    email = normal_email(command.email)
    failures = ctx.host.resource(failed_logins)
    failures.check(ctx.ask.remote, email, ctx.now)
    found = store.password_hash(ctx.tx, email)
    kept = found[1] if found else None
    right = ctx.host.resource(passwords).verify(kept, command.password)
    if found is None or not right:
        failures.failed(ctx.ask.remote, email, ctx.now)
        raise wrong_credentials()
    return OpenSession(
        user_key=found[0],
        password_hash=found[1],
        long_lived=command.remember_me,
        last_sequence_number=command.last_sequence_number,
    )


@handles
def auth_register(ctx: Ctx, command: AuthRegister) -> CreateAccount:
    """Check what an account needs, and hash its password."""
    ctx.host.resource(failed_logins).check(ctx.ask.remote, "", ctx.now)
    if too_common(command.password):
        raise invalid("data.password", "unknown_value", "This password is too common")
    if command.time_zone:
        check_time_zone(command.time_zone)
    _check_age(ctx, given(command.birth_date))
    email = normal_email(command.email)
    if store.password_hash(ctx.tx, email):
        ctx.host.resource(failed_logins).failed(ctx.ask.remote, "", ctx.now)
        raise invalid("data.email", "unknown_value", "This address cannot be used")
    ctx.host.resource(new_accounts).take(ctx.ask.remote, ctx.now)
    return CreateAccount(
        guest=False,
        name=command.name.strip(),
        email=email,
        password_hash=ctx.host.resource(passwords).hash(command.password),
        time_zone=command.time_zone or "UTC",
        birth_date=command.birth_date,
        long_lived=command.remember_me,
    )


@handles
def auth_token(ctx: Ctx, command: AuthToken) -> ResumeSession:
    """Verify the token's signature and time."""
    claims = _read(ctx, command.token)
    return ResumeSession(**claims._asdict(), last_sequence_number=command.last_sequence_number)


@handles
def auth_refresh(ctx: Ctx, command: AuthRefresh) -> ResumeSession:
    """Verify the token that is to be traded for a new one."""
    claims = _read(ctx, command.token)
    return ResumeSession(
        **claims._asdict(), refresh=True, last_sequence_number=command.last_sequence_number
    )


@handles
def auth_anonymous(ctx: Ctx, command: AuthAnonymous) -> CreateAccount | ResumeSession:
    """Make a new guest, or let one with a token, even an old one, come back."""
    if not command.token:
        ctx.host.resource(new_accounts).take(ctx.ask.remote, ctx.now)
        name = command.nickname.strip() if command.nickname else GUEST_NAME
        return CreateAccount(guest=True, name=name)
    claims = _read(ctx, command.token, grace=GUEST_GRACE)
    if not claims.user_id.startswith("anon-"):
        raise Rejected("invalid_auth", "This token is not valid")
    return ResumeSession(
        **claims._asdict(),
        returning_guest=True,
        last_sequence_number=command.last_sequence_number,
    )


@handles
def change_password(ctx: Ctx, command: ChangePassword) -> SetPassword:
    """Check the old password and hash the new one."""
    ctx.require_account()
    kept = store.own_password(ctx.tx, ctx.caller.key)
    if kept is None:
        raise not_found("data", "This account no longer exists")
    if too_common(command.new_password):
        raise invalid("data.newPassword", "unknown_value", "This password is too common")
    email, hashed = kept
    failures = ctx.host.resource(failed_logins)
    failures.check(ctx.ask.remote, email, ctx.now)
    # Each try counts, for each takes its time; nobody changes a password often.
    failures.failed(ctx.ask.remote, email, ctx.now)
    if not ctx.host.resource(passwords).verify(hashed, command.password):
        raise wrong_password()
    new = ctx.host.resource(passwords).hash(command.new_password)
    return SetPassword(kept=hashed, password_hash=new)


def normal_email(email: str) -> str:
    """Write an address the one way it is kept: case does not tell people apart."""
    return email.strip().casefold()


def check_time_zone(name: str) -> None:
    """Refuse what is not the name of an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid("data.timeZone", "unknown_value") from error


def _check_age(ctx: Ctx, birth: date | None) -> None:
    if birth is None:
        return
    if not YOUNGEST <= age(birth, ctx.now) <= OLDEST:
        raise invalid("data.birthDate", "out_of_range", "HugMood is for people of 13 and older")


def _read(ctx: Ctx, token: str, *, grace: int = 0) -> Claims:
    failures = ctx.host.resource(failed_logins)
    failures.check(ctx.ask.remote, "", ctx.now)
    try:
        return ctx.host.resource(signer).read(token, ctx.now, grace=grace)
    except Rejected:
        failures.failed(ctx.ask.remote, "", ctx.now)
        raise
