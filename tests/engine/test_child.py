"""Processes that are started before they are asked for."""

import socket
import subprocess
import sys

import pytest

from hugmood.engine import child
from hugmood.engine.child import Launched, Launcher


def test_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was started early is taken once, by who asks for just that."""
    started: list[tuple[str, str]] = []

    def launched(name: str, module: str) -> Launched:
        started.append((name, module))
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        ours, theirs = socket.socketpair()
        theirs.close()
        ours.close()
        return Launched(process, ours)

    monkeypatch.setattr(child, "_launched", launched)
    launcher = Launcher()
    launcher.early("read", "engine")
    launcher.early("read", "engine")
    found = [launcher.launch(*what) for what in [("write", "engine"), *[("read", "engine")] * 3]]
    assert 4 == len({one.process.pid for one in found})
    assert [("read", "engine")] * 2 + [("write", "engine"), ("read", "engine")] == started
