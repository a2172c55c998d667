"""Requests and events over a connection that holds."""

import asyncio
import logging

import pytest

from hugmood.client import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    QueueFull,
    Received,
    RequestFailed,
    SessionEnded,
    Timing,
    Unknown,
    connect,
)
from hugmood.client.client import Client
from hugmood.features.auth.messages import Disconnect
from hugmood.features.follows.messages import FetchFollowers, FollowUser
from hugmood.features.hugs.messages import HugReceived, HugSent, SendHug
from hugmood.features.moods.messages import MoodUpdate
from tests.client.conftest import Joining
from tests.client.fake_server import Ask, FakeServer, Peer, eventually

HUG = SendHug(recipient_id="user-2", hug_type="supportive")


async def first(client: Client, count: int) -> list[ClientEvent]:
    """Return the next so many events."""
    events: list[ClientEvent] = []
    async for event in client.events():
        events.append(event)
        if len(events) == count:
            break
    return events


def texts(events: list[ClientEvent]) -> list[object]:
    """What the hugs among these say."""
    return [event.message for event in events if isinstance(event, HugReceived)]


async def test_a_reply_has_the_type_that_its_command_names(join: Joining) -> None:
    """`request(SendHug(...))` is a `HugSent`, for mypy as well."""
    async with join() as hug:
        sent: HugSent = await hug.request(HUG)
        followers = await hug.request(FetchFollowers())
    assert HugSent(hug_id="hug-1", recipient_online=True, delivery_status="sent") == sent
    assert ["Jane Smith"] == [item.name for item in followers.items]


@pytest.mark.parametrize("codec", ["json", "msgpack"])
async def test_both_codecs_say_the_same(join: Joining, server: FakeServer, codec: str) -> None:
    """Also pages, which hold whole messages."""
    await server.hug("one")
    async with join(codec=codec, position=0) as hug:
        await server.hug("two")
        assert ["one", "two"] == texts(await first(hug, 2))
        assert "hug-1" == (await hug.request(HUG)).hug_id


async def test_replies_find_their_requests(join: Joining, server: FakeServer) -> None:
    """However many are under way."""
    async with join() as hug:
        hugs = [SendHug(recipient_id=f"user-{n}", hug_type="warm") for n in range(40)]
        sent = await asyncio.gather(*map(hug.request, hugs))
    assert [f"hug-{n}" for n in range(1, 41)] == [one.hug_id for one in sent]
    assert [f"user-{n}" for n in range(40)] == [ask.data["recipientId"] for ask in server.effects]


async def test_a_refusal_says_what_is_wrong(join: Joining, server: FakeServer) -> None:
    """Code, field and issue, and that repeating does not help."""
    details = {"field": "data.mood", "issue": "unknown_value"}
    server.refusals = [{"code": "invalid_request", "message": "No", "details": details}]
    async with join() as hug:
        with pytest.raises(RequestFailed) as failure:
            await hug.request(MoodUpdate(mood="odd", intensity=1))
    error = failure.value
    assert ("invalid_request", "data.mood", "unknown_value") == (
        error.code,
        error.field,
        error.issue,
    )
    assert not error.retryable
    assert "invalid_request: No (data.mood)" == str(error)


async def test_over_the_rate_limit_a_command_waits_and_keeps_its_place(
    join: Joining, server: FakeServer
) -> None:
    """The server says how long; the one given after it does not overtake."""
    limit = {"code": "rate_limit_exceeded", "message": "No", "details": {"retryAfter": 0}}
    server.refusals = [limit, limit, limit]
    async with join() as hug:
        requests = [hug.request(HUG), hug.request(FollowUser(target_user_id="a", action="follow"))]
        await asyncio.gather(*requests)
    assert ["send_hug", "follow_user"] == [ask.type for ask in server.effects]
    assert 1 == len({ask.id for ask in server.asked("send_hug")})


