"""What a client may not do, and what it is told; how the server stops; what it logs.

These tests take seconds: they start real processes, and wait for them.
"""

import asyncio
import resource
import ssl
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Final

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.e2e.conftest import NewDatabase
from tests.e2e.server import Service, serving, until
from tests.e2e.talk import PASSWORD, Message, Talk, envelope, new_id, talking

AUTH_TIMEOUT: Final = 6
FRIEND: Final = "https://friend.example.com"
KIB: Final = 1024
MOOD: Final = {"mood": "happy", "intensity": 0.5}


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server with limits, which logs all that it can."""
    folder = tmp_path_factory.mktemp("limits")
    settings = {
        "auth_timeout": str(AUTH_TIMEOUT),
        "ping_interval": "3600",  # nothing comes unasked
        "silence_timeout": "7200",
        "allowed_origins": FRIEND,
        "log_level": "debug",
    }
    few = (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    with ExitStack() as stack:
        with few_open_files(few):
            service = stack.enter_context(serving(folder, new_database(folder), **settings))
        yield service


@contextmanager
def few_open_files(limits: tuple[int, int]) -> Iterator[None]:
    """Let what is started begin with these limits."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
async def service(running: Service) -> Service:
    """The server, ready."""
    return await running.ready()


async def test_open_files(service: Service) -> None:
    """It takes as many sockets as the system lets it, not the few that programs begin with."""
    soft, hard = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


async def closing(talk: Talk) -> tuple[str, int]:
    """The code of the notice, which has to come last, and that of the close frame."""
    messages, code = await talk.closed()
    assert "connection_close" == messages[-1]["type"]
    return messages[-1]["data"]["code"], code


# Who comes in


async def test_auth_deadline(service: Service) -> None:
    """Heartbeats and commands do not help: there is so much time and no more."""
    began = time.monotonic()
    async with talking(service) as talk:
        ending = asyncio.create_task(closing(talk))
        while not ending.done():
            with suppress(ConnectionClosed):  # it may be over a moment before we know
                await talk.socket.send('{"type": "heartbeat", "id": "h"}')
            await asyncio.sleep(0.2)
        assert ("auth_timeout", 4408) == ending.result()
        assert AUTH_TIMEOUT <= time.monotonic() - began


async def test_client_id(service: Service) -> None:
    """The id in the response's header stands on every line about this connection."""
    async with talking(service) as talk:
        assert talk.socket.response is not None
        client_id = talk.socket.response.headers["X-Client-Id"]
        await talk.be_guest()
    about = [line["event"] for line in service.log_lines if line.get("client") == client_id]
    assert ["connection opened", "signed in"] == about[:2]


@pytest.mark.parametrize("origin", [FRIEND, "own", None])
async def test_welcome_origin(service: Service, origin: str | None) -> None:
    """The service's own pages, those allowed, and programs may connect."""
    name = f"http://127.0.0.1:{service.port}" if origin == "own" else origin
    async with talking(service, origin=name and Origin(name)) as talk:
        assert await talk.be_guest()


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", f"{FRIEND}.evil.org"])
async def test_strange_origin(service: Service, origin: str) -> None:
    """Pages of others get 403."""
    with pytest.raises(InvalidStatus) as caught:
        async with talking(service, origin=Origin(origin)):
            pass
    assert 403 == caught.value.response.status_code


async def test_failed_logins(service: Service) -> None:
    """Five wrong passwords a minute; after that not even the right one counts."""
    email = f"{new_id()}@example.com"
    async with talking(service) as talk:
        account = {"email": email, "password": PASSWORD}
        await talk.request("auth", {"method": "register", "name": "Jane"} | account)
    async with talking(service) as talk:
        login = {"method": "credentials", "email": email}
        errors = [
            (await talk.request("auth", login | {"password": "wrong"}))["data"]["error"]
            for _ in range(5)
        ]
        reply = await talk.request("auth", login | {"password": PASSWORD})
    assert ["invalid_credentials"] * 5 == errors
    assert "rate_limit_exceeded" == reply["data"]["error"]
    assert 0 < reply["data"]["details"]["retryAfter"] <= 12


async def test_ten_sockets(service: Service) -> None:
    """The eleventh takes the place of the oldest, which need not come back."""
    async with AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(talking(service))]
        await talks[0].be_guest()
        for _ in range(10):
            talks.append(await stack.enter_async_context(talking(service)))
            await talks[-1].resume(talks[0].token)
        messages, code = await talks[0].closed()
        assert ("session_replaced", 4409) == (messages[-1]["data"]["code"], code)
        assert "reconnectDelay" not in messages[-1]["data"]
        for talk in talks[1:]:
            assert (await talk.request("mood_update", MOOD))["data"]["success"]


