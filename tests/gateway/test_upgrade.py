import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from hugmood.gateway.frames import frame
from hugmood.gateway.proxies import Proxies
from hugmood.gateway.websocket import Acceptance, Connection, Refusal
from tests.gateway.sockets import (
    FIN_TEXT,
    WAIT,
    House,
    Peer,
    Recorder,
    client_frame,
    connected,
    running,
    upgrade_request,
    upgraded,
)


async def answer(house: House, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """What the server says to these bytes before it closes."""
    async with running(house) as run, connected(run.port) as peer:
        peer.send(request)
        status, headers = await peer.response()
        return status, headers, await peer.rest()


async def test_handshake() -> None:
    """The answer has the key's digest, the subprotocol and the endpoint's headers."""
    house = House()
    house.answer = Acceptance(
        house.open, binary=False, subprotocol="two", headers=[("X-Client-Id", "me")]
    )
    async with running(house) as run, connected(run.port) as peer:
        # RFC 6455 section 1.3 has this key and its digest.
        peer.send(upgrade_request(sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="))
        status, headers = await peer.response()
    assert status == 101
    assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert (headers["upgrade"], headers["connection"]) == ("websocket", "Upgrade")
    assert (headers["sec-websocket-protocol"], headers["x-client-id"]) == ("two", "me")
    assert "sec-websocket-extensions" not in headers


async def test_request_as_the_endpoint_sees_it() -> None:
    """Path and query apart, subprotocols in order, headers whatever their case."""
    house = House()
    async with (
        running(house) as run,
        upgraded(run.port, path="/w%73?a=b", sec_websocket_protocol="one, two", x_more="yes"),
    ):
        (request,) = house.requests
    assert (request.path, request.query) == ("/ws", "a=b")
    assert request.subprotocols == ["one", "two"]
    assert request.headers["X-MORE"] == "yes"
    assert (request.remote, request.secure) == ("127.0.0.1", False)
    assert house.guests[0].connection.remote == "127.0.0.1"


async def test_behind_a_trusted_proxy() -> None:
    """The client's address is the one that the proxy heard, everywhere."""
    house = House()
    async with (
        running(house, proxies=Proxies(["127.0.0.0/8"])) as run,
        upgraded(run.port, x_forwarded_for="6.6.6.6, 192.0.2.1"),
    ):
        (request,) = house.requests
    assert "192.0.2.1" == request.remote == house.guests[0].connection.remote


async def test_nobody_is_a_trusted_proxy() -> None:
    """By default anybody could have made that header up."""
    house = House()
    async with running(house) as run, upgraded(run.port, x_forwarded_for="6.6.6.6"):
        pass
    assert "127.0.0.1" == house.requests[0].remote


async def test_firefox() -> None:
    """Firefox sends more than one word in `Connection`."""
    async with (
        running(House()) as run,
        upgraded(run.port, connection="keep-alive, Upgrade"),
    ):
        pass


async def test_bytes_in_one_segment_with_the_request() -> None:
    """A frame that comes along with the request is a frame."""
    house = House()
    async with running(house) as run, connected(run.port) as peer:
        peer.send(upgrade_request() + client_frame(FIN_TEXT, b"early") + client_frame(0x81, b"2"))
        assert (await peer.response())[0] == 101
        assert await house.guests[0].until(b"2") == [b"early", b"2"]


async def test_request_in_pieces() -> None:
    """A request cut anywhere, a frame at its end, is the same request."""
    request = upgrade_request() + client_frame(FIN_TEXT, b"early")
    house = House()
    async with running(house) as run, connected(run.port) as peer:
        for piece in (request[:30], request[30:-14], request[-14:-3], request[-3:]):
            peer.send(piece)
            await asyncio.sleep(0.01)  # or the kernel joins them
        assert (await peer.response())[0] == 101
        assert await house.guests[0].until(b"early") == [b"early"]


@pytest.mark.parametrize("status", [400, 403, 426, 503])
async def test_refusal(status: int) -> None:
    """A refused socket gets plain HTTP, and TCP is closed."""
    house = House(answer=Refusal(status, "no: ö", headers=[("retry-after", "3")]))
    got, headers, body = await answer(house, upgrade_request())
    assert (got, body.decode()) == (status, "no: ö")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["content-length"] == str(len(body))
    assert (headers["connection"], headers["retry-after"]) == ("close", "3")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (upgrade_request(sec_websocket_version="12"), 426),
        (upgrade_request(sec_websocket_version=None), 426),
        (upgrade_request(sec_websocket_key=None), 400),
        (upgrade_request(sec_websocket_key="AAAA"), 400),
        (upgrade_request(sec_websocket_key="not base 64, and ö"), 400),
        (upgrade_request().replace(b"GET", b"PUT"), 400),
        (upgrade_request().replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    ],
)
async def test_invalid_handshake(request_bytes: bytes, status: int) -> None:
    """What is no valid handshake never reaches the endpoint."""
    house = House()
    got, headers, _ = await answer(house, request_bytes)
    assert (got, house.requests) == (status, [])
    assert (headers.get("sec-websocket-version") == "13") == (status == 426)


async def test_other_paths_stay_with_uvicorn() -> None:
    """The application's own WebSockets and pages are served as ever."""
    house = House()
    async with running(house) as run, asyncio.timeout(WAIT):
        async with connect(f"ws://127.0.0.1:{run.port}/other") as other:
            assert await other.recv() == "hello"
        async with connected(run.port) as peer:
            peer.send(b"GET /ws HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert (await peer.response())[0] == 200
    assert house.requests == []


async def test_upgrade_on_a_connection_kept_alive() -> None:
    """A page first, then the upgrade, on one TCP connection."""
    async with running(House()) as run, connected(run.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await peer.response())[0] == 200
        assert await peer.reader.readuntil(b"\r\n0\r\n\r\n")
        peer.send(upgrade_request())
        assert (await peer.response())[0] == 101


async def test_upgrade_before_the_page_before_it() -> None:
    """An upgrade does not overtake a response: the two would mix."""
    async with running(House()) as run, connected(run.port) as peer:
        peer.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n" + upgrade_request())
        assert (await peer.response())[0] == 400


async def test_write_and_close_at_once() -> None:
    """The gateway may speak, and close, before `open` returns."""

    def open_and_close(connection: Connection) -> Recorder:
        connection.write(frame(b"welcome", binary=False))
        connection.close(1013, "full")
        return house.open(connection)

    house = House()
    house.answer = Acceptance(open_and_close, binary=False)
    async with running(house) as run, upgraded(run.port) as peer:
        assert await peer.frame() == (FIN_TEXT, b"welcome")
        assert await peer.closed_with() == 1013
        assert await house.guests[0].until("lost") == ["lost"]


async def test_open_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A fault in the gateway costs this socket, is logged, and is forgotten."""

    def fail(_: Connection) -> Recorder:
        raise RuntimeError("no room")

    house = House(answer=Acceptance(fail, binary=False))
    async with running(house) as run, connected(run.port) as peer:
        peer.send(upgrade_request())
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await until_cut(peer)
        assert run.server.server_state.connections == set()
    assert "no room" in caplog.text


async def until_cut(peer: Peer) -> None:
    """Read on until TCP ends; raises if that was no proper end."""
    await peer.response()
    await peer.frame()


async def test_unix_socket(tmp_path: Path) -> None:
    """Behind a proxy on a Unix socket there is no address, and no TCP to tune."""
    house = House()
    path = tmp_path / "hugmood.sock"
    async with (
        running(house, config={"uds": str(path)}),
        connected(0, path=path) as peer,
    ):
        peer.send(upgrade_request())
        assert (await peer.response())[0] == 101
        peer.text(b"hi")
        assert await house.guests[0].until(b"hi")
    assert house.requests[0].remote == ""
