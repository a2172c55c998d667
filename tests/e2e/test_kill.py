"""kill -9, at any moment: nothing acknowledged is lost, nothing happens twice.

These tests take seconds: they start real processes, and wait for them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.conftest import NewDatabase
from tests.e2e.server import Service, serving, until
from tests.e2e.talk import Message, Talk, Traveller, talking

NAMES: Final = ("Ada", "Bob", "Cleo")
ROUNDS: Final = 3
SETTINGS: Final = {"rate_limit": "off"}


async def company(service: Service) -> list[Traveller]:
    """Three people who follow each other."""
    people = [Traveller(service, name) for name in NAMES]
    for person in people:
        await person.register()
    for person in people:
        for other in people:
            if other is not person:
                await person.say("follow_user", {"targetUserId": other.user_id, "action": "follow"})
    return people


async def chatter(person: Traveller, others: list[Traveller], dice: random.Random) -> None:
    """Say how one feels, or hug somebody, every few milliseconds, connected or not."""
    for number in count():
        words = f"{person.name} {number}"
        if dice.random() < 0.5:
            mood = {"mood": "happy", "intensity": 0.5, "note": words, "isPublic": True}
            await person.say("mood_update", mood)
        else:
            recipient = dice.choice(others)
            hug = {"recipientId": recipient.user_id, "hugType": "warm", "message": words}
            await person.say("send_hug", hug)
        await asyncio.sleep(dice.uniform(0, 0.04))


@asynccontextmanager
async def busy(people: list[Traveller], dice: random.Random) -> AsyncIterator[None]:
    """Let them talk meanwhile; at the end everything they said is answered."""
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(person.travel())
        await until(lambda: not any(person.waiting for person in people))
        talks = [
            group.create_task(chatter(person, [o for o in people if o is not person], dice))
            for person in people
        ]
        yield
        for talk in talks:
            talk.cancel()
        await until(lambda: not any(person.waiting for person in people))
        await until(lambda: all(expected_events(p, people) == len(p.events) for p in people))
        for person in people:
            await person.leave()


def said(person: Traveller, kind: str) -> list[Message]:
    """The data of every command of this type."""
    return [message["data"] for message in person.sent.values() if message["type"] == kind]


def expected_events(person: Traveller, people: list[Traveller]) -> int:
    """How long a stream has to be: everyone's moods, hugs for oneself, two follows, a badge."""
    moods = [mood for other in people for mood in said(other, "mood_update")]
    hugs = [hug for other in people for hug in said(other, "send_hug")]
    mine = [hug for hug in hugs if hug["recipientId"] == person.user_id]
    badges = 1 if said(person, "mood_update") else 0
    return len(moods) + len(mine) + len(people) - 1 + badges


def by_words(items: list[Message], key: str) -> list[str]:
    """What was written, sorted, so that one that is lost or doubled is seen."""
    return sorted(item[key] for item in items)


async def check_histories(person: Traveller, talk: Talk) -> None:
    """Each command had its effect once, and it is the effect that was acknowledged."""
    moods = await talk.history("mood_history")
    assert by_words(said(person, "mood_update"), "note") == by_words(moods, "note")
    hugs = [hug for hug in await talk.history("hug_history") if hug["direction"] == "sent"]
    assert by_words(said(person, "send_hug"), "message") == by_words(hugs, "message")
    answers: list[dict[str, Any]] = list(person.answers.values())
    assert {mood["id"] for mood in moods} == {a["moodId"] for a in answers if "moodId" in a}
    assert {hug["id"] for hug in hugs} == {a["hugId"] for a in answers if "hugId" in a}


async def check_stream(person: Traveller, talk: Talk) -> None:
    """A device that was never there gets the same stream, number by number."""
    replayed: list[Message] = []
    while len(replayed) < len(person.events):
        replayed += (await talk.heard("missed_messages"))["data"]["messages"]
    assert person.events == replayed


