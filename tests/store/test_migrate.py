"""Bringing databases to the schema that this version needs."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from alembic import command

from hugmood.features.auth.names import words
from hugmood.store import migrate
from hugmood.store.database import DatabaseError, DatabaseUnavailable
from hugmood.store.opening import open_database
from tests.databases import Place
from tests.postgresql import PostgresServer

SHORT = 0.05
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it, not even a file."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.new_database() as address:
        yield address


def revision(url: str) -> str | None:
    """The step that a database is at."""
    database = open_database(url, timeout=SHORT)
    try:
        return migrate.revision(database)
    finally:
        database.close()


def execute(url: str, *statements: str) -> None:
    """Do something to a database."""
    database = open_database(url, timeout=SHORT)
    with database.transaction(write=True) as tx:
        for statement in statements:
            tx.execute(statement)
    database.close()


def tables(url: str) -> set[str]:
    """The names of a database's tables."""
    database = open_database(url, timeout=SHORT)
    with database.transaction(write=False) as tx:
        names = {name for (name,) in tx.rows(_TABLES[tx.dialect])}
    database.close()
    return names


def test_head() -> None:
    """The step that is said to be the newest is the newest file."""
    steps = resources.files("hugmood.store.migrations") / "versions"
    names = sorted(file.name for file in steps.iterdir() if file.name[0].isdigit())
    assert names[-1].startswith(f"{migrate.HEAD}_")


def test_empty_database(url: str) -> None:
    """An empty database is at no step."""
    assert revision(url) is None


def test_upgrade(url: str) -> None:
    """An empty database comes to the newest step."""
    migrate.upgrade(url)
    assert revision(url) == migrate.HEAD


def test_upgrade_twice(url: str) -> None:
    """A database at the newest step stays as it is, and keeps what it holds."""
    migrate.upgrade(url)
    execute(url, "INSERT INTO stream_head VALUES (1, 2, 0)")
    before = tables(url)
    migrate.upgrade(url)
    database = open_database(url, timeout=SHORT)
    with database.transaction(write=False) as tx:
        rows = tx.rows("SELECT * FROM stream_head")
    database.close()
    assert (tables(url), rows) == (before, [(1, 2, 0)])


def test_tables(url: str) -> None:
    """Everything that features keep has a table."""
    migrate.upgrade(url)
    wanted = {"account", "session", "follow", "mood_entry", "mood_day", "hug"}
    wanted |= {"notification", "badge", "badge_progress"}
    assert wanted <= tables(url)


def test_step_that_fails(url: str) -> None:
    """A step that fails says so in the database's own words, and undoes what it did.

    On SQLite half of the tables stayed, so that no later start could make them.
    """
    execute(url, "CREATE TABLE hug (id text)")
    with pytest.raises(DatabaseError, match=r"could not be migrated.*hug"):
        migrate.upgrade(url)
    assert (revision(url), tables(url) - {"alembic_version"}) == (None, {"hug"})


def test_later_step(url: str) -> None:
    """A database of a later version is left alone, and its step is told as it is."""
    migrate.upgrade(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    assert revision(url) == "9999"


def test_upgrade_of_later_step(url: str) -> None:
    """A database of a later version cannot be migrated, and it is said why.

    After going back to an older version the server started again and again.
    """
    migrate.upgrade(url)
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="9999"):
        migrate.upgrade(url)


def test_unreachable_server(tmp_path: Path) -> None:
    """A server that does not answer cannot be migrated."""
    with pytest.raises(DatabaseError, match="could not be migrated"):
        migrate.upgrade(f"postgresql://nobody@/none?host={tmp_path}")


def test_revision_of_unreachable(tmp_path: Path) -> None:
    """A server that does not answer cannot be asked for its step."""
    with pytest.raises(DatabaseUnavailable):
        revision(f"postgresql://nobody@/none?host={tmp_path}")


def test_password_not_told(tmp_path: Path) -> None:
    """What is said when migrating fails does not have the address's password."""
    with pytest.raises(DatabaseError) as caught:
        migrate.upgrade(f"postgresql://nobody:hunter22@/none?host={tmp_path}")
    assert "hunter22" not in str(caught.value)


