"""Opening an account from the command line, beside a server that may be running."""

import msgspec

from hugmood.ambient import System
from hugmood.errors import Rejected
from hugmood.features.auth import store
from hugmood.features.auth.messages import AuthRegister
from hugmood.features.auth.passwords import Passwords, too_common
from hugmood.features.auth.service import check_time_zone, normal_email
from hugmood.features.auth.store import Account
from hugmood.store.database import Database


def add_account(database: Database, *, email: str, name: str, password: str, time_zone: str) -> str:
    """Open an account and return its id.

    ValueError, with a line for people, where a value is wrong or the address known.
    """
    _check(email=email, name=name, password=password, time_zone=time_zone)
    ambient = System()
    account = Account(0, ambient.entity_id("user"), False, name.strip(), time_zone)  # noqa: FBT003
    hashed = Passwords().hash(password)
    with database.transaction(write=True) as tx:
        key = store.insert_account(
            tx, account, ambient.now(), email=normal_email(email), password=hashed
        )
    if key is None:
        message = "there is an account with this address already"
        raise ValueError(message)
    return account.id


def _check(*, email: str, name: str, password: str, time_zone: str) -> None:
    given = {"email": email, "name": name, "password": password, "timeZone": time_zone}
    try:
        msgspec.convert({"method": "register", **given}, AuthRegister)
        check_time_zone(time_zone)
    except (msgspec.ValidationError, Rejected) as error:
        raise ValueError(str(error)) from error
    if too_common(password):
        message = "this password is too common"
        raise ValueError(message)
