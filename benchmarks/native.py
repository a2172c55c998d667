"""The load generator and the send-loop limit, built from C and called from Python.

Every mode of the load generator is a function here: it writes the messages into
files, runs the program, and returns what the program printed as a frozen struct.
`native/README.md` describes the programs themselves.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "native"
BUILD = HERE / "build"

# Connecting, settling and closing, on top of the time that a run is asked to take.
PATIENCE_S = 120.0


class LoadgenError(Exception):
    """A run that measured nothing, or measured a server that misbehaved."""


class Use(msgspec.Struct, frozen=True):
    """What one process of the server used during the measured window.

    `cpu_s` has the resolution of the scheduler; `user_s` and `system_s` have ticks of 10 ms.
    """

    name: str
    pid: int
    cpu_s: float
    user_s: float
    system_s: float
    cpu_s_per_million: float | None
    rss_kb: int
    rss_growth_kb: int
    pss_kb: int
    pss_growth_kb: int


class Window(msgspec.Struct, frozen=True):
    """What every mode reports; `other_cpu_s` and `steal_s` tell how quiet the machine was.

    `cpu_s_per_million` is about deliveries, acknowledged commands, or sockets (idle, storm).
    `reads` counts the loadgen's `recv()` calls, and `frames` the messages' frames they brought.
    """

    sockets: int
    seconds: float
    errors: int
    frames: int
    reads: int
    processes: tuple[Use, ...]
    cpu_s: float
    cpu_s_per_million: float | None
    loadgen_cpu_s: float
    other_cpu_s: float
    steal_s: float

    def process(self, name: str) -> Use:
        """Return the use of the process given by this name; KeyError if there is none."""
        for use in self.processes:
            if use.name == name:
                return use
        raise KeyError(name)


class Fanout(Window, frozen=True):
    """Deliveries per second; latencies run from a publish to its last receipt."""

    outstanding: int
    publishes: int
    deliveries: int
    deliveries_per_s: float
    bytes_per_delivery: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    sequences_checked: int
    sequence_errors: int


class Idle(Window, frozen=True):
    """Memory that open, authenticated and silent sockets cost, all processes together."""

    rss_kb_per_socket: float
    pss_kb_per_socket: float


class Commands(Window, frozen=True):
    """Acknowledged commands per second, and the latency of each."""

    acknowledged: int
    acknowledged_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class Requests(Window, frozen=True):
    """HTTP requests answered per second, and the latency of each."""

    answered: int
    answered_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float


class Storm(Window, frozen=True):
    """Reconnection of everybody; `seconds` lasts until all are done, or the deadline.

    Latencies run from a socket's first connect() to its last missed message.
    """

    done: int
    failed: int
    lost: int
    messages: int
    payload_bytes: int
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class Target:
    """The server under test.

    `processes` maps a name of one's choice to a process id; each is measured separately.
    """

    port: int
    processes: Mapping[str, int]
    path: str = "/ws"
    subprotocol: str | None = None


@dataclass(frozen=True)
class Limit:
    """A running send loop."""

    port: int
    pid: int

    @property
    def target(self) -> Target:
        """What to pass to the modes."""
        return Target(self.port, {"sendloop": self.pid})


def build() -> Path:
    """Build both programs where they are out of date, and return their folder."""
    make = shutil.which("make")
    if make is None:
        message = "the native programs need make and a C compiler"
        raise LoadgenError(message)
    done = subprocess.run(  # noqa: S603 - our own sources
        [make, "--silent", "-C", str(SOURCES), f"BUILD={BUILD}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LoadgenError(done.stderr)
    return BUILD


@contextmanager
def sendloop(*, reply_only: bool = False) -> Iterator[Limit]:
    """Run the send loop on a free port; with `reply_only` it answers and delivers nothing."""
    command = [str(build() / "sendloop"), "0"]
    if reply_only:
        command.append("--reply-only")
    with subprocess.Popen(  # noqa: S603 - the program built above
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()  # "listening on 127.0.0.1:PORT"
            if not line:
                message = "the send loop did not start"
                raise LoadgenError(message)
            yield Limit(int(line.rpartition(":")[2]), process.pid)
        finally:
            process.terminate()


def fanout(  # noqa: PLR0913 - one argument for each option of the program
    target: Target,
    *,
    subscribers: int,
    message: str,
    init: Sequence[str] = (),
    publisher_init: str | None = None,
    outstanding: int = 1,
    seconds: float = 5,
    warm: float = 1,
    verify: bool = False,
    marker: str | None = None,
    ready_marker: str | None = None,
    binary: bool = False,
    parallel: int = 16,
) -> Fanout:
    r"""Publish `message` to `subscribers` sockets, `outstanding` at a time.

    `init[i]` is what subscriber i sends first (one alone serves all); in `message` each `@@`
    becomes a number never used before. `ready_marker` is in the reply to `init`, where other
    messages may come before it. With `binary`, for NATS and MQTT, frames are of bytes, and the
    messages and `ready_marker` spell some as `\r`, `\n` and `\xHH`. Raises LoadgenError when
    no publish reached everybody, or `verify` found a number that did not rise by one.
    """
    options: dict[str, object] = {
        "--outstanding": outstanding,
        "--verify": verify,
        "--marker": marker,
        "--ready-marker": ready_marker,
        "--binary": binary,
        "--seconds": seconds,
        "--warm": warm,
        "--parallel": parallel,
    }
    files = {
        "--init": init,
        "--message": [message],
        "--publisher-init": [publisher_init] if publisher_init is not None else [],
    }
    output = _run("fanout", target, subscribers, options, files, seconds + warm)
    return msgspec.json.decode(output, type=Fanout)


def idle(
    target: Target,
    *,
    sockets: int,
    init: Sequence[str] = (),
    seconds: float = 5,
    parallel: int = 16,
) -> Idle:
    """Open `sockets`, leave them alone for `seconds`, and report what memory they took."""
    options: dict[str, object] = {"--seconds": seconds, "--parallel": parallel}
    output = _run("idle", target, sockets, options, {"--init": init}, seconds)
    return msgspec.json.decode(output, type=Idle)


def commands(  # noqa: PLR0913 - as fanout()
    target: Target,
    *,
    sockets: int,
    messages: Sequence[str],
    init: Sequence[str] = (),
    seconds: float = 5,
    warm: float = 1,
    reply_marker: str | None = None,
    parallel: int = 16,
) -> Commands:
    """Keep one command outstanding on each socket.

    Socket i sends `messages[i % len(messages)]`, with a fresh number for each `@@`. An `error`
    message is an answer, too, and is counted in `errors`. Raises LoadgenError when no command
    was acknowledged.
    """
    options: dict[str, object] = {
        "--reply-marker": reply_marker,
        "--seconds": seconds,
        "--warm": warm,
        "--parallel": parallel,
    }
    files = {"--init": init, "--message": messages}
    output = _run("commands", target, sockets, options, files, seconds + warm)
    return msgspec.json.decode(output, type=Commands)


def requests(  # noqa: PLR0913 - as fanout()
    target: Target,
    *,
    sockets: int,
    body: str,
    reply_marker: str,
    header: str | None = None,
    seconds: float = 5,
    warm: float = 1,
    pause: float = 0,
) -> Requests:
    """Keep one POST of `body` outstanding on each connection; they stay open.

    With a `pause` in seconds, each connection rests so long after an answer.

    Raises LoadgenError at the first answer without the marker.
    """
    options: dict[str, object] = {
        "--reply-marker": reply_marker,
        "--header": header,
        "--seconds": seconds,
        "--warm": warm,
        "--pause": pause,
    }
    output = _run("requests", target, sockets, options, {"--message": [body]}, seconds + warm)
    return msgspec.json.decode(output, type=Requests)


def storm(
    target: Target,
    *,
    sockets: int,
    init: Sequence[str],
    expect: int = 1,
    marker: str | None = None,
    parallel: int | None = None,
    deadline: float = 60,
) -> Storm:
    """Connect `sockets` at once, until each has seen `marker` `expect` times.

    `init` holds `auth` messages with a `lastSequenceNumber`. The marker is that of
    `missed_messages` unless given; that of the messages inside counts these. `parallel` bounds
    the sockets between connect() and the reply to `auth`: all of them unless given.
    """
    options: dict[str, object] = {
        "--expect": expect,
        "--marker": marker,
        "--parallel": parallel or sockets,
        "--deadline": deadline,
    }
    output = _run("storm", target, sockets, options, {"--init": init}, deadline)
    return msgspec.json.decode(output, type=Storm)


def _run(
    mode: str,
    target: Target,
    sockets: int,
    options: Mapping[str, object],
    files: Mapping[str, Sequence[str]],
    seconds: float,
) -> bytes:
    """Run the load generator, and return the JSON that it printed."""
    command = [str(build() / "loadgen"), mode]
    command += _arguments({"--port": target.port, "--sockets": sockets, "--path": target.path})
    command += _arguments({"--subprotocol": target.subprotocol, **options})
    for name, pid in target.processes.items():
        command += ["--process", f"{name}={pid}"]
    with tempfile.TemporaryDirectory() as folder:
        for option, lines in files.items():
            if lines:
                path = Path(folder, option.lstrip("-"))
                path.write_text("".join(f"{_one_line(line)}\n" for line in lines), "utf-8")
                command += [option, str(path)]
        return _output(command, seconds + PATIENCE_S)


def _arguments(options: Mapping[str, object]) -> list[str]:
    """Spell options out: None and False are left out, True has no value."""
    arguments: list[str] = []
    for option, value in options.items():
        if value is None or value is False:
            continue
        arguments += [option] if value is True else [option, str(value)]
    return arguments


def _one_line(text: str) -> str:
    if not text or "\n" in text:
        message = f"a message is one line of JSON, not {text!r}"
        raise ValueError(message)
    return text


def _output(command: Sequence[str], timeout: float) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the program built above
            command, capture_output=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        message = f"no result after {timeout:.0f} s: {os.fsdecode(error.stderr or b'')}"
        raise LoadgenError(message) from error
    notes = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        message = notes or f"exit status {done.returncode}"
        raise LoadgenError(message)
    if notes:
        print(notes, file=sys.stderr)
    return done.stdout