async def test_a_failing_server_is_asked_again_with_the_same_id(
    join: Joining, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`server_error` says that repeating is safe; with a new id it would not be."""
    server.refusals = [{"code": "server_error", "message": "No"}]
    monkeypatch.setattr("hugmood.client.exchange._RETRY", 5)
    async with join() as hug:
        await hug.request(HUG)
    assert 2 == len(server.asked("send_hug"))
    assert 1 == len({ask.id for ask in server.asked("send_hug")})


async def test_events_come_typed_and_in_order(join: Joining, server: FakeServer) -> None:
    """With what is not stored in between."""
    async with join() as hug:
        await server.hug("one")
        await server.broadcast("user_danced", {"userId": "user-2"})
        await server.hug("two")
        events = await first(hug, 3)
        assert ["one", "two"] == texts(events)
        assert Unknown("user_danced", {"userId": "user-2"}) == events[1]


async def test_messages_have_their_envelopes(join: Joining, server: FakeServer) -> None:
    """Number, type, id and time, and no number for what is not stored."""
    async with join() as hug:
        await server.hug("one")
        await server.broadcast("user_danced", {})
        received: list[Received] = []
        async for one in hug.messages():
            received.append(one)
            if len(received) == 2:
                break
    assert [(1, "hug_received", "notif-1"), (None, "user_danced", "bcast-1")] == [
        (one.number, one.type, one.id) for one in received
    ]


async def test_an_unknown_event_keeps_its_number(join: Joining, server: FakeServer) -> None:
    """A newer server's event must not look like a hole."""
    async with join() as hug:
        await server.emit("hug_melted", {"hugId": "hug-1"})
        await server.hug("two")
        events = await first(hug, 2)
    assert Unknown("hug_melted", {"hugId": "hug-1"}) == events[0]
    assert 1 == server.connections


async def test_a_known_event_with_unknown_content_is_given_as_it_is(
    join: Joining, server: FakeServer
) -> None:
    """A newer server must not break an older client."""
    async with join() as hug:
        await server.emit("hug_received", {"hugId": 7})
        assert [Unknown("hug_received", {"hugId": 7})] == await first(hug, 1)


async def test_the_position_moves_when_an_event_was_handled(
    join: Joining, server: FakeServer
) -> None:
    """Not when it arrived: a crash in between must not lose it."""
    async with join() as hug:
        assert 0 == hug.position
        await server.hug("one")
        await server.hug("two")
        await hug.request(HUG)
        events = hug.events()
        await anext(events)
        assert 0 == hug.position
        await anext(events)
        assert 1 == hug.position
    assert 2 == hug.position


async def test_the_position_counts_what_is_filtered(join: Joining, server: FakeServer) -> None:
    """Nobody has to handle what nobody is given."""
    async with join() as hug:
        await server.hug("hidden", hidden=True)
        server.peers[0].position = 1
        await hug.request(HUG)
        assert 1 == hug.position


async def test_only_one_at_a_time_may_ask_for_events(join: Joining) -> None:
    """Two would each get half of them."""
    async with join() as hug:
        one = asyncio.create_task(first(hug, 1))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one at a time"):
            await anext(hug.events())
        one.cancel()


async def test_what_nobody_awaits_has_its_outcome_told(join: Joining, server: FakeServer) -> None:
    """`send` returns at once; whether it worked is an event."""
    async with join() as hug:
        good = hug.send(HUG)
        await eventually(lambda: not hug.waiting)
        server.refusals = [{"code": "not_found", "message": "Who?"}]
        bad = hug.send(HUG)
        done, failed = await first(hug, 2)
    assert isinstance(done, CommandDone)
    assert isinstance(failed, CommandFailed)
    assert (good, HUG, bad, HUG) == (
        done.message_id,
        done.command,
        failed.message_id,
        failed.command,
    )
    assert "not_found" == failed.error.code


async def test_a_query_that_gets_no_answer_in_time_is_forgotten(
    join: Joining, server: FakeServer
) -> None:
    """It changes nothing, so nothing is left to be done."""
    server.silent.add("fetch")
    async with join(request_timeout=0.05) as hug:
        with pytest.raises(TimeoutError):
            await hug.request(FetchFollowers())
        assert not hug._exchange.expecting


async def test_a_command_that_gets_no_answer_in_time_stays_queued(
    join: Joining, server: FakeServer
) -> None:
    """It may have had its effect; what became of it is told when it is known."""
    server.silent.add("send_hug")
    async with join(request_timeout=0.05) as hug:
        with pytest.raises(TimeoutError):
            await hug.request(HUG)
        assert 1 == hug.waiting
        server.silent.clear()
        server.cut()
        (done,) = await first(hug, 1)
    assert isinstance(done, CommandDone)
    assert 1 == len(server.effects)


async def test_a_full_queue_says_so(join: Joining, server: FakeServer) -> None:
    """Rather than forgetting anything."""
    server.silent.add("send_hug")
    async with join(queue_limit=1, timing=Timing(close=0.01)) as hug:
        hug.send(HUG)
        with pytest.raises(QueueFull):
            hug.send(HUG)


async def test_too_large_a_message_is_not_even_tried(join: Joining) -> None:
    """It would close the connection, and again after each reconnection."""
    async with join() as hug:
        with pytest.raises(ValueError, match="65536 bytes"):
            hug.send(MoodUpdate(mood="happy", intensity=1, note="x" * (1 << 16)))


async def test_what_the_client_says_itself_is_not_for_users(join: Joining) -> None:
    """`close` and `log_out` say goodbye properly."""
    async with join() as hug:
        with pytest.raises(ValueError, match="disconnect"):
            await hug.request(Disconnect())
        with pytest.raises(ValueError, match="request"):
            hug.send(FetchFollowers())


async def test_leaving_waits_for_what_is_under_way(join: Joining, server: FakeServer) -> None:
    """And says goodbye, so that one does not seem online for a while."""
    async with join() as hug:
        hug.send(HUG)
    assert ["auth", "send_hug", "disconnect"] == server.types()
    assert {"reason": "client_closed"} == server.asks[-1].data


async def test_after_closing_nothing_is_taken(join: Joining) -> None:
    """Requests raise, events end quietly."""
    async with join() as hug:
        pass
    with pytest.raises(SessionEnded):
        await hug.request(HUG)
    assert [] == [event async for event in hug.events()]
    assert "closed" == hug.state.phase


async def test_an_exception_leaves_at_once(join: Joining, server: FakeServer) -> None:
    """And the event that raised it counts as not handled."""
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 (the event is the point)
        async with join() as hug:
            await server.hug("one")
            async for _ in hug.events():
                raise ZeroDivisionError
    assert 0 == hug.position


async def test_logging_out_says_so(join: Joining, server: FakeServer) -> None:
    """The server then revokes the token."""
    async with join() as hug:
        assert await hug.log_out()
    assert {"reason": "user_logout"} == server.asks[-1].data


async def test_nothing_secret_is_logged(
    join: Joining, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by the WebSocket library, which logs whole frames at DEBUG."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets.server").setLevel(logging.INFO)
    async with join() as hug:
        await hug.request(MoodUpdate(mood="happy", intensity=1, note="my secret"))
        server.cut()
        await eventually(lambda: server.connections == 2)
    assert "hugmood.client.connection.socket" not in {one.name for one in caplog.records}
    assert "token-0" not in caplog.text
    assert "my secret" not in caplog.text


async def test_a_callback_hears_where_the_client_stands(join: Joining, server: FakeServer) -> None:
    """Connecting, connected, waiting, closed."""
    phases: list[str] = []
    async with join(on_state=lambda state: phases.append(state.phase)):
        server.cut()
        await eventually(lambda: phases.count("connected") == 2)
    assert ["connecting", "connected", "waiting", "connecting", "connected", "closed"] == phases


@pytest.mark.parametrize("url", ["http://localhost/ws", "localhost:5000", "ws:///ws"])
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is tried."""
    with pytest.raises(ValueError, match="url"):
        connect(url, token="x")


async def test_pings_are_answered(join: Joining, server: FakeServer) -> None:
    """With the ping's id (protocol: Keep-Alive Mechanism)."""
    async with join():
        await server.peers[0].send("ping", {"timestamp": "2023-08-25T19:15:00.000Z"}, "ping-1")
        await eventually(lambda: server.asked("pong"))
    assert [{"pingId": "ping-1"}] == [ask.data for ask in server.asked("pong")]


async def test_nothing_is_a_hole_that_is_a_reply(join: Joining, server: FakeServer) -> None:
    """Replies overtaking events of one's own do no harm."""

    async def hug_first(peer: Peer, ask: Ask) -> None:
        if ask.type == "send_hug":
            await server.hug("own")

    server.on_ask = hug_first
    async with join() as hug:
        await hug.request(HUG)
        assert ["own"] == texts(await first(hug, 1))
    assert 1 == server.connections