def check_events(person: Traveller, people: list[Traveller]) -> None:
    """Each mood and each hug reached everyone it was for, once."""
    heard = sorted(e["data"]["moodId"] for e in person.events if e["type"] == "mood_changed")
    told = [a["moodId"] for other in people for a in other.answers.values() if "moodId" in a]
    assert sorted(told) == heard
    hugs = [e["data"] for e in person.events if e["type"] == "hug_received"]
    meant = [
        hug
        for other in people
        for hug in said(other, "send_hug")
        if hug["recipientId"] == person.user_id
    ]
    assert by_words(meant, "message") == by_words(hugs, "message")


async def check(service: Service, people: list[Traveller]) -> None:
    """Nothing lost, nothing twice, no hole."""
    for person in people:
        check_events(person, people)
        async with talking(service) as talk:
            await talk.resume(person.token, 0)
            await check_stream(person, talk)
            await check_histories(person, talk)


@pytest.mark.slow
async def test_whole_server(tmp_path: Path, database_url: str) -> None:
    """The machine loses power, several times, while everyone talks."""
    dice = random.Random(8)  # noqa: S311 (the moments of death)
    with serving(tmp_path, database_url, **SETTINGS) as service:
        await service.ready()
        people = await company(service)
        async with busy(people, dice):
            for count in range(1, ROUNDS + 1):
                await asyncio.sleep(dice.uniform(0.1, 0.6))
                service.kill()
                service.start()
                await service.ready()
                # On a busy machine somebody may not have come back before the next blow.
                await until(lambda: all(person.connections > count for person in people))  # noqa: B023
        await check(service, people)


def soon(seconds: float) -> str:
    """A time so many seconds ahead."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def updates(person: Traveller) -> list[str]:
    """What somebody was told of a group hug."""
    return [e["data"]["updateType"] for e in person.events if e["type"] == "group_hug_update"]


@pytest.mark.slow
async def test_group_hug(tmp_path: Path, database_url: str) -> None:
    """All is killed between start and end: each is told once, and none is forgotten."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        ada, bob = people = [Traveller(service, name) for name in NAMES[:2]]
        for person in people:
            await person.register()
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(person.travel())
            times = {"scheduledFor": soon(0.5), "expiresAt": soon(2)}
            hug = {"name": "Hug", "inviteeIds": [bob.user_id]} | times
            created = await ada.say("create_group_hug", hug)
            await until(lambda: created in ada.answers)
            await bob.say("join_group_hug", {"groupHugId": ada.answers[created]["groupHugId"]})
            await until(lambda: len(updates(ada)) == 2)
            service.kill()
            service.start()
            await service.ready()
            await until(lambda: all("ended" in updates(person) for person in people))
            for person in people:
                await person.leave()
        # On a busy machine the start may come before somebody could join.
        assert sorted(updates(ada)[:2]) == ["participant_joined", "started"]
        assert (updates(ada)[2:], updates(bob).count("ended")) == (["ended"], 1)


async def test_gateway_only(tmp_path: Path, database_url: str) -> None:
    """The engine never outlives its gateway: nobody is left to hold the database."""
    with serving(tmp_path, database_url) as service:
        await service.ready()
        service.process.kill()
        service.process.wait()
        await until(lambda: service.gone)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server that loses some of its processes."""
    folder = tmp_path_factory.mktemp("kill")
    with serving(folder, new_database(folder), **SETTINGS) as service:
        yield service


@pytest.mark.slow
@pytest.mark.parametrize("lane", ["write", "read", "check"])
async def test_one_engine_process(running: Service, lane: str) -> None:
    """It is started again; clients stay connected and hardly notice."""
    service = await running.ready()
    dice = random.Random(8)  # noqa: S311 (the moments of death)
    people = await company(service)
    async with busy(people, dice), talking(service) as talk:
        await talk.resume(people[0].token)
        for _ in range(2):
            await asyncio.sleep(dice.uniform(0.1, 0.4))
            service.kill_engine(lane)
            fetched = await talk.send("fetch", {"dataType": "mood_history", "limit": 1})
            async with talking(service) as newcomer:
                await newcomer.resume(people[1].token)
            assert "fetch_response" == (await talk.reply(fetched))["type"]
    assert [1, 1, 1] == [person.connections for person in people]
    deaths = [line["lane"] for line in service.logged("engine process died")]
    assert 2 == deaths.count(lane)
    await check(service, people)
