"""What an engine does for a gateway: of processes, and that of the tests.

Both are asked the same; what they answer, and in what order, must be the same.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import hugmood
from hugmood.config import Config
from hugmood.engine.handling import Host
from hugmood.engine.link import Engine, EngineLink, Reply
from hugmood.engine.nursery import Nursery
from hugmood.engine.records import (
    Answer,
    Ask,
    Caller,
    Cut,
    Delivery,
    Heads,
    StreamPage,
    Transient,
    integers,
)
from hugmood.features import load_handlers
from hugmood.features.auth.messages import AuthAnonymous
from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.messages import FetchHugCatalog, SendHug
from hugmood.features.moods.messages import MoodUpdate
from hugmood.store.streams import DEFAULT_RETENTION
from hugmood.wire import codec
from hugmood.wire.message import AnyCommand
from tests.databases import Addressed, migrated_file, streams_for
from tests.fakes import Clock, FakeAmbient, TurnLoop
from tests.local_engine import LocalEngine
from tests.world import SECRETS, START

PATIENCE: Final = 20.0
Heard = tuple[object, ...]


class Desk:
    """A gateway that writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.callers: list[Caller] = []
        self._owed = 0
        self._quiet = asyncio.Event()

    def owe(self) -> None:
        """Expect another answer."""
        self._owed += 1
        self._quiet.clear()

    async def settle(self) -> None:
        """Wait until every answer is there."""
        await self._quiet.wait()

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take events."""
        for one in deliveries:
            kind = msgspec.json.decode(one.prefix + b"}")["type"]
            self.heard.append((kind, list(integers(one.users)), list(integers(one.numbers))))

    def transient(self, transients: Sequence[Transient]) -> None:
        """Take notices."""
        for one in transients:
            kind = msgspec.json.decode(one.prefix + b"}")["type"]
            self.heard.append((kind, list(integers(one.users)), one.spare))

    def cut(self, cut: Cut) -> None:
        """Take notice of sessions that are over."""
        self.heard.append(("cut", cut.user, cut.code, cut.spare))

    def engine_restarted(self) -> None:
        """Catch up."""
        self.heard.append(("restarted",))

    def told(self, name: str, reply: Reply) -> None:
        """Take an answer."""
        self._owed -= 1
        if not self._owed:
            # An event may follow its answer in the same frame.
            asyncio.get_running_loop().call_soon(self._quiet.set)
        if isinstance(reply, Answer):
            if reply.grant:
                self.callers.append(reply.grant.caller)
            self.heard.append((name, reply.refusal.code if reply.refusal else "well"))
        elif isinstance(reply, StreamPage):
            numbers = [entry.number for entry in reply.entries]
            self.heard.append((name, numbers, reply.start, reply.end, reply.head, reply.complete))
        elif isinstance(reply, Heads):
            self.heard.append((name, reply.heads))


class Customer:
    """Asks an engine as a gateway does."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self.engine = engine
        self.desk = desk

    def ask(self, name: str, command: AnyCommand, caller: int | None = None, **data: Any) -> None:  # noqa: ANN401 (fields)
        """Send a command; `data` replaces fields of it."""
        body = msgspec.json.decode(codec.encode(command)) | data
        self.raw(name, command.wire_type, msgspec.json.encode(body), caller)

    def raw(self, name: str, kind: str, data: bytes, caller: int | None) -> None:
        """Send anything."""
        who = None if caller is None else self.desk.callers[caller]
        ask = Ask(0, kind, name, data, who, at=None, client=f"client-{caller}", remote="r")
        self._owe(partial(self.engine.ask, ask), name)

    def page(self, name: str, user: int, after: int) -> None:
        """Read a stream."""
        self._owe(partial(self.engine.ask_page, user, after), name)

    def heads(self, name: str, users: Sequence[int]) -> None:
        """Read heads."""
        self._owe(partial(self.engine.ask_heads, users), name)

    def _owe(self, ask: Callable[[Callable[[Reply], None]], None], name: str) -> None:
        self.desk.owe()
        ask(partial(self.desk.told, name))


