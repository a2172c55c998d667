"""The same service on either database, through its real processes, from the first start on.

These tests take seconds: they start real processes, and wait for them.
"""

from pathlib import Path
from typing import Final

import pytest

from hugmood.store.migrate import HEAD
from tests.e2e.server import Service, hugmood, serving, until
from tests.e2e.talk import talking
from tests.postgresql import PostgresServer

MOOD: Final = {"mood": "calm", "intensity": 0.6, "note": "Evening meditation", "isPublic": True}


async def check_scenario(service: Service) -> None:
    """Two people meet, one is away for a while, and the server is killed in between."""
    async with talking(service) as ada, talking(service) as bob:
        await ada.register("Ada")
        await bob.register("Bob")
        await bob.request("follow_user", {"targetUserId": ada.user_id, "action": "follow"})
        await ada.request("mood_update", MOOD, "mood-1")
        assert 1 == (await bob.heard("mood_changed"))["sequenceNumber"]
        hug = {"recipientId": bob.user_id, "hugType": "warm", "message": "Hello"}
        first = await ada.request("send_hug", hug, "hug-1")
    await service.restart()
    async with talking(service) as ada_again, talking(service) as bob_again:
        await ada_again.resume(ada.token)
        assert first["data"] == (await ada_again.request("send_hug", hug, "hug-1"))["data"]
        await bob_again.resume(bob.token, 1)
        missed = (await bob_again.heard("missed_messages"))["data"]
        assert ["hug_received"] == [message["type"] for message in missed["messages"]]
        assert (2, 2) == (missed["startSequence"], missed["endSequence"])
        moods = await ada_again.history("mood_history")
        assert ["Evening meditation"] == [mood["note"] for mood in moods]
        hugs = await bob_again.history("hug_history")
        assert ["received"] == [hug["direction"] for hug in hugs]


@pytest.mark.slow
async def test_sqlite(tmp_path: Path) -> None:
    """A file that is not there is made at the start, with everything in it."""
    with serving(tmp_path, f"sqlite:///{tmp_path}/new.db") as service:
        await service.ready()
        await check_scenario(service)


@pytest.mark.slow
async def test_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """The server waits until somebody has run `hugmood migrate`, which may be repeated."""
    with postgres_server.new_database() as url, serving(tmp_path, url) as service:
        await until(lambda: len(service.logged("engine waits")) >= 3)
        assert (503, 200) == (await service.status("/readyz"), await service.status("/healthz"))
        assert {f"database is at step None, not {HEAD}: run `hugmood migrate`"} == {
            line["reason"] for line in service.logged("database not ready")
        }
        for _ in range(2):
            run = hugmood(tmp_path, "migrate", database_url=url)
            assert (0, "") == (run.returncode, run.stderr)
            assert f"is at step {HEAD}" in run.stdout
        await service.ready()
        await check_scenario(service)
