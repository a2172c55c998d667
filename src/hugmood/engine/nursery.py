"""Where our processes come from: forked from one that has loaded what they need.

That one is the fork server of `multiprocessing`. It never has a second thread or an event
loop, which a fork would carry along halfway, and what it has loaded is there once for all.
If it dies, those that came from it live on, and the next start begins with another one.
"""

import importlib
import multiprocessing
import signal
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Final, NamedTuple, Self

from setproctitle import setproctitle

_LOADED: Final = "hugmood.process"
"""What the fork server imports before it forks."""


class Launched(NamedTuple):
    """A process that has been started, and our end of its socket."""

    process: BaseProcess
    sock: socket.socket


class Nursery:
    """Starts processes, some before they are asked for: they load while we do."""

    def __init__(self) -> None:
        """Have none ready."""
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([_LOADED])
        self._early: dict[tuple[str, str], list[Future[Launched]]] = {}
        # To start a process is to wait for the fork server, which may be starting itself.
        self._thread = ThreadPoolExecutor(1, "nursery")

    def __enter__(self) -> Self:
        """Start processes in the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is left: what nobody asked for, or stopped."""
        self._thread.shutdown()
        for process in multiprocessing.active_children():
            process.kill()
        for future in chain.from_iterable(self._early.values()):
            if not future.exception():
                future.result().sock.close()

    def early(self, name: str, module: str) -> None:
        """Start one now that will be asked for; it ends if we do."""
        future = self._thread.submit(self._launched, name, module)
        self._early.setdefault((name, module), []).append(future)

    def launch(self, name: str, module: str) -> Future[Launched]:
        """Start `module.main(name, sock)` in a process, or take the one that is loading.

        The future raises OSError where it cannot be started.
        """
        early = self._early.get((name, module))
        return early.pop() if early else self._thread.submit(self._launched, name, module)

    def _launched(self, name: str, module: str) -> Launched:
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._context.Process(target=_begin, args=(name, module, theirs), name=name)
            try:
                try:
                    process.start()
                except (EOFError, ConnectionError):  # the fork server was just dying
                    process.start()
            except (EOFError, OSError) as error:
                ours.close()
                raise OSError(f"the fork server does not answer: {error!r}") from error
        ours.setblocking(False)  # noqa: FBT003 (that is its signature)
        return Launched(process, ours)


def _begin(name: str, module: str, sock: socket.socket) -> None:
    """Be a process: what `ps` shows tells which."""
    # Ctrl-C and service managers signal the whole group; only the gateway decides to stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    setproctitle(f"hugmood: {name}")
    importlib.import_module(module).main(name, sock)