# What is said


async def test_messages_a_minute(service: Service) -> None:
    """Forty at once, the `auth` among them, then two a second; others are told when."""
    began = time.monotonic()
    async with talking(service) as talk:
        await talk.be_guest()
        ids = [await talk.send("fetch", {"dataType": "hug_catalog"}) for _ in range(100)]
        replies = [await talk.reply(message_id) for message_id in ids]
    passed = [reply["type"] == "fetch_response" for reply in replies]
    assert [True] * 39 == passed[:39]
    assert sum(passed) <= 39 + 2 * (time.monotonic() - began) + 1
    refusals = [reply["data"] for reply in replies if reply["type"] == "error"]
    assert {("rate_limit_exceeded", 1)} == {
        (refusal["code"], refusal["details"]["retryAfter"]) for refusal in refusals
    }


async def test_hugs_a_minute(service: Service) -> None:
    """Thirty for each person, over however many sockets; then one every two seconds."""
    began = time.monotonic()
    async with talking(service) as ada, talking(service) as also_ada, talking(service) as bob:
        await ada.register("Ada")
        await also_ada.resume(ada.token)
        await bob.register("Bob")
        sent, error = await hug_until_refused([ada, also_ada], bob)
    assert 30 <= sent <= 30 + (time.monotonic() - began) / 2 + 1
    assert "rate_limit_exceeded" == error["code"]
    assert error["details"]["retryAfter"] in {1, 2}


async def hug_until_refused(talks: list[Talk], recipient: Talk) -> tuple[int, Message]:
    """Hug by one socket after the other; return how many hugs were sent, and the error."""
    for sent, talk in enumerate(cycle(talks)):
        hug = {"recipientId": recipient.user_id, "hugType": "warm"}
        reply = await talk.request("send_hug", hug)
        if reply["type"] == "error":
            return sent, reply["data"]
    raise AssertionError


async def test_malformed_messages(service: Service) -> None:
    """Ten are refused, the eleventh closes."""
    async with talking(service) as talk:
        for _ in range(10):
            await talk.socket.send("{")
            assert "invalid_request" == (await talk.next())["data"]["code"]
        await talk.socket.send("{")
        assert ("protocol_error", 4400) == await closing(talk)


def padded(size: int) -> str:
    """A command of exactly so many bytes."""
    message = envelope("mood_update", MOOD | {"note": ""}, "msg-1")
    text = msgspec.json.encode(message)
    message["data"]["note"] = "x" * (size - len(text))
    return msgspec.json.encode(message).decode()


async def test_longest_message(service: Service) -> None:
    """64 KiB are read, and this one refused for another reason."""
    async with talking(service) as talk:
        await talk.be_guest()
        await talk.socket.send(padded(64 * KIB))
        assert {"field": "data.note", "issue": "too_long"} == (await talk.reply("msg-1"))["data"][
            "details"
        ]


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_message_too_long(service: Service, compression: str | None) -> None:
    """One byte more closes with 1009, also when it was squeezed into few."""
    async with talking(service, compression=compression) as talk:
        await talk.be_guest()
        await talk.socket.send(padded(64 * KIB + 1))
        assert ([], 1009) == await talk.closed()


async def test_binary_on_a_text_connection(service: Service) -> None:
    """A frame of the wrong kind closes with 1003."""
    async with talking(service) as talk:
        await talk.socket.send(b"{}")
        assert ([], 1003) == await talk.closed()


async def test_text_on_a_binary_connection(service: Service) -> None:
    """The other way round likewise."""
    async with talking(service, subprotocols=[Subprotocol("hugmood.msgpack")]) as talk:
        await talk.socket.send("{}")
        assert ([], 1003) == await talk.closed()


async def test_text_that_is_not_utf_8(service: Service) -> None:
    """It closes with 1007."""
    async with talking(service) as talk:
        await talk.socket.send(b'{"type": "\xff"}', text=True)
        assert ([], 1007) == await talk.closed()


# Other ways to say it


async def test_messagepack(service: Service) -> None:
    """The same envelope in MessagePack, both ways."""
    async with talking(service, subprotocols=[Subprotocol("hugmood.msgpack")]) as talk:
        assert "hugmood.msgpack" == talk.socket.subprotocol
        auth = envelope("auth", {"method": "anonymous", "deviceId": "device-1"}, "msg-1")
        await talk.socket.send(msgspec.msgpack.encode(auth))
        reply = msgspec.msgpack.decode(await talk.socket.recv(decode=False))
        assert ("auth_response", "msg-1-resp", 0) == (
            reply["type"],
            reply["id"],
            reply["sequenceNumber"],
        )
        assert reply["data"]["isAnonymous"] is True
        await talk.socket.send(msgspec.msgpack.encode(envelope("mood_update", MOOD)))
        types = [
            msgspec.msgpack.decode(await talk.socket.recv(decode=False))["type"] for _ in range(2)
        ]
        assert ["mood_update_response", "mood_changed"] == types


