"""Batches and narrowed connections, as the SDK sees them."""

import pytest

from hugmood.ambient import Instant, System
from hugmood.client import Client, RequestFailed
from hugmood.features.hugs.messages import HugReceived, SendHug
from hugmood.features.subscriptions.messages import (
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from hugmood.wire import codec
from tests.client.conftest import Joining
from tests.client.fake_server import Ask, FakeServer, Peer, eventually

HUG = SendHug(recipient_id="user-2", hug_type="warm")


def event(number: int, previous: int | None = None) -> bytes:
    """A hug with this number in the stream."""
    hug = HugReceived(
        hug_id=f"hug-{number}",
        sender_id="user-2",
        sender_name="Jane Smith",
        hug_type="warm",
        sent_at=Instant(0),
    )
    prefix = codec.prefix("hug_received", f"notif-{number}", codec.encode(hug), System().now())
    return prefix + codec.suffix(number, previous)


async def first(hug: Client, count: int) -> list[str]:
    """The ids of so many hugs."""
    found: list[str] = []
    async for one in hug.events():
        assert isinstance(one, HugReceived)
        found.append(one.hug_id)
        if len(found) == count:
            break
    return found


# Batches


@pytest.mark.parametrize(("batch", "said"), [(True, ["batch"]), (False, None)])
async def test_what_the_server_is_told(
    join: Joining, server: FakeServer, *, batch: bool, said: list[str] | None
) -> None:
    """That it may send batches, if that is wanted; by default not."""
    async with join(batch=batch):
        (auth,) = server.asked("auth")
    assert said == auth.data.get("capabilities")


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
async def test_batch(join: Joining, server: FakeServer, encoding: str) -> None:
    """What is in it comes one by one, in order."""
    async with join(batch=True, codec=encoding) as hug:
        await server.batch(event(1), event(2), event(3))
        assert ["hug-1", "hug-2", "hug-3"] == await first(hug, 3)


async def test_reply_in_a_batch(join: Joining, server: FakeServer) -> None:
    """A reply is found wherever it is."""

    async def answer(_: Peer, ask: Ask) -> None:
        if ask.type == "send_hug":
            sent = b'{"success":true,"hugId":"h","recipientOnline":true,"deliveryStatus":"sent"}'
            reply = codec.prefix("send_hug_response", f"{ask.id}-resp", sent, System().now())
            await server.batch(reply + codec.suffix(0), event(1))

    server.silent = {"send_hug"}
    server.on_ask = answer
    async with join(batch=True) as hug:
        assert "h" == (await hug.request(HUG)).hug_id
        assert ["hug-1"] == await first(hug, 1)


async def test_batch_that_makes_no_sense(join: Joining, server: FakeServer) -> None:
    """The connection is no good, and another is made."""
    async with join(batch=True) as hug:
        await server.batch(b"5")
        await eventually(lambda: server.connections == 2 and hug.connected)


# Narrowed connections


async def test_subscribe(join: Joining) -> None:
    """It is a request like any other, and so is taking it back."""
    async with join() as hug:
        reply = await hug.request(Subscribe(types=["hug_received"], user_ids=["user-2"]))
        assert Subscribed(types=["hug_received"], user_ids=["user-2"]) == reply
        assert Unsubscribed() == await hug.request(Unsubscribe())


async def test_number_before_a_gap(join: Joining, server: FakeServer) -> None:
    """Events that were left out are no reason to connect again."""
    async with join() as hug:
        await hug.request(Subscribe(types=["hug_received"]))
        await server.batch(event(1), event(5, previous=1), event(6))
        assert ["hug-1", "hug-5", "hug-6"] == await first(hug, 3)
    assert 1 == server.connections


async def test_a_gap_all_the_same(join: Joining, server: FakeServer) -> None:
    """One that is missing although it was sent is noticed on a narrowed connection too."""
    async with join() as hug:
        await hug.request(Subscribe(types=["hug_received"]))
        await server.batch(event(1), event(5, previous=3))
        await eventually(lambda: server.connections == 2)


async def test_subscribed_again(join: Joining, server: FakeServer) -> None:
    """Each new connection is narrowed before anything else is asked of it."""
    async with join() as hug:
        await hug.request(Subscribe(types=["mood_changed"]))
        await hug.request(Subscribe(types=["hug_received"], user_ids=["user-2"]))
        before = len(server.asks)
        server.cut()
        await hug.request(HUG)
        again = [ask for ask in server.asks[before:] if ask.type != "pong"]
    assert ["auth", "subscribe", "send_hug"] == [ask.type for ask in again[:3]]
    assert {"types": ["hug_received"], "userIds": ["user-2"]} == again[1].data


async def test_not_after_unsubscribe(join: Joining, server: FakeServer) -> None:
    """What was taken back is not asked for again."""
    async with join() as hug:
        await hug.request(Subscribe(types=[]))
        await hug.request(Unsubscribe())
        server.cut()
        await hug.request(HUG)
    assert 1 == len(server.asked("subscribe"))


async def test_not_after_a_refusal(join: Joining, server: FakeServer) -> None:
    """What the server refused never held."""
    server.refusals = [{"code": "invalid_request", "message": "No"}]
    async with join() as hug:
        with pytest.raises(RequestFailed):
            await hug.request(Subscribe(types=["no_such_type"]))
        server.cut()
        await hug.request(HUG)
    assert 1 == len(server.asked("subscribe"))


async def test_log_out_that_is_refused(join: Joining, server: FakeServer) -> None:
    """The user learns at once that the token is still good."""

    async def refuse(peer: Peer, ask: Ask) -> None:
        if ask.type == "disconnect":
            error = {"code": "server_error", "message": "No", "originalMessageId": ask.id}
            await peer.send("error", error, "err-1")

    async with join() as hug:
        server.on_ask = refuse
        assert not await hug.log_out()
