"""The real server as tests start, watch, stop and kill it: gateway and engine processes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    import ssl

SOURCE: Final = Path(__file__).parents[2] / "src"
PATIENCE: Final = 60.0
"""Seconds after which a test has failed, however busy the machine is."""
PROBES: Final = 0.05


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (nobody would set an event)
            await asyncio.sleep(PROBES / 2)


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's environment, with only these settings (`auth_timeout="2"`)."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HUGMOOD_")}
    given = {f"HUGMOOD_{name.upper()}": text for name, text in settings.items()}
    return kept | given | {"PYTHONPATH": str(SOURCE)}


def hugmood(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `hugmood` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hugmood", *words],
        cwd=folder,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def command(pid: int) -> list[str]:
    """What lists of processes show of one."""
    return Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")


class Service:
    """A server on a free port, and after a restart on another one."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        """Keep its log in this folder; nothing is started yet."""
        self.database_url = database_url
        self._folder = folder
        # GraphQL has tests of its own: others need not wait for its process.
        usual = {"host": "127.0.0.1", "port": "0", "graphql": "off"}
        self._settings = usual | {"database_url": database_url} | settings
        self._log = folder / f"server-{os.urandom(4).hex()}.log"
        self._log.touch()
        self.tls: ssl.SSLContext | None = None
        """What a client trusts, where the server speaks TLS."""
        self._from = 0
        self._process: subprocess.Popen[bytes] | None = None

    # Its life

    def start(self) -> None:
        """Start it, as the leader of a group of processes that is easy to kill."""
        self._from = self._log.stat().st_size
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hugmood", "serve"],
                cwd=self._folder,
                env=environment(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> Self:
        """Wait until it says that it is ready."""
        async with asyncio.timeout(PATIENCE):
            while await self.status("/readyz") != 200:
                assert self.process.poll() is None, self.log
                await asyncio.sleep(PROBES)
        return self

    async def listening(self) -> None:
        """Wait until it answers, ready or not."""
        await until(lambda: bool(self.logged("listening")))

    def kill(self) -> None:
        """Kill all its processes at once (SIGKILL)."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    async def terminate(self) -> int:
        """Ask it to stop (SIGTERM); return its exit code."""
        self.process.terminate()
        return await asyncio.wait_for(asyncio.to_thread(self.process.wait), PATIENCE)

    async def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()
        await self.ready()

    # Its processes

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The gateway."""
        assert self._process is not None
        return self._process

    def engine(self, lane: str) -> int:
        """The process that is now the writer, reader or checker (`write`, `read`, `check`)."""
        return self.titled(f"hugmood: {lane}")

    def titled(self, title: str) -> int:
        """The process of ours that calls itself so."""
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it may end meanwhile
                pid = int(folder.name)
                if command(pid)[0] == title and os.getpgid(pid) == self.process.pid:
                    return pid
        raise ProcessLookupError(title)

    def kill_engine(self, lane: str) -> None:
        """Kill one of its processes (SIGKILL)."""
        os.kill(self.engine(lane), signal.SIGKILL)

    @property
    def gone(self) -> bool:
        """Whether none of its processes is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    # What it tells

    @property
    def log(self) -> str:
        """All that it has logged."""
        return self._log.read_text("utf-8")

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """Its log since the last start; each line has to be JSON."""
        with self._log.open("rb") as log:
            log.seek(self._from)
            text = log.read()
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1:] == b"\n"]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines about this."""
        return [line for line in self.log_lines if line["event"] == event]

    @property
    def port(self) -> int:
        """Where it listens; ConnectionRefusedError before it does."""
        for line in self.logged("listening"):
            return int(line["port"])
        raise ConnectionRefusedError

    @property
    def url(self) -> str:
        """The address of its WebSocket."""
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/ws"

    async def status(self, path: str) -> int:
        """The status of a GET request; 0 when nobody answers."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
            return int(answer.split()[1])
        except (OSError, IndexError):
            return 0


@contextmanager
def serving(folder: Path, database_url: str, **settings: str) -> Iterator[Service]:
    """Start a server; whatever happens, nothing of it is left running."""
    service = Service(folder, database_url, **settings)
    service.start()
    try:
        yield service
    finally:
        _end(service.process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.poll()  # else it would still be there, dead
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
