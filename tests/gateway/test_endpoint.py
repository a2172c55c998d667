from collections.abc import Sequence
from typing import NoReturn

import pytest
from starlette.datastructures import Headers

from hugmood.gateway.endpoint import Origins, SocketEndpoint
from hugmood.gateway.hub import Hub
from hugmood.gateway.websocket import Acceptance, Refusal, UpgradeRequest
from hugmood.wire.limits import Settings
from tests.fakes import Clock, FakeAmbient

FRIEND = "https://friend.example.com"


class NoEngine:
    """An engine that nobody may ask: who may come in is decided at the door."""

    def ask(self, *_: object) -> NoReturn:
        """Fail."""
        raise AssertionError

    ask_page = ask_heads = ask

    def presence(self, here: Sequence[int], gone: Sequence[int]) -> NoReturn:
        """Fail."""
        raise AssertionError


@pytest.fixture
def hub() -> Hub:
    """A hub without anyone."""
    return Hub(NoEngine(), FakeAmbient(Clock("2023-08-25T14:30:00Z")), offline_grace=20_000)


@pytest.fixture
def endpoint(hub: Hub) -> SocketEndpoint:
    """A door that lets in one other origin."""
    return SocketEndpoint(hub, Settings(), Origins(frozenset({FRIEND})))


def request(*subprotocols: str, **headers: str) -> UpgradeRequest:
    """A handshake."""
    return UpgradeRequest(
        path="/ws",
        query="",
        headers=Headers({"host": "hugmood.example.com:5000"} | headers),
        remote="192.0.2.1",
        secure=True,
        subprotocols=list(subprotocols),
    )


def accepted(endpoint: SocketEndpoint, upgrade: UpgradeRequest) -> Acceptance:
    """The acceptance, which it has to be."""
    answer = endpoint.accept(upgrade)
    assert isinstance(answer, Acceptance)
    return answer


@pytest.mark.parametrize(
    ("offered", "spoken", "confirmed"),
    [
        ([], "json", None),
        (["hugmood.json"], "json", "hugmood.json"),
        (["hugmood.msgpack"], "msgpack", "hugmood.msgpack"),
        (["hugmood.json", "hugmood.msgpack"], "json", "hugmood.json"),
        (["hugmood.msgpack", "hugmood.json"], "msgpack", "hugmood.msgpack"),
        (["graphql-ws"], "json", None),
        (["graphql-ws", "hugmood.msgpack"], "msgpack", "hugmood.msgpack"),
        (["HUGMOOD.MSGPACK"], "json", None),
    ],
)
def test_subprotocol(
    endpoint: SocketEndpoint, offered: list[str], spoken: str, confirmed: str | None
) -> None:
    """The client's favourite of the two; none, or none that is known, means JSON."""
    answer = accepted(endpoint, request(*offered))
    assert (spoken == "msgpack", confirmed) == (answer.binary, answer.subprotocol)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        FRIEND,
        "https://hugmood.example.com:5000",
        "http://hugmood.example.com:5000",  # TLS may end at a proxy, which we cannot know
    ],
)
def test_welcome(endpoint: SocketEndpoint, origin: str | None) -> None:
    """Programs, the service's own pages and those on the list may connect."""
    headers = {} if origin is None else {"origin": origin}
    assert isinstance(endpoint.accept(request(**headers)), Acceptance)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example.com",
        "https://hugmood.example.com",
        "https://hugmood.example.com:5001",
        "https://hugmood.example.com:5000.evil.example.com",
        "https://evil.example.com/hugmood.example.com:5000",
        "https://evil.example.com#hugmood.example.com:5000",
        "https://user@hugmood.example.com:5000",
        f"{FRIEND}:8443",
        f"{FRIEND}.evil.example.com",
        "http://friend.example.com",
        "hugmood.example.com:5000",
        "http://[",
        "http://[::1",
    ],
)
def test_unwelcome(endpoint: SocketEndpoint, origin: str) -> None:
    """Every other page gets 403, also with an origin that cannot be parsed."""
    answer = endpoint.accept(request(origin=origin))
    assert isinstance(answer, Refusal)
    assert 403 == answer.status


@pytest.mark.parametrize("origin", ["null", "", "https://", "https://evil.example.com"])
def test_no_host(endpoint: SocketEndpoint, origin: str) -> None:
    """Without a host of ours no origin is the same."""
    upgrade = request()
    upgrade.headers = Headers({"origin": origin})
    assert isinstance(endpoint.accept(upgrade), Refusal)


def test_host_in_capitals(endpoint: SocketEndpoint) -> None:
    """Case does not tell hosts apart; browsers write origins in lower case."""
    upgrade = request(host="HugMood.Example.com", origin="https://hugmood.example.com")
    assert isinstance(endpoint.accept(upgrade), Acceptance)


def test_client_id(endpoint: SocketEndpoint) -> None:
    """Each connection has an id of its own, in the answer's headers."""
    names, ids = zip(
        *[header for _ in range(2) for header in accepted(endpoint, request()).headers], strict=True
    )
    assert ("X-Client-Id", "X-Client-Id") == names
    assert all(client_id.startswith("client-") for client_id in ids)
    assert len(set(ids)) == 2


def test_draining(endpoint: SocketEndpoint, hub: Hub) -> None:
    """A server that stops lets nobody in, and says when to ask again."""
    hub.drain()
    answer = endpoint.accept(request())
    assert isinstance(answer, Refusal)
    assert (503, [("Retry-After", "1")]) == (answer.status, answer.headers)
