"""A HugMood to be measured: a database with people in it, and a server on that.

People are put in by the features' own SQL and their tokens signed with the server's
own key, so that no benchmark waits for password hashes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final

from hugmood.ambient import System
from hugmood.features.auth import store
from hugmood.features.auth.sessions import LONG
from hugmood.features.auth.store import Account, Session
from hugmood.features.auth.tokens import Claims, Signer
from hugmood.features.follows.store import follow
from hugmood.store import migrate
from hugmood.store.opening import open_database
from native import Target

SECRET: Final = "for-benchmarks-only-" * 2
START_PATIENCE: Final = 30.0


@dataclass(frozen=True)
class Person:
    """Someone in the database, with a token that signs in."""

    key: int
    id: str
    token: str

    def auth(self, *, last: int | None = None) -> str:
        """Return the `auth` message, resuming after `last` if that is given."""
        data: dict[str, object] = {"method": "token", "token": self.token}
        if last is not None:
            data["lastSequenceNumber"] = last
        return json.dumps({"type": "auth", "id": f"auth-{self.key}", "data": data})


def populate(url: str, count: int) -> list[Person]:
    """Put people into a new database and return them."""
    migrate.upgrade(url)
    ambient, signer = System(), Signer([SECRET])
    now = ambient.now()
    people = []
    database = open_database(url, timeout=5)
    with database.transaction(write=True) as tx:
        for number in range(count):
            account = Account(0, ambient.entity_id("user"), False, f"P{number}", "UTC")  # noqa: FBT003
            key = store.insert_account(tx, account, now, email=f"{number}@example.org")
            assert key is not None
            session = Session(
                ambient.entity_id("session"),
                key,
                account.id,
                guest=False,
                long_lived=True,
                token_id=ambient.entity_id("token"),
                next_token_id=None,
                next_expires_at=None,
                previous_token_id=None,
                previous_until=None,
                expires_at=now + LONG,
                revoked_at=None,
            )
            store.insert_session(tx, session, now)
            claims = Claims(account.id, session.id, session.token_id, session.expires_at)
            people.append(Person(key, account.id, signer.sign(claims, now)))
    database.close()
    return people


def befriend(url: str, followee: Person, followers: list[Person]) -> None:
    """Have all of these follow one."""
    database = open_database(url, timeout=5)
    with database.transaction(write=True) as tx:
        for person in followers:
            follow(tx, followee.key, person.key, System().now())
    database.close()


@dataclass(frozen=True)
class Service:
    """A running server; its processes by the names that `loadgen` reports."""

    port: int
    processes: Mapping[str, int]
    seconds_to_ready: float

    @property
    def target(self) -> Target:
        """What to pass to the load generator."""
        return Target(self.port, self.processes)


@contextmanager
def database_folder() -> Iterator[str]:
    """Yield the URL of an SQLite file that does not exist yet, and remove it after."""
    folder = Path(tempfile.mkdtemp(prefix="hugmood-bench-"))
    try:
        yield f"sqlite:///{folder}/hugmood.db"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serve(url: str, **settings: str) -> Iterator[Service]:
    """Run a server on this database, without rate limits, until the block ends."""
    environ = os.environ | {
        "HUGMOOD_DATABASE_URL": url,
        "HUGMOOD_PORT": "0",
        "HUGMOOD_SECRET_KEY": SECRET,
        "HUGMOOD_RATE_LIMIT": "off",
        "HUGMOOD_LOG_FORMAT": "json",
        **settings,
    }
    began = time.perf_counter()
    with (
        tempfile.NamedTemporaryFile("r", prefix="hugmood-bench-") as log,
        Path(log.name).open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "hugmood", "serve"], env=environ, stderr=stderr
        ) as process,
    ):
        try:
            port = _port(log)
            _wait_for(port, "/readyz")
            ready = time.perf_counter() - began
            _wait_for(port, "/graphql", b"{}")  # it starts last, and is measured as the others are
            yield Service(port, {"gateway": process.pid, **_engine(process.pid)}, ready)
        finally:
            process.terminate()


def settle(service: Service, *, patience: float = 3) -> None:
    """Wait until a server has done what it does when nobody asks: it moves its log."""
    until = time.monotonic() + patience
    used = _cpu(service.processes.values())
    while time.monotonic() < until:
        time.sleep(0.1)
        before, used = used, _cpu(service.processes.values())
        if used - before < 0.02:  # noqa: PLR2004 (a fifth of a core)
            return


def _cpu(pids: Iterable[int]) -> float:
    """CPU seconds of processes so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _port(log: IO[str]) -> int:
    until = time.monotonic() + START_PATIENCE
    while time.monotonic() < until:
        line = log.readline()
        found = re.search(r'"port": ?(\d+)', line)
        if found:
            return int(found[1])
        if not line:
            time.sleep(0.01)
    raise AssertionError("the server did not start")


def _wait_for(port: int, path: str, body: bytes | None = None) -> None:
    """Ask again and again until the answer is another than that it is too early."""
    until = time.monotonic() + START_PATIENCE
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"}
    )
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 (likewise)
                return
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"{path} did not become ready")


def _engine(gateway: int) -> dict[str, int]:
    """Find the processes that serve a gateway, by what they call themselves."""
    found = {}
    for server in _children(gateway):
        for pid in _children(server):
            title = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]
            name = title.removeprefix("hugmood: ")
            found[name if name == "graphql" else f"engine-{name}"] = pid
    return found


def _children(pid: int) -> list[int]:
    """The processes that any thread of this one has started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for list_ in lists for child in list_.read_text().split()]