async def test_no_subprotocol_means_json(service: Service) -> None:
    """One that the server does not know is not confirmed; JSON is spoken."""
    async with talking(service, subprotocols=[Subprotocol("graphql-ws")]) as talk:
        assert talk.socket.subprotocol is None
        assert await talk.be_guest()


async def test_compression(service: Service) -> None:
    """A client that offers permessage-deflate gets it, without context takeover."""
    async with talking(service, compression="deflate") as talk:
        assert talk.socket.response is not None
        answer = talk.socket.response.headers["Sec-WebSocket-Extensions"]
        assert answer.startswith("permessage-deflate; server_no_context_takeover")
        await talk.be_guest()
        catalogs = [
            (await talk.request("fetch", {"dataType": "mood_catalog"}))["data"] for _ in range(2)
        ]
        assert catalogs[0] == catalogs[1]
        assert len(msgspec.json.encode(catalogs[0])) > KIB


def certificate(folder: Path) -> Path:
    """A file with a key and its self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


async def test_wss(tmp_path: Path, database_url: str) -> None:
    """With a certificate the server itself speaks TLS, and nothing else."""
    pem = certificate(tmp_path)
    with serving(tmp_path, database_url, tls_cert=str(pem), tls_key=str(pem)) as service:
        service.tls = ssl.create_default_context(cafile=str(pem))
        service.tls.check_hostname = False
        await service.ready()
        async with talking(service) as talk:
            await talk.be_guest()
            assert (await talk.request("mood_update", MOOD))["data"]["success"]
        service.tls = None
        assert 0 == await service.status("/healthz")


# How it ends


async def test_drain(tmp_path: Path, database_url: str) -> None:
    """SIGTERM: everyone is told when to come back; then all processes end, with code 0."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        async with AsyncExitStack() as stack:
            talks = [await stack.enter_async_context(talking(service)) for _ in range(5)]
            for talk in talks[:4]:
                await talk.be_guest()
            answered = await talks[0].send("mood_update", MOOD)
            await talks[0].reply(answered)
            stopping = asyncio.create_task(service.terminate())
            endings = [await talk.closed() for talk in talks]
            assert 0 == await stopping
        assert [1001] * 5 == [code for _, code in endings]
        notices = [messages[-1]["data"] for messages, _ in endings]
        assert {"server_shutdown"} == {notice["code"] for notice in notices}
        delays = [notice["reconnectDelay"] for notice in notices]
        assert all(0 <= delay < 1000 for delay in delays)
        assert len(set(delays)) > 1, "they would all come back at once"
        await until(lambda: service.gone)
        assert ["stopped"] == [line["event"] for line in service.logged("stopped")]


# What is logged


async def test_logs_hold_no_secrets(service: Service) -> None:
    """Neither what people wrote, nor where they are, nor what opens their accounts."""
    secrets = {
        "email": f"{new_id()}@example.com",
        "password": f"pass {new_id()}",
        "note": f"note {new_id()}",
        "tag": f"tag {new_id()[:20]}",
        "place": f"place {new_id()}",
        "hug": f"hug {new_id()}",
    }
    where = {"latitude": 37.7749, "longitude": -122.4194, "name": secrets["place"]}
    async with talking(service) as talk:
        who = {"email": secrets["email"], "password": secrets["password"]}
        reply = await talk.request("auth", {"method": "register", "name": "Jane"} | who)
        talk.token = secrets["token"] = reply["data"]["token"]
        mood = MOOD | {"note": secrets["note"], "tags": [secrets["tag"]], "location": where}
        for data in (mood, mood | {"mood": secrets["note"]}, mood | {"intensity": secrets["note"]}):
            await talk.request("mood_update", data)
        hug = {"recipientId": reply["data"]["userId"], "hugType": "warm", "message": secrets["hug"]}
        await talk.request("send_hug", hug)
        await talk.socket.send(f'{{"nonsense": "{secrets["note"]}"')
        await talk.next()
    async with talking(service) as talk:
        await talk.request("auth", {"method": "credentials"} | who | {"password": "wrong"})
        await talk.resume(secrets["token"])
    log = service.log
    assert '"client"' in log
    found = [name for name, secret in secrets.items() if secret in log]
    assert [] == found + [place for place in ("37.7749", "-122.4194") if place in log]
