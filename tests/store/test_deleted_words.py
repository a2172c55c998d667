"""What is deleted is not in the file any more, whatever SQLite was built to do."""

from pathlib import Path

from hugmood.store.sqlite import Sqlite

WORDS = "something that nobody should read again"


def test_overwritten(tmp_path: Path) -> None:
    """Deleted text is overwritten, also in pages that nothing uses any more."""
    file = tmp_path / "test.db"
    database = Sqlite(str(file))
    with database.transaction(write=True) as tx:
        tx.execute("CREATE TABLE note (text TEXT)")
        tx.execute_many("INSERT INTO note VALUES (:text)", [{"text": WORDS * 100}] * 50)
    database.close()
    assert WORDS.encode() in file.read_bytes()
    database = Sqlite(str(file))
    with database.transaction(write=True) as tx:
        tx.execute("DELETE FROM note")
    database.close()  # which moves the log into the file
    assert WORDS.encode() not in file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
