"""The whole service in one thread, without sockets, its clock moved by hand.

Everything is real but what is in `fakes`: the clock and chance, the sockets' transport,
and the border between gateway and engine. Tests speak to it as clients do:

    ada = world.register("Ada")
    bob = world.guest("Bob")
    reply = ada.request(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert bob.events() == [HugReceived(...)]
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final, Self

from msgspec import UNSET
from msgspec.structs import replace
from starlette.datastructures import Headers

from hugmood.engine.handling import Host
from hugmood.features import load_handlers
from hugmood.features.auth.messages import AuthAnonymous, AuthRegister
from hugmood.features.auth.passwords import passwords
from hugmood.gateway import frames
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.endpoint import PATH, Origins, SocketEndpoint
from hugmood.gateway.hub import Hub
from hugmood.gateway.websocket import Acceptance, Connection, Farewells, UpgradeRequest
from hugmood.store.streams import DEFAULT_RETENTION, Retention
from hugmood.wire.codec import JSON_PROTOCOL, MSGPACK_PROTOCOL
from hugmood.wire.limits import Rates, Settings
from tests.databases import Place, streams_for
from tests.device import Device
from tests.fakes import (
    Clock,
    FakeAmbient,
    FakeTransport,
    QuickPasswords,
    TurnLoop,
    WatchedDatabase,
)
from tests.local_engine import LocalEngine

START: Final = "2023-08-25T14:30:00.000Z"
"""The moment of the protocol's first example."""
PASSWORD: Final = "correct horse battery"
SECRETS: Final = ("a secret for tests that nobody else has",)
OFFLINE_GRACE: Final = 20_000
REMOTE: Final = "192.0.2.1"
CROWDED: Final = Rates(new_accounts_per_hour=1_000_000)
"""As by default, but any number of people may come from one address."""
_MAX_MESSAGE: Final = 64 * 1024
_CLOSE_TIMEOUT: Final = 5.0


class World:
    """A service, its clock, and ways to come in."""

    def __init__(
        self,
        place: Place,
        *,
        limited: bool = True,
        settings: Settings | None = None,
        retention: Retention = DEFAULT_RETENTION,
        secrets: tuple[str, ...] = SECRETS,
        rates: Rates = CROWDED,
    ) -> None:
        """Open the service on this database; `limited` as in `HUGMOOD_RATE_LIMIT`."""
        load_handlers()
        self._limited = limited
        self._settings = replace(settings or Settings(), limited=limited)
        self._retention = retention
        self._place = place
        self.secrets = secrets
        self._rates = rates
        self.clock = Clock(START)
        self.ambient = FakeAmbient(self.clock)
        self.loop = TurnLoop(self.clock)
        self.database = WatchedDatabase(place.open())
        self.engine = LocalEngine(self.loop, self.database, self._make_host)
        self.hub = Hub(self.engine, self.ambient, offline_grace=OFFLINE_GRACE)
        self.engine.listener = self.hub
        self.devices: list[Device] = []
        self._farewells = Farewells(_CLOSE_TIMEOUT)
        self._connections: set[Connection] = set()
        self._endpoint = SocketEndpoint(self.hub, self._settings, Origins(frozenset()))
        self.clock.moved.append(self._time_passed)
        self.turn(self.hub.start)

    def close(self) -> None:
        """End everything."""
        self.hub.stop()
        self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Coming in

    def connect(
        self, *, binary: bool = False, deflate: bool = False, remote: str = REMOTE
    ) -> Device:
        """Open a socket; nobody is signed in."""
        device = Device(self, self._transport, binary=binary, remote=remote)
        request = UpgradeRequest(
            path=PATH,
            query="",
            headers=Headers({}),
            remote=remote,
            secure=False,
            subprotocols=[MSGPACK_PROTOCOL if binary else JSON_PROTOCOL],
        )
        acceptance = self._endpoint.accept(request)
        assert isinstance(acceptance, Acceptance)
        self._attach(device, acceptance, deflate=deflate)
        self.devices.append(device)
        return device

    def register(
        self,
        name: str = "Ada",
        *,
        email: str | None = None,
        password: str = PASSWORD,
        time_zone: str | None = None,
        birth_date: date | None = None,
        remember_me: bool = False,
        binary: bool = False,
    ) -> Device:
        """Open an account; its address is `name@example.com` if none is given."""
        device = self.connect(binary=binary)
        device.name = name
        device.email = email or f"{name.lower().replace(' ', '.')}@example.com"
        device.password = password
        device.sign_in(
            AuthRegister(
                email=device.email,
                password=password,
                name=name,
                time_zone=time_zone or UNSET,
                birth_date=birth_date or UNSET,
                remember_me=remember_me,
            )
        )
        return device

    def guest(self, nickname: str = "Guest", *, binary: bool = False) -> Device:
        """Come in without an account."""
        device = self.connect(binary=binary)
        device.name = nickname
        device.sign_in(AuthAnonymous(device_id="device-abcdef", nickname=nickname))
        return device

    # What happens

    def settle(self) -> None:
        """Let everything happen that is due."""
        self.loop.settle()

    def turn(self, work: Callable[[], object]) -> None:
        """Do something on the loop, then let happen what follows."""
        self.loop.call_soon(work)
        self.settle()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Have all commands that are sent within handled in one transaction."""
        self.engine.hold("write")
        yield
        self.engine.release("write")
        self.settle()

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the SQL statements that are run within.

        Left out is the one more that a writer needs when it first meets somebody's stream.
        """
        before = len(self.database.statements)
        collected: list[str] = []
        yield collected
        made = self.database.statements[before:]
        collected += [sql for sql in made if "INSERT INTO stream_head" not in sql]

    # Within

    def _make_host(self) -> Host:
        streams = streams_for(self._place, self._retention)
        host = Host(
            self.ambient, streams, secrets=self.secrets, limited=self._limited, rates=self._rates
        )
        host._resources[passwords] = QuickPasswords()
        return host

    def _transport(self, heard: Callable[[bytes], None]) -> FakeTransport:
        return FakeTransport(self.loop, heard)

    def _attach(self, device: Device, acceptance: Acceptance, *, deflate: bool) -> None:
        kind = frames.BINARY if acceptance.binary else frames.TEXT
        connection = Connection(
            device.transport,
            Assembly(kind, _MAX_MESSAGE, deflate=deflate),
            self._farewells,
            remote=device.remote,
            deflate=deflate,
        )
        device.transport.connection = connection
        self.turn(lambda: connection.opened(acceptance.open(connection), self._connections))

    def _time_passed(self) -> None:
        for device in self.devices:
            if device.lively and device.closed is None:
                device.beat()
        self.settle()
        self.engine.keep_house()
        self.settle()
