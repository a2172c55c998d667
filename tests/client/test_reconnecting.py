"""Connections that go, and what comes through all the same."""

import asyncio
from pathlib import Path

import pytest

from hugmood.client import CommandDone, HistoryLost, SessionEnded, Timing, Unreachable, connect
from hugmood.features.follows.messages import FetchFollowers
from hugmood.features.hugs.messages import SendHug
from tests.client.conftest import FAST, Joining
from tests.client.fake_server import Ask, FakeServer, Peer, eventually
from tests.client.test_client import HUG, first, texts


async def test_what_was_missed_comes_after_reconnecting(join: Joining, server: FakeServer) -> None:
    """In order, once, before what is live again."""
    async with join() as hug:
        await server.hug("one")
        assert ["one"] == texts(await first(hug, 1))
        await server.stop()
        await server.hug("two")
        await server.hug("three")
        await server.start()
        await eventually(lambda: hug.connected)
        await server.hug("four")
        assert ["two", "three", "four"] == texts(await first(hug, 3))
    assert [None, 1] == [ask.data.get("lastSequenceNumber") for ask in server.asked("auth")]


async def test_what_waits_to_be_asked_for_is_not_asked_for_again(
    join: Joining, server: FakeServer
) -> None:
    """A new connection resumes after what arrived, not after what was handled."""
    async with join() as hug:
        await server.hug("one")
        await hug.request(HUG)
        server.cut()
        await eventually(lambda: server.connections == 2)
        await server.hug("two")
        assert ["one", "two"] == texts(await first(hug, 2))
    assert 1 == server.asked("auth")[1].data["lastSequenceNumber"]


async def test_many_pages_are_one_stream(join: Joining, server: FakeServer) -> None:
    """With filtered events in it, at its end too."""
    for number in range(1, 251):
        await server.hug(str(number), hidden=number % 10 == 0)
    async with join(position=0) as hug:
        expected = [str(number) for number in range(1, 251) if number % 10]
        assert expected == texts(await first(hug, len(expected)))
        await hug.request(HUG)
        anext_hug = asyncio.create_task(first(hug, 1))
        await server.hug("live")
        assert ["live"] == texts(await anext_hug)
    assert 1 == server.connections


async def test_commands_given_offline_go_out_in_order(join: Joining, server: FakeServer) -> None:
    """With their ids, and the times at which they were given."""
    async with join() as hug:
        await server.stop()
        await eventually(lambda: not hug.connected)
        requests = [
            asyncio.create_task(hug.request(SendHug(recipient_id=str(n), hug_type="warm")))
            for n in range(20)
        ]
        await asyncio.sleep(0)
        assert 20 == hug.waiting
        await server.start()
        sent = await asyncio.gather(*requests)
    assert [f"hug-{n}" for n in range(1, 21)] == [one.hug_id for one in sent]
    assert [str(n) for n in range(20)] == [ask.data["recipientId"] for ask in server.effects]


async def test_a_command_whose_reply_was_lost_is_repeated_with_its_id(
    join: Joining, server: FakeServer
) -> None:
    """So that it takes effect once; the one who awaits the reply notices nothing."""

    async def cut_first(_: Peer, ask: Ask) -> None:
        if ask.type == "send_hug" and len(server.asked("send_hug")) == 1:
            server.silent.add("send_hug")
            asyncio.get_running_loop().call_later(0.02, server.cut)
        else:
            server.silent.clear()

    server.on_ask = cut_first
    async with join() as hug:
        assert "hug-1" == (await hug.request(HUG)).hug_id
    once, again = server.asked("send_hug")
    assert (once.id, once.timestamp) == (again.id, again.timestamp)
    assert 1 == len(server.effects)


async def test_a_query_waits_for_the_next_connection(join: Joining, server: FakeServer) -> None:
    """As long as it has time."""
    async with join() as hug:
        await server.stop()
        request = asyncio.create_task(hug.request(FetchFollowers()))
        await asyncio.sleep(0)
        await server.start()
        assert 1 == (await request).total_count


async def test_time_offline_does_not_count_for_a_command(join: Joining, server: FakeServer) -> None:
    """Only a server that has it and does not answer is late."""
    async with join(request_timeout=0.3) as hug:
        await server.stop()
        await eventually(lambda: not hug.connected)
        request = asyncio.create_task(hug.request(HUG))
        await asyncio.sleep(0.4)
        await server.start()
        await request


async def test_time_without_a_connection_does_not_count_either(
    join: Joining, server: FakeServer
) -> None:
    """For a command that was sent before the connection went."""
    server.silent.add("send_hug")
    async with join(request_timeout=0.4) as hug:
        request = asyncio.create_task(hug.request(HUG))
        await eventually(lambda: server.effects)
        await server.stop()
        await asyncio.sleep(0.5)
        server.silent.clear()
        await server.start()
        assert "hug-1" == (await request).hug_id


