"""SQLite's log is copied into the file by a thread, so that no commit waits for it."""

from collections.abc import Iterator
from pathlib import Path
from threading import active_count

import pytest

from hugmood.store.opening import open_database
from hugmood.store.sqlite import _CHECKPOINT_CHANGES, Sqlite
from tests.databases import migrated_file

WORD = "INSERT INTO note (text) VALUES (:text)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a table."""
    path = tmp_path / "test.db"
    database = Sqlite(str(path))
    with database.transaction(write=True) as tx:
        tx.execute("CREATE TABLE note (text TEXT)")
    database.close()
    return path


@pytest.fixture
def threads() -> Iterator[None]:
    """No thread is left behind."""
    before = active_count()
    yield
    assert active_count() == before


def write(database: Sqlite, rows: int) -> None:
    """Commit so many rows, some megabytes in all."""
    with database.transaction(write=True) as tx:
        tx.execute_many(WORD, [{"text": "x" * 1000}] * rows)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("beside", [True, False])
def test_copied(file: Path, *, beside: bool) -> None:
    """What is much is in the file before anybody closes it."""
    before = file.stat().st_size
    database = Sqlite(str(file))
    if beside:
        database.checkpoint_beside()
    write(database, _CHECKPOINT_CHANGES)
    if database._checkpointer:
        database._checkpointer.stop()
    assert (file.stat().st_size > before + 1_000_000) == beside
    database.close()


@pytest.mark.usefixtures("threads")
def test_little(file: Path) -> None:
    """What is little waits for more."""
    database = Sqlite(str(file))
    database.checkpoint_beside()
    write(database, 1)
    assert database._checkpointer
    assert not database._checkpointer._wanted.is_set()
    database.close()


@pytest.mark.usefixtures("threads")
def test_nothing_lost(file: Path) -> None:
    """Commits go on while it is copied, and all of them are there."""
    database = Sqlite(str(file))
    database.checkpoint_beside()
    for _ in range(20):
        write(database, _CHECKPOINT_CHANGES)
    database.close()
    again = Sqlite(str(file))
    with again.transaction(write=False) as tx:
        assert tx.rows("SELECT count(*) FROM note") == [(20 * _CHECKPOINT_CHANGES,)]
        assert tx.rows("PRAGMA integrity_check") == [("ok",)]
    again.close()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("writes_much", [True, False])
def test_only_for_who_writes(tmp_path: Path, *, writes_much: bool) -> None:
    """Who only reads has no thread."""
    url = f"sqlite:///{migrated_file(tmp_path / 'test.db')}"
    before = active_count()
    database = open_database(url, timeout=1, writes_much=writes_much)
    assert active_count() == before + writes_much
    database.close()
