"""When the machine does not do its part: nothing is acknowledged that is not on disk.

These tests take seconds: they start real processes, and wait for them.
"""

import os
import resource
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.server import Service, hugmood, serving, until
from tests.e2e.talk import Message, Talk, talking

WAIT: Final = {"db_timeout": "0.2", "rate_limit": "off"}
LONG: Final = "x" * 2000


def mood(note: str) -> Message:
    """The data of a `mood_update`."""
    return {"mood": "happy", "intensity": 0.5, "note": note}


def largest_file(folder: Path) -> int:
    """The size of the biggest file there, which may be the log."""
    return max(path.stat().st_size for path in folder.iterdir())


def file_of(database_url: str) -> str:
    """The SQLite file at this address."""
    return database_url.removeprefix("sqlite:///")


async def notes(talk: Talk) -> list[str]:
    """Every mood that was kept, by its note, oldest first."""
    return [item["note"] for item in reversed(await talk.history("mood_history"))]


def check_refused(service: Service, error: Message) -> None:
    """The client learns nothing of the inside; the log has it under the error's id."""
    assert error["type"] == "error"
    assert error["data"] == {
        "code": "server_error",
        "message": "Something went wrong on our side; please try again",
        "originalMessageId": error["data"]["originalMessageId"],
    }
    assert [error["id"]] == [
        line["error_id"]
        for line in service.logged("command failed")
        if line["error_id"] == error["id"]
    ]
    assert service.logged("transaction failed")


async def test_locked_database(tmp_path: Path, database_url: str) -> None:
    """Another process holds the database: `server_error`, and all is well after that."""
    with serving(tmp_path, database_url, **WAIT) as service:
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
            with closing(sqlite3.connect(file_of(database_url), isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                error = await talk.request("mood_update", mood("held"), "mood-1")
                check_refused(service, error)
                assert [] == await notes(talk)
            reply = await talk.request("mood_update", mood("held"), "mood-1")
            assert reply["data"]["success"]
            assert ["held"] == await notes(talk)
            assert 1 == (await talk.heard("mood_changed"))["sequenceNumber"]


@contextmanager
def file_size_limit(pid: int, size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes: to it the disk is full."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def keep_until_full(talk: Talk) -> tuple[list[str], str, Message]:
    """Add moods until one is refused; return what was kept, and that one with its error."""
    kept: list[str] = []
    for number in count():
        note = f"{number} {LONG}"[:2000]
        reply = await talk.request("mood_update", mood(note), f"mood-{number}")
        if reply["type"] == "error":
            return kept, note, reply
        kept.append(note)
    raise AssertionError


async def test_full_disk(tmp_path: Path, database_url: str) -> None:
    """No room for one more: `server_error`; with room again, the same command succeeds."""
    with serving(tmp_path, database_url, **WAIT) as service:
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
            limit = largest_file(tmp_path) + 200_000
            with file_size_limit(service.engine("write"), limit):
                kept, note, error = await keep_until_full(talk)
                check_refused(service, error)
                assert kept == await notes(talk)
            message_id = error["data"]["originalMessageId"]
            reply = await talk.request("mood_update", mood(note), message_id)
            assert reply["data"]["success"]
            assert [*kept, note] == await notes(talk)
            assert [] == service.logged("engine process died")


async def test_second_server_on_the_same_file(tmp_path: Path, database_url: str) -> None:
    """Two writers would give out the same numbers: the second waits for the first to go."""
    with serving(tmp_path, database_url, **WAIT) as first:
        await first.ready()
        with serving(tmp_path, database_url, **WAIT) as second:
            await until(lambda: bool(second.logged("database not ready")))
            await second.listening()
            assert ["another server is writing to this database"] == [
                line["reason"] for line in second.logged("database not ready")
            ]
            assert (503, 200) == (await second.status("/readyz"), await second.status("/healthz"))
            assert 200 == await first.status("/readyz")
            first.kill()
            await second.ready()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"port": "http"}, "HUGMOOD_PORT: 'http' is not accepted"),
        ({"prot": "80"}, "HUGMOOD_PROT is not a setting of HugMood; did you mean HUGMOOD_PORT?"),
        ({"env": "production"}, "HUGMOOD_SECRET_KEY is missing"),
        ({"database_url": "sqlite:///no/such/folder/x.db"}, "there is no directory"),
        ({"tls_cert": __file__, "tls_key": __file__}, "are no certificate and its key"),
    ],
    ids=["value", "name", "production", "folder", "certificate"],
)
def test_wrong_configuration(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    """The server does not start: one line says why, and the exit code is EX_CONFIG."""
    url = {"database_url": f"sqlite:///{tmp_path}/hugmood.db"}
    run = hugmood(tmp_path, "serve", **url | settings)
    assert (os.EX_CONFIG, "", 1) == (run.returncode, run.stdout, run.stderr.count("\n"))
    assert run.stderr.startswith("hugmood: ")
    assert words in run.stderr


async def test_port_in_use(tmp_path: Path, database_url: str) -> None:
    """Somebody else listens there: it says so, and stops with all its processes."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = {"port": str(other.getsockname()[1]), "database_url": database_url}
        run = hugmood(tmp_path, "serve", **settings)
    assert run.returncode not in {0, 1}
    assert 1 == run.stderr.count("address already in use")
    assert "Traceback" not in run.stderr
