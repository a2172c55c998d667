"""What people and tests do about leaving, and about what they take along."""

import io
import zipfile
from collections.abc import Iterator
from typing import Final, TypeVar

from hugmood.engine.records import Answer, internal_ask
from hugmood.errors import Refusal
from hugmood.features.account.messages import (
    AccountDeleted,
    Cursor,
    DeleteAccount,
    ExportData,
    ExportOpened,
    ExportRead,
    OpenExport,
    ReadExport,
)
from hugmood.wire import codec
from hugmood.wire import message as wire
from hugmood.wire.zipped import Zip
from tests.device import Device
from tests.world import World

R = TypeVar("R", bound=wire.Reply)

COLUMNS: Final = {
    "sqlite": """
        SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table'
    """,
    "postgres": """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public'
    """,
}


def leave(device: Device) -> AccountDeleted:
    """Delete one's account."""
    return device.request(DeleteAccount(password=device.password))


def traces(world: World, user: int) -> dict[tuple[str, str], int]:
    """How many rows name this person, by table and column whose name ends in `_key`."""
    with world.database.transaction(write=False) as tx:
        columns = [
            (table, column)
            for table, column in tx.rows(COLUMNS[tx.dialect])
            if column.endswith("_key")
            or (table, column) in {("account", "key"), ("event", "author")}
        ]
        counted = {
            (table, column): tx.rows(
                f"SELECT count(*) FROM {table} WHERE {column} = :user",  # noqa: S608 (the schema's words)
                {"user": user},
            )[0][0]
            for table, column in columns
        }
    return {place: rows for place, rows in counted.items() if rows}


def key_of(world: World, device: Device) -> int:
    """Somebody's key."""
    with world.database.transaction(write=False) as tx:
        (row,) = tx.rows("SELECT key FROM account WHERE id = :id", {"id": device.user_id})
    return int(row[0])


class NotServed(Exception):  # noqa: N818 (an answer)
    """The engine said no to the gateway."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def ask(world: World, query: wire.Query[R], kind: type[R]) -> R:
    """Ask the engine as the gateway does."""
    heard: list[object] = []
    question = internal_ask(query.wire_type, codec.encode(query), number=0)
    world.turn(lambda: world.engine.ask(question, heard.append))
    (answer,) = heard
    assert isinstance(answer, Answer)
    if answer.refusal:
        raise NotServed(answer.refusal)
    return codec.decoder(kind)(answer.data)


def download(device: Device) -> dict[str, str]:
    """Ask for one's data, and fetch it: the files by name."""
    url = device.request(ExportData()).url
    return dict(unzipped(fetch(device.world, url)))


def fetch(world: World, url: str) -> bytes:
    """Fetch an export as the gateway writes it."""
    opened = ask(world, OpenExport(token=url.removeprefix("/export/")), ExportOpened)
    archive, data = Zip(), b""
    for file in opened.files:
        archive.begin(file)
        for text in stretches(world, opened.session_id, file):
            data += archive.add(text)
    return data + archive.end()


def stretches(world: World, session_id: str, file: str) -> Iterator[str]:
    """Read one file of an export."""
    cursor: Cursor | None = Cursor()
    while cursor is not None:
        question = ReadExport(session_id=session_id, file=file, cursor=cursor)
        stretch = ask(world, question, ExportRead)
        yield stretch.text
        cursor = wire.given(stretch.following)


def unzipped(data: bytes) -> Iterator[tuple[str, str]]:
    """The files in an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            yield name, archive.read(name).decode()
