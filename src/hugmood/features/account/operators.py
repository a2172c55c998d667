"""What operators do with accounts from the command line, beside a server that may run.

Reading is reading. Writing keeps to plain rows: streams and sockets are the writer's own,
and it is told by the schedule what to do about them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from hugmood.ambient import System
from hugmood.engine import schedule
from hugmood.features.account import exports, imports, store
from hugmood.features.account.imports import Taken
from hugmood.features.account.messages import Cursor
from hugmood.features.account.service import EraseAccount
from hugmood.features.auth.service import normal_email
from hugmood.store.database import Database
from hugmood.wire import codec
from hugmood.wire.message import given
from hugmood.wire.zipped import Zip


def delete_user(database: Database, email: str) -> str:
    """Close an account and return its id; the server's writer does the rest.

    ValueError, with a line for people, where there is none with this address.
    """
    ambient = System()
    now = ambient.now()
    with database.transaction(write=True) as tx:
        key, user_id = _found(store.by_email(tx, normal_email(email)))
        store.close(tx, key, ambient.entity_id("gone"), now)
        command = EraseAccount(user_key=key)
        schedule.put(tx, command.wire_type, codec.encode(command), 0)
    return user_id


def export_user(database: Database, email: str) -> Iterator[bytes]:
    """Write what someone owns, as they get it by `export_data`; ValueError as above."""
    now = System().now()
    with database.transaction(write=False) as tx:
        key, _ = _found(store.by_email(tx, normal_email(email)))
    archive = Zip()
    for file in exports.FILES:
        archive.begin(file)
        cursor: Cursor | None = Cursor()
        while cursor is not None:
            with database.transaction(write=False) as tx:
                stretch = exports.read(tx, key, file, cursor, now)
            yield archive.add(stretch.text)
            cursor = given(stretch.following)
    yield archive.end()


def import_user(
    database: Database, email: str, file: Path, watch: Callable[[int], Callable[[int], None]]
) -> Taken:
    """Take an export's moods and settings into an account; ValueError if it is bad.

    `watch` is told how many entries there are, and returns who is told of progress.
    """
    export = imports.read_export(file)
    with database.transaction(write=False) as tx:
        user = _found(store.by_email(tx, normal_email(email)))
    return imports.take(database, user, export, watch(len(export.moods)))


def _found(account: tuple[int, str] | None) -> tuple[int, str]:
    if account is None:
        message = "there is no account with this address"
        raise ValueError(message)
    return account
