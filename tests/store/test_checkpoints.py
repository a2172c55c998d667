"""SQLite's log is copied into the file by a thread, so that no commit waits for it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import active_count
from time import monotonic, sleep

import pytest

from hugmood.store.opening import open_database
from hugmood.store.sqlite import (
    _CHECKPOINT_CHANGES,
    _FEW_PAGES,
    _LONG_LOG_PAGES,
    Checkpointer,
    Sqlite,
)
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


def write(database: Sqlite, rows: int, *, size: int = 1000) -> None:
    """Commit so many rows, some megabytes in all."""
    with database.transaction(write=True) as tx:
        tx.execute_many(WORD, [{"text": "x" * size}] * rows)


def beside(database: Sqlite) -> Checkpointer:
    """Have a thread copy the log."""
    database.checkpoint_beside()
    assert database._checkpointer
    return database._checkpointer


def copied(checkpointer: Checkpointer) -> None:
    """Wait until the thread has done what was asked of it."""
    end = monotonic() + 30
    while checkpointer._wanted.is_set():
        assert monotonic() < end
        sleep(0.001)


def log_pages(file: Path) -> int:
    """Return how many pages the log has since it began anew (SQLite's WAL format, `mxFrame`)."""
    index = file.with_name(file.name + "-shm").read_bytes()
    return int.from_bytes(index[16:20], sys.byteorder)


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
@pytest.mark.parametrize("is_long", [True, False])
def test_begun_anew(file: Path, *, is_long: bool) -> None:
    """Where the log is long the writer copies the little that came since, and it begins anew."""
    database = Sqlite(str(file))
    write(database, 1000)  # too little for the thread
    checkpointer = beside(database)
    write(database, 400)
    checkpointer._pages_at_once = _FEW_PAGES
    checkpointer._log_pages = _LONG_LOG_PAGES if is_long else _LONG_LOG_PAGES - 1
    write(database, 1)  # the commit copies
    write(database, 1)  # and the next one finds all of it copied
    assert (log_pages(file) < 10) == is_long
    assert not checkpointer._wanted.is_set()
    database.close()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("few", [True, False])
def test_who_copies(file: Path, *, few: bool) -> None:
    """Of a long log the writer copies nothing before the thread had little to copy."""
    database = Sqlite(str(file))
    checkpointer = beside(database)
    checkpointer._pages_at_once = _FEW_PAGES if few else _FEW_PAGES + 1
    checkpointer._log_pages = _LONG_LOG_PAGES
    write(database, 100)
    copied(checkpointer)
    by_writer = checkpointer._log_pages == 0
    assert (by_writer, checkpointer._log_pages) == (few, 0 if few else log_pages(file))
    database.close()


@pytest.mark.usefixtures("threads")
def test_long_log(file: Path) -> None:
    """A log that is long is copied by the thread first, if somebody who reads does not stop it."""
    database, reader = Sqlite(str(file)), Sqlite(str(file))
    checkpointer = beside(database)
    with reader.transaction(write=False) as tx:
        tx.rows("SELECT count(*) FROM note")
        for _ in range(2 * _LONG_LOG_PAGES // _CHECKPOINT_CHANGES):
            write(database, _CHECKPOINT_CHANGES, size=4000)
        copied(checkpointer)
        assert log_pages(file) > _LONG_LOG_PAGES
        assert checkpointer._log_pages == 0
    write(database, _CHECKPOINT_CHANGES)
    copied(checkpointer)
    assert checkpointer._log_pages > _LONG_LOG_PAGES
    reader.close()
    for _ in range(3):  # the thread copies little, the writer the rest, and it begins anew
        write(database, 1)
        copied(checkpointer)
    assert log_pages(file) < _LONG_LOG_PAGES
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