async def conversation(customer: Customer) -> list[Heard]:
    """Say and ask all there is; return what was heard."""
    desk, settle = customer.desk, customer.desk.settle
    customer.ask("ada", AuthAnonymous(device_id="d"))
    await settle()
    customer.ask("bob", AuthAnonymous(device_id="d"))
    await settle()
    ada, bob = desk.callers
    hug = SendHug(recipient_id=ada.user_id, hug_type="warm")
    customer.ask("guest hugs stranger", hug, 1)
    customer.ask("mood", MoodUpdate(mood="calm", intensity=1, is_public=True), 0)
    customer.ask("wrong mood", MoodUpdate(mood="none", intensity=1), 0)
    customer.ask("mood again", MoodUpdate(mood="sad", intensity=1), 0)
    customer.ask("guest follows", FollowUser(target_user_id=ada.user_id, action="follow"), 1)
    await settle()
    customer.raw("unknown", "become_rich", b"{}", 0)
    customer.raw("internal", "open_session", b'{"userKey":1,"longLived":true}', None)
    await settle()
    customer.ask("catalog", FetchHugCatalog(), 0)
    await settle()
    customer.ask("nothing", FetchHugCatalog(), 0, dataType="nothing")
    await settle()
    customer.page("page", ada.key, 0)
    await settle()
    customer.page("ahead", ada.key, 9)
    await settle()
    customer.heads("heads", [bob.key, ada.key, 99])
    await settle()
    customer.engine.presence([ada.key], [])
    customer.raw("away", "status_update", b'{"status":"away"}', 0)
    await settle()
    customer.engine.presence([], [ada.key])
    customer.raw("leave", "disconnect", b'{"reason":"user_logout"}', 0)
    await settle()
    return desk.heard


def by_local_engine(file: Path) -> list[Heard]:
    """Talk to the engine of the tests."""
    load_handlers()
    clock = Clock(START)
    loop = TurnLoop(clock)
    place = Addressed(f"sqlite:///{migrated_file(file)}")
    ambient = FakeAmbient(clock)

    def host() -> Host:
        streams = streams_for(place, DEFAULT_RETENTION)
        return Host(ambient, streams, secrets=SECRETS, limited=True)

    engine, desk = LocalEngine(loop, place.open(), host), Desk()
    engine.listener = desk
    heard = loop.run_until_complete(conversation(Customer(engine, desk)))
    place.close()
    loop.close()
    return heard


async def by_processes(file: Path) -> list[Heard]:
    """Talk to the engine that is processes."""
    config = Config(database_url=f"sqlite:///{migrated_file(file)}", secret_key=SECRETS)
    with Nursery() as nursery:
        engine, desk = EngineLink(config.to_json(), nursery), Desk()
        try:
            async with asyncio.timeout(PATIENCE):
                await engine.start(desk)
                return await conversation(Customer(engine, desk))
        finally:
            await engine.stop()


EXPECTED: Final[list[Heard]] = [
    ("ada", "well"),
    ("bob", "well"),
    ("guest hugs stranger", "permission_denied"),
    ("mood", "well"),
    ("wrong mood", "invalid_request"),
    ("mood again", "well"),
    ("guest follows", "permission_denied"),
    ("mood_changed", [1], [1]),
    ("notification", [1], [2]),
    ("mood_changed", [1], [3]),
    ("unknown", "invalid_request"),
    ("internal", "invalid_request"),
    ("catalog", "well"),
    ("nothing", "invalid_request"),
    ("page", [1, 2, 3], 1, 3, 3, True),
    ("ahead", [], 3, 3, 3, False),
    ("heads", [0, 3, 0]),
    ("away", "well"),
    ("user_status_changed", [1], "client-0"),
    ("leave", "well"),
    ("cut", 1, "session_revoked", "client-0"),
]


def test_engine_of_tests(tmp_path: Path) -> None:
    """The engine of the tests answers as is expected of an engine."""
    assert by_local_engine(tmp_path / "test.db") == EXPECTED


@pytest.mark.slow
def test_engine_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine that is processes answers just so."""
    monkeypatch.setenv("PYTHONPATH", str(Path(hugmood.__file__).parents[1]))
    assert asyncio.run(by_processes(tmp_path / "test.db")) == EXPECTED
