"""kill -9 while what very many people follow is on its way to them, on PostgreSQL.

It takes seconds: it starts real processes, and a real PostgreSQL.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.e2e.server import serving, until
from tests.e2e.talk import Traveller
from tests.postgresql import PostgresServer

CROWD: Final = 4_000
"""Followers who are never online: four steps, and a fifth for the one who came last."""
DEATHS: Final = 4
BETWEEN: Final = (0.15, 0.6)
"""How long after the server is there again it is killed, in seconds."""

_CROWD = """
    WITH crowd AS (
        INSERT INTO account (id, guest, name, created_at)
        SELECT 'crowd-' || n, true, '', 0 FROM generate_series(1, %s) AS n RETURNING key)
    INSERT INTO follow (followee_key, follower_key, created_at)
    SELECT (SELECT key FROM account WHERE id = %s), key, 0 FROM crowd
"""
_STREAMS = """
    SELECT array_agg(inbox.number ORDER BY number), array_agg(inbox.event_id ORDER BY number)
    FROM inbox JOIN account ON account.key = inbox.user_key
    WHERE account.id LIKE 'crowd-%' GROUP BY inbox.user_key
"""


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of the real server's."""
    with postgres_server.database() as url:
        yield url


def moods(person: Traveller) -> list[str]:
    """What somebody heard, in that order."""
    return [e["data"]["moodId"] for e in person.events if e["type"] == "mood_changed"]


@pytest.mark.slow
async def test_in_steps(tmp_path: Path, database_url: str) -> None:
    """Everybody gets everything once, without a hole, and in the author's order."""
    dice = random.Random(8)  # noqa: S311 (the moments of death)
    left: list[tuple[int]] = []
    with (
        psycopg.connect(database_url, autocommit=True) as database,
        serving(tmp_path, database_url, rate_limit="off") as service,
    ):
        await service.ready()
        ada, bob = people = [Traveller(service, name) for name in ("Ada", "Bob")]
        await ada.register()
        database.execute(_CROWD, (CROWD, ada.user_id))
        await bob.register()
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person.travel())
            await bob.say("follow_user", {"targetUserId": ada.user_id, "action": "follow"})
            await until(lambda: not bob.waiting)
            talk = group.create_task(chatter(ada))
            for _ in range(DEATHS):
                await asyncio.sleep(dice.uniform(*BETWEEN))
                service.kill()
                left += database.execute("SELECT count(*) FROM fanout").fetchall()
                service.start()
                await service.ready()
            talk.cancel()
            await until(lambda: not ada.waiting)
            await until(lambda: len(moods(bob)) == len(moods(ada)) == len(ada.answers))
            for person in people:
                await person.leave()
        assert moods(bob) == moods(ada)
        assert set(moods(ada)) == {answer["moodId"] for answer in ada.answers.values()}
        streams = database.execute(_STREAMS).fetchall()
        assert database.execute("SELECT count(*) FROM fanout").fetchone() == (0,)
    assert any(waited for (waited,) in left), "it was never killed in the middle"
    assert len(streams) == CROWD
    assert {tuple(numbers) for numbers, _ in streams} == {tuple(range(1, len(moods(ada)) + 1))}
    assert len({tuple(events) for _, events in streams}) == 1


async def chatter(person: Traveller) -> None:
    """Say how one feels, again and again, connected or not."""
    while True:
        await person.say("mood_update", {"mood": "happy", "intensity": 0.5, "isPublic": True})
        await asyncio.sleep(0.03)