async def test_queries_do_not_survive_the_process(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """Nobody is there any more who asked."""
    server.silent.add("fetch")
    async with join(state=tmp_path / "state") as hug:
        query = asyncio.create_task(hug.request(FetchFollowers()))
        await eventually(lambda: server.asked("fetch"))
        assert b"fetch" not in (tmp_path / "state").read_bytes()
        query.cancel()


async def test_the_queue_survives_the_process(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """Ids and times too; the outcome is told to the next run."""
    state = tmp_path / "state" / "file"
    async with join(state=state) as hug:
        await server.stop()
        await eventually(lambda: not hug.connected)
        ids = [hug.send(HUG), hug.send(HUG)]
    await server.start()
    async with connect(server.url, state=state, timing=FAST) as hug:
        done = await first(hug, 2)
        assert ids == [one.message_id for one in done if isinstance(one, CommandDone)]
        assert [HUG, HUG] == [one.command for one in done if isinstance(one, CommandDone)]
    assert ids == [ask.id for ask in server.effects]
    async with connect(server.url, state=state, timing=FAST) as hug:
        assert 0 == hug.waiting


async def test_the_position_survives_the_process(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """What was not handled comes again."""
    state = tmp_path / "file"
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 (the crash is the point)
        async with join(state=state) as hug:
            await server.hug("one")
            await server.hug("two")
            async for event in hug.events():
                assert ["one"] == texts([event])
                await anext(hug.events())
                raise ZeroDivisionError
    await server.hug("three")
    async with connect(server.url, state=state, timing=FAST) as hug:
        assert ["two", "three"] == texts(await first(hug, 2))


async def test_a_hole_makes_it_resume(join: Joining, server: FakeServer) -> None:
    """What is missing then comes as missed."""
    async with join() as hug:
        await server.hug("one")
        await first(hug, 1)
        peers, server.peers = server.peers, []
        await server.hug("two")
        server.peers = peers
        peers[0].position = 2
        await server.hug("three")
        assert ["two", "three"] == texts(await first(hug, 2))
    assert 2 == server.connections


async def test_a_hole_that_stays_is_reported(join: Joining, server: FakeServer) -> None:
    """And the session goes on behind it."""
    for text in ("one", "two", "three"):
        await server.hug(text)
    server.oldest, server.forgetful = 3, True
    async with join(position=0) as hug:
        lost, three = await first(hug, 2)
    assert HistoryLost(2) == lost
    assert ["three"] == texts([three])
    assert 3 == server.connections


async def test_history_that_is_gone_is_reported(join: Joining, server: FakeServer) -> None:
    """Then the user has to fetch afresh; what is still kept comes all the same."""
    for text in ("one", "two", "three"):
        await server.hug(text)
    server.oldest = 3
    async with join(position=1) as hug:
        lost, three = await first(hug, 2)
    assert HistoryLost(2) == lost
    assert ["three"] == texts([three])


async def test_a_restored_database_is_reported(join: Joining, server: FakeServer) -> None:
    """The position goes back to the head that there is."""
    await server.hug("one")
    async with join(position=40) as hug:
        (lost,) = await first(hug, 1)
        assert isinstance(lost, HistoryLost)
        await server.hug("two")
        assert ["two"] == texts(await first(hug, 1))
    assert 2 == hug.position


async def test_a_full_buffer_loses_nothing_and_blocks_no_reply(
    join: Joining, server: FakeServer
) -> None:
    """Someone who handles events by making requests must not wait for oneself."""
    async with join(buffer_limit=5) as hug:
        for number in range(30):
            await server.hug(str(number))
        said = []
        async for event in hug.events():
            await hug.request(HUG)
            said += texts([event])
            if len(said) == 30:
                break
    assert [str(number) for number in range(30)] == said
    assert 1 < server.connections


async def test_a_full_buffer_stops_the_reading(join: Joining, server: FakeServer) -> None:
    """Where no reply is awaited, the server is left to wait."""
    async with join(buffer_limit=5) as hug:
        for number in range(30):
            await server.hug(str(number))
        await eventually(lambda: hug._feed.full)
        said = texts(await first(hug, 30))
    assert [str(number) for number in range(30)] == said
    assert 1 == server.connections


@pytest.mark.parametrize(
    ("code", "websocket_code"),
    [("session_revoked", 4401), ("session_replaced", 4409), ("protocol_error", 4400)],
)
async def test_where_coming_back_is_useless_the_session_ends(
    join: Joining, server: FakeServer, code: str, websocket_code: int
) -> None:
    """Requests and events raise it; nothing is tried again."""
    server.silent.add("send_hug")
    async with join() as hug:
        request = asyncio.create_task(hug.request(HUG))
        await eventually(lambda: server.effects)
        await server.hug("one")
        await server.dismiss(code, websocket_code)
        with pytest.raises(SessionEnded) as ended:
            await request
        assert ["one"] == texts(await first(hug, 1))
        with pytest.raises(SessionEnded):
            await first(hug, 1)
        with pytest.raises(SessionEnded):
            await hug.request(HUG)
    assert (code, websocket_code, False) == (
        ended.value.code,
        ended.value.websocket_code,
        ended.value.reconnect,
    )
    assert 1 == server.connections


@pytest.mark.parametrize("websocket_code", [4400, 4409])
async def test_close_codes_speak_for_themselves(
    join: Joining, server: FakeServer, websocket_code: int
) -> None:
    """The goodbye before may be lost."""
    async with join() as hug:
        await server.dismiss("", websocket_code)
        with pytest.raises(SessionEnded):
            await first(hug, 1)


@pytest.mark.parametrize(
    ("code", "websocket_code"), [("server_shutdown", 1001), ("session_expired", 4401), ("", 1011)]
)
async def test_where_it_helps_it_comes_back(
    join: Joining, server: FakeServer, code: str, websocket_code: int
) -> None:
    """Not before it is told to."""
    delays: list[float] = []
    async with join(on_state=lambda state: delays.append(state.retry_in)) as hug:
        await server.dismiss(code, websocket_code, reconnectDelay=60)
        await eventually(lambda: server.connections == 2)
        await hug.request(HUG)
    assert (0.06 if code else 0) <= max(delays) <= 0.06 + 0.01


async def test_an_unknown_goodbye_counts_by_its_delay(join: Joining, server: FakeServer) -> None:
    """Where it helps there is one (protocol: Keep-alive, limits, closing)."""
    async with join() as hug:
        await server.dismiss("full_moon", 4499, reconnectDelay=1)
        await eventually(lambda: server.connections == 2 and hug.connected)
        await server.dismiss("full_moon", 4499)
        with pytest.raises(SessionEnded):
            await first(hug, 1)


async def test_a_server_that_is_not_there_is_unreachable(server: FakeServer) -> None:
    """After the time that one was ready to wait."""
    await server.stop()
    with pytest.raises(Unreachable):
        async with connect(server.url, token="token-0", timing=FAST, connect_timeout=0.1):
            pass


async def test_it_may_begin_offline(server: FakeServer) -> None:
    """`connect_timeout=0` connects in the background."""
    await server.stop()
    async with connect(server.url, token="token-0", timing=FAST, connect_timeout=0) as hug:
        request = asyncio.create_task(hug.request(HUG))
        await asyncio.sleep(0.02)
        assert not hug.connected
        await server.start()
        await request


async def test_a_wrong_address_is_not_tried_again(server: FakeServer) -> None:
    """HTTP status 404 stays."""
    server.http_status = 404
    with pytest.raises(Unreachable, match="404"):
        async with connect(server.url, token="token-0", timing=FAST):
            pass
    assert 1 == server.connections


async def test_a_proxy_without_a_server_is_tried_again(join: Joining, server: FakeServer) -> None:
    """HTTP status 502 passes; and once signed in, 404 does too: a deployment."""
    server.http_status = 502
    async with join(connect_timeout=0) as hug:
        await eventually(lambda: server.connections >= 2)
        server.http_status = 0
        await eventually(lambda: hug.connected)
        server.http_status = 404
        before = server.connections
        server.cut()
        await eventually(lambda: server.connections > before + 1)
        server.http_status = 0
        await hug.request(HUG)


@pytest.mark.parametrize(("stable", "failures"), [(0.0, 1), (60.0, 3)])
async def test_only_a_connection_that_lasts_clears_what_failed(
    join: Joining, server: FakeServer, stable: float, failures: int
) -> None:
    """One that is lost right after signing in must not be sought at full speed."""
    timing = Timing(backoff=0.001, backoff_cap=0.001, stable=stable, close=1)
    async with join(timing=timing) as hug:
        for number in range(2, 5):
            server.cut()
            await eventually(lambda: server.connections == number and hug.connected)  # noqa: B023
        assert failures == hug._link._backoff.failures


async def test_silence_is_a_lost_connection(join: Joining, server: FakeServer) -> None:
    """A connection can die without either side being told."""
    timing = Timing(backoff=0.01, backoff_cap=0.01, silence=0.05, close=0.1)
    async with join(timing=timing):
        await eventually(lambda: server.connections >= 2)


async def test_a_heartbeat_is_sent_when_nothing_else_is(join: Joining, server: FakeServer) -> None:
    """Protocol: Client Heartbeat."""
    async with join(timing=Timing(heartbeat=0.02)):
        await eventually(lambda: len(server.asked("heartbeat")) >= 3)
    assert 1 == server.connections


async def test_what_is_no_message_makes_it_reconnect(join: Joining, server: FakeServer) -> None:
    """There is nothing else to be done about it."""
    async with join() as hug:
        await server.peers[0].socket.send("nonsense")
        await eventually(lambda: server.connections == 2)
        await hug.request(HUG)
