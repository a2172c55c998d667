"""What stands beside HugMood in the benchmarks: installed apart from it, and started.

Python packages go into an environment of their own under `build/`, made when first
asked for from a file in `peers/` that names each with its version.
"""

import resource
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from native import BUILD, HERE

PEERS: Final = HERE / "peers"
PATIENCE_S: Final = 30.0

_FILES: Final = 21_000
"""For 20,000 sockets and whatever else a process has open."""


class MissingError(Exception):
    """It cannot be installed or started here; the text says why."""


def environment(name: str) -> Path:
    """Make it from `peers/NAME.txt` where it is missing or out of date; return its `bin`."""
    needs = PEERS / f"{name}.txt"
    home = BUILD / name.replace("_", "-")
    programs, stamp = home / "bin", home / "installed.txt"
    if stamp.exists() and stamp.read_text() == needs.read_text():
        return programs
    run([sys.executable, "-m", "venv", "--clear", str(home)])
    pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "install", "--requirement", str(needs)])
    stamp.write_text(needs.read_text())
    return programs


def run(
    command: Sequence[str], *, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> None:
    """Run a command to its end; MissingError says what it complained of last."""
    done = subprocess.run(  # noqa: S603 (our own commands)
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["failed"])[-1]
        message = f"{Path(command[0]).name}: {reason}"
        raise MissingError(message)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_listening(port: int, process: subprocess.Popen[bytes], name: str) -> None:
    """Wait until a process takes connections; MissingError where it ends, or never does."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    message = f"{name} did not start"
    raise MissingError(message)


def allow_many_sockets() -> int:
    """Let the processes started from here on open as many sockets as benchmarks need.

    Returns how many that are, in whole thousands: only root may raise the system's limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, _FILES), hard):
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(most, _FILES)), most))
            break
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1_000) // 1_000 * 1_000
