"""The gateway's side of GraphQL: operations to their process, their commands to the engine."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace

from hugmood.ambient import Ambient, monotonic
from hugmood.engine.child import Child
from hugmood.engine.link import Engine, Reply
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import Answer, Caller
from hugmood.errors import too_many, unavailable
from hugmood.gateway.turnstile import Turnstile
from hugmood.graphql.records import (
    Abandon,
    Command,
    Commanded,
    Execute,
    Executed,
    Planned,
    read_from_process,
)

MOST_WAITING: Final = 1_000
"""Operations in hand; more are refused at once."""

_PATIENCE: Final = 30.0
"""Longer than any time limit that can be set: then the process is stuck."""

log = structlog.get_logger(__name__)


class Unanswered(Exception):  # noqa: N818 (it is told as a refusal)
    """There is no response: the process died, or there are too many operations."""

    def __init__(self, *, busy: bool = False) -> None:
        """`busy` where waiting for a second helps."""
        super().__init__("busy" if busy else "gone")
        self.busy = busy


class _Waiting(NamedTuple):
    operation: Execute
    future: "asyncio.Future[Executed | Planned]"
    since: float


class GraphqlLink(Child):
    """The GraphQL process, and what it has in hand."""

    def __init__(
        self,
        config_json: bytes,
        nursery: Nursery,
        engine: Engine,
        turnstile: Turnstile,
        ambient: Ambient,
    ) -> None:
        """Have commands done by this engine, each let in by the turnstile."""
        super().__init__("graphql", "hugmood.graphql.worker", config_json, nursery)
        self.ready = False
        self._engine = engine
        self._turnstile = turnstile
        self._ambient = ambient
        self._numbers = count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._watcher: asyncio.TimerHandle | None = None

    async def execute(
        self,
        body: bytes,
        caller: Caller | None,
        client: str,
        remote: str,
        *,
        streaming: bool = False,
    ) -> Executed | Planned:
        """Have an operation executed; raises `Unanswered`.

        A subscription is `Planned`, where the answer may be `streaming`.
        """
        if not self.ready or len(self._waiting) >= MOST_WAITING:
            raise Unanswered(busy=self.ready)
        number = next(self._numbers)
        future: asyncio.Future[Executed | Planned] = asyncio.get_running_loop().create_future()
        operation = Execute(number, body, caller, client, remote, streaming)
        self._waiting[number] = _Waiting(operation, future, monotonic())
        self.put(operation)
        self._watch()
        try:
            return await future
        finally:
            del self._waiting[number]
            if future.cancelled():  # whoever asked has gone
                self.put(Abandon(number))

    def stop(self) -> None:
        """Have it end, and answer nobody who still waits."""
        super().stop()
        self._give_up(lambda _: True)

    def _watch(self) -> None:
        """Look after a while whether the process is stuck: once for all who wait."""
        if self._watcher is None:
            loop = asyncio.get_running_loop()
            self._watcher = loop.call_later(_PATIENCE / 2, self._look)

    def _look(self) -> None:
        self._watcher = None
        before = monotonic() - _PATIENCE
        if self._give_up(lambda waiting: waiting.since < before):
            log.error("graphql process is stuck", waiting=len(self._waiting))
            self.kill()
        if self._waiting:
            self._watch()

    def _give_up(self, overdue: Callable[[_Waiting], bool]) -> int:
        """Answer those who cannot be answered; return how many."""
        found = [one for one in self._waiting.values() if overdue(one) and not one.future.done()]
        for waiting in found:
            waiting.future.set_exception(Unanswered())
        return len(found)

    def died(self, code: int | None) -> None:
        """Answer nobody: what they asked can be sent again."""
        self.ready = False
        log.error("graphql process died", exit=code, pending=len(self._waiting))
        self._give_up(lambda _: True)

    def hear(self, frame: bytes) -> None:
        """Take responses and commands."""
        for record in read_from_process(frame):
            if isinstance(record, Executed | Planned):
                waiting = self._waiting.get(record.number)
                if waiting and not waiting.future.done():
                    waiting.future.set_result(record)
            elif isinstance(record, Command):
                self._command(record)
            else:
                self.ready = True
                log.info("graphql ready")

    def _command(self, record: Command) -> None:
        """Ask the engine, as whoever the operation is from and nobody else."""
        waiting = self._waiting.get(record.number)
        if waiting is None:
            return
        operation = waiting.operation
        ask = replace(record.ask, caller=operation.caller, internal=False)

        def heard(reply: Reply) -> None:
            answer = (
                reply if isinstance(reply, Answer) else Answer(0, refusal=unavailable().refusal)
            )
            self.put(Commanded(record.number, replace(answer, number=ask.number)))

        wait = self._turnstile.take(operation.caller, operation.remote, self._ambient.steady())
        if wait:
            heard(Answer(0, refusal=too_many(wait).refusal))
        else:
            self._engine.ask(ask, heard)