def test_special_characters(postgres_server: PostgresServer) -> None:
    """An address with escaped characters in it is understood by all who read it."""
    with postgres_server.new_database() as address:
        escaped = address.replace("hugmood@", "hugmo%6Fd@")
        migrate.upgrade(escaped)
        assert revision(escaped) == migrate.HEAD


def test_times_of_old_days(url: str) -> None:
    """Days of before there were badges get the times of their entries."""
    migrate.upgrade(url, "0006")
    entry = """
        INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, is_public,
            occurred_at, time_zone, utc_offset, day)
        SELECT :id, key, 'calm', 1, 'x', 0, guest, :at, 'UTC', 0, :day FROM account
    """
    database = open_database(url, timeout=SHORT)
    with database.transaction(write=True) as tx:
        tx.execute(ACCOUNT, {"no": False})
        for number, (at, day) in enumerate([(30, 1), (10, 1), (20, 1), (40, 2)]):
            tx.execute(entry, {"id": f"m{number}", "at": at, "day": day})
        tx.execute(
            "INSERT INTO mood_day (user_key, day) SELECT DISTINCT user_key, day FROM mood_entry"
        )
    migrate.upgrade(url)
    with database.transaction(write=False) as tx:
        rows = tx.rows("SELECT day, first_at, last_at FROM mood_day ORDER BY day")
    database.close()
    assert rows == [(1, 10, 30), (2, 40, 40)]


DEPENDENT = {
    "notification": """
        INSERT INTO notification (user_key, id, kind, title, body, created_at)
        VALUES (1, 'n', CASE WHEN :no THEN '' ELSE 'k' END, '', '', 0)""",
    "badge": """
        INSERT INTO badge (user_key, badge, id, earned_at)
        VALUES (1, 'b', CASE WHEN :no THEN '' ELSE 'i' END, 0)""",
    "badge_progress": """
        INSERT INTO badge_progress (user_key, badge, subject)
        VALUES (1, 'b', CASE WHEN :no THEN '' ELSE 's' END)""",
    "session": """
        INSERT INTO session (id, user_key, long_lived, token_id, created_at, expires_at)
        VALUES ('s', 1, :no, 't', 0, 0)""",
    "hug": """
        INSERT INTO hug (id, sender_key, recipient_key, hug_type, sent_at)
        VALUES ('h', 1, 1, CASE WHEN :no THEN '' ELSE 'warm' END, 0)""",
    "follow": """
        INSERT INTO follow (followee_key, follower_key, created_at)
        VALUES (1, 1, CASE WHEN :no THEN 1 ELSE 0 END)""",
    "mood_entry": """
        INSERT INTO mood_entry (id, user_key, mood, intensity, model, affect, is_public,
            occurred_at, time_zone, utc_offset, day)
        VALUES ('m', 1, 'calm', 1, 'x', 0, :no, 0, 'UTC', 0, 1)""",
}
ACCOUNT = "INSERT INTO account (id, guest, name, created_at) VALUES ('u', :no, 'Ada', 0)"


@pytest.mark.parametrize("table", DEPENDENT)
def test_account_gone(place: Place, table: str) -> None:
    """With an account go its sessions, hugs, follows and moods."""
    with place.open().transaction(write=True) as tx:
        tx.execute(ACCOUNT, {"no": False})
        tx.execute(DEPENDENT[table], {"no": False})
        gone = tx.execute("DELETE FROM account")
        left = tx.rows(f"SELECT count(*) FROM {table}")  # noqa: S608 (a constant)
    assert (gone, left) == (1, [(0,)])


def test_people_of_before_are_found(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had an account before names could be searched is found as others are."""
    to_head = command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda config, _: to_head(config, "0003"))
    migrate.upgrade(url)
    monkeypatch.undo()
    execute(
        url,
        """
        INSERT INTO account (id, guest, name, email, created_at) VALUES
            ('user-1', false, 'Zoë van-Dijk', 'zoe@example.com', 0),
            ('anon-1', true, 'Guest', NULL, 0)
        """,
    )
    migrate.upgrade(url)
    database = open_database(url, timeout=SHORT)
    with database.transaction(write=False) as tx:
        found = [word for (word,) in tx.rows("SELECT word FROM name_word")]
    database.close()
    assert sorted(found) == sorted(words("Zoë van-Dijk")) == ["dijk", "van-dijk", "zoe van-dijk"]
