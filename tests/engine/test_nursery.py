"""Processes that are forked from one that has loaded what they need."""

import os
import signal
import socket
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path
from typing import Final

import pytest

from hugmood.engine.nursery import Launched, Nursery

ECHO: Final = "tests.engine.echo"
PATIENCE: Final = 20.0


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """A nursery; what it has started ends with the test."""
    with Nursery() as nursery:
        yield nursery


def launch(nursery: Nursery, name: str = "echo") -> Launched:
    """Start one, and wait for it."""
    launched = nursery.launch(name, ECHO).result(PATIENCE)
    launched.sock.settimeout(PATIENCE)
    return launched


def introduced(sock: socket.socket) -> list[str]:
    """What a process says of itself."""
    return sock.recv(1000).decode().split()


def parent(pid: int | None) -> int:
    """The process that one came from."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_talk(nursery: Nursery) -> None:
    """A process has a name, which lists of processes show, and the other end of a socket."""
    process, sock = launch(nursery, "ada")
    with sock:
        assert ["ada", str(process.pid)] == introduced(sock)
        title = Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")[0]
        sock.sendall(b"well?")
        assert ("hugmood: ada", b"well?") == (title, sock.recv(1000))


def test_end(nursery: Nursery) -> None:
    """It ends with its socket."""
    process, sock = launch(nursery)
    with sock:
        introduced(sock)
    process.join(PATIENCE)
    assert 0 == process.exitcode


def test_exit_code(nursery: Nursery) -> None:
    """The code that it ends with is known."""
    process, sock = launch(nursery)
    with sock:
        introduced(sock)
        sock.sendall(b"stop")
        process.join(PATIENCE)
    assert 7 == process.exitcode


def test_early(nursery: Nursery) -> None:
    """What was started early is taken once, by who asks for just that."""
    nursery.early("read", ECHO)
    nursery.early("read", ECHO)
    found = [launch(nursery, name) for name in ("write", "read", "read", "read")]
    names = [introduced(sock)[0] for _, sock in found]
    for _, sock in found:
        sock.close()
    first, *pids = [process.pid or 0 for process, _ in found]
    assert ["write", "read", "read", "read"] == names
    assert pids[2] > first > max(pids[:2])


def test_nobody_asked() -> None:
    """What nobody asked for ends with the nursery."""
    with Nursery() as nursery:
        nursery.early("read", ECHO)
        process, sock = launch(nursery)
        with sock:
            _, pid = introduced(sock)
            assert int(pid) == process.pid
    process.join(PATIENCE)
    (early,) = nursery._early["read", ECHO]
    early.result().process.join(PATIENCE)
    assert not early.result().process.is_alive()


def test_one_family(nursery: Nursery) -> None:
    """All come from one process, which has loaded what they need."""
    families = set()
    for _ in range(3):
        process, sock = launch(nursery)
        with sock:
            families.add(parent(process.pid))
    assert 1 == len(families)
    assert os.getpid() == parent(families.pop())


def test_fork_server_dies(nursery: Nursery) -> None:
    """If the process that others come from dies, they live, and the next ones have another."""
    process, sock = launch(nursery)
    with sock:
        introduced(sock)
        dead = parent(process.pid)
        os.kill(dead, signal.SIGKILL)
        os.waitid(os.P_PID, dead, os.WEXITED | os.WNOWAIT)
        after, other = launch(nursery)
        with other:
            assert parent(after.pid) not in {dead, os.getpid()}
            sock.sendall(b"alive?")
            assert b"alive?" == sock.recv(1000)


def test_no_fork_server(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be started, that is an OSError like others."""

    def refuse(*_: object) -> None:
        raise EOFError

    monkeypatch.setattr(forkserver, "connect_to_new_process", refuse)
    with pytest.raises(OSError, match="the fork server does not answer"):
        launch(nursery)
