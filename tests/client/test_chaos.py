"""Everything at once: connections cut at random while both sides talk."""

import asyncio
import random

import pytest

from hugmood.client import Timing
from hugmood.client.client import Client
from hugmood.features.hugs.messages import SendHug
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.client.test_client import first, texts

COUNT = 150


async def cut_at_random(server: FakeServer, chance: random.Random) -> None:
    """Now connections go, now the server takes none, now it does not answer."""
    while True:
        await asyncio.sleep(chance.uniform(0, 0.015))
        match chance.randrange(4):
            case 0:
                server.http_status ^= 503
            case 1:
                server.silent ^= {"send_hug"}
            case _:
                server.cut()


async def say_everything(hug: Client, server: FakeServer, chance: random.Random) -> list[str]:
    """Send commands and events; return what the commands' replies say."""

    async def ask(number: int) -> str:
        await asyncio.sleep(number * 0.001)
        return (await hug.request(SendHug(recipient_id=str(number), hug_type="warm"))).hug_id

    requests = [asyncio.create_task(ask(number)) for number in range(COUNT)]
    for number in range(COUNT):
        await server.hug(str(number))
        await asyncio.sleep(chance.uniform(0, 0.002))
    return [await request for request in requests]


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_doubled_or_swapped(
    join: Joining, server: FakeServer, seed: int
) -> None:
    """Not a command, not a reply, not an event."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    expected = [str(number) for number in range(COUNT)]
    timing = Timing(backoff=0.002, backoff_cap=0.01, close=0.1)
    async with join(timing=timing, buffer_limit=20, position=0) as hug:
        chaos = asyncio.create_task(cut_at_random(server, chance))
        said = asyncio.create_task(say_everything(hug, server, chance))
        heard = texts(await first(hug, COUNT))
        await asyncio.sleep(0.05)
        chaos.cancel()
        await asyncio.gather(chaos, return_exceptions=True)
        server.http_status = 0
        server.silent.clear()
        server.cut()
        replies = await said
    assert 3 < server.connections
    assert expected == heard
    assert expected == [ask.data["recipientId"] for ask in server.effects]
    assert [f"hug-{number + 1}" for number in range(COUNT)] == replies
