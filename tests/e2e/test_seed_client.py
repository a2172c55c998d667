"""A client that knows the seed alone goes through every section, and sees what it shows.

These tests take seconds: they start real processes, and wait for them.
"""

import ast
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.conftest import NewDatabase
from tests.e2e.seed import EXAMPLES, flaws, said
from tests.e2e.server import Service, serving
from tests.e2e.talk import PASSWORD, Talk, new_id, talking


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server that pings often."""
    folder = tmp_path_factory.mktemp("examples")
    settings = {"ping_interval": "1", "silence_timeout": "4"}
    with serving(folder, new_database(folder), **settings) as service:
        yield service


@pytest.fixture
async def service(running: Service) -> Service:
    """The server, ready."""
    return await running.ready()


class People(NamedTuple):
    """Those of the seed's examples."""

    jane: Talk
    john: Talk
    alice: Talk
    bob: Talk


@pytest.fixture
async def people(service: Service) -> AsyncIterator[People]:
    """Jane, and those who follow her."""
    async with AsyncExitStack() as stack:
        talks = [await stack.enter_async_context(talking(service)) for _ in People._fields]
        names = ("Jane Smith", "John Doe", "Alice Johnson", "Bob Williams")
        for talk, name in zip(talks, names, strict=True):
            await talk.register(name)
        people = People(*talks)
        for talk in talks[1:]:
            await talk.request(*said("Follow User", targetUserId=people.jane.user_id))
        yield people


def moment(**after: float) -> str:
    """A time so long after now."""
    at = datetime.now(UTC) + timedelta(**after)
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


# Authentication


async def test_credentials(service: Service) -> None:
    """Address and password, right and wrong."""
    email = f"{new_id()}@example.com"
    async with talking(service) as talk:
        data = {"method": "register", "email": email, "password": PASSWORD, "name": "Jane"}
        await talk.request("auth", data)
    async with talking(service) as talk:
        given = said("Authentication with Credentials", email=email, password="wrong password")
        reply = await talk.request(*given, "msg-12345")
        assert [] == flaws(reply, "Authentication with Credentials", 2)
        given = said("Authentication with Credentials", email=email, password=PASSWORD)
        reply = await talk.request(*given, "msg-12346")
        assert [] == flaws(reply, "Authentication with Credentials", 1)
        assert "msg-12346-resp" == reply["id"]


async def test_token(people: People, service: Service) -> None:
    """A token goes on where another connection was."""
    jane = people.jane
    async with talking(service) as talk:
        reply = await talk.request(*said("Authentication with Token", token=jane.token))
    assert [] == flaws(reply, "Authentication with Token", 1, userId=jane.user_id)


async def test_anonymous(service: Service) -> None:
    """A guest needs no account."""
    async with talking(service) as talk:
        reply = await talk.request(*said("Anonymous Authentication"))
    assert [] == flaws(reply, "Anonymous Authentication", 1)


# Messages


async def test_status(people: People) -> None:
    """A status is answered, and followers see it."""
    reply = await people.jane.request(*said("Update Status"))
    assert [] == flaws(reply, "Update Status", 1)
    told = await people.john.heard("user_status_changed")
    assert [] == flaws(told, "User Status Broadcast", userId=people.jane.user_id)


async def test_mood(people: People) -> None:
    """A mood is answered with its streak, and followers are told what is public of it."""
    reply = await people.jane.request(*said("Update Mood"))
    assert [] == flaws(reply, "Update Mood", 1)
    told = await people.john.heard("mood_changed")
    mood_id = reply["data"]["moodId"]
    same = {"userId": people.jane.user_id, "moodId": mood_id, "intensity": 0.8}
    assert [] == flaws(told, "Mood Update Broadcast", **same)


async def test_hug(people: People) -> None:
    """A hug is answered, and comes as it was sent."""
    jane, john, *_ = people
    reply = await jane.request(*said("Send Hug", recipientId=john.user_id))
    assert [] == flaws(reply, "Send Hug", 1)
    told = await john.heard("hug_received")
    sent = said("Send Hug")[1]["customization"]
    same = {"hugId": reply["data"]["hugId"], "senderId": jane.user_id, "customization": sent}
    assert [] == flaws(told, "Receive Hug", **same)


async def test_hug_request(people: People) -> None:
    """Somebody is asked for a hug, and gives it."""
    jane, john, *_ = people
    reply = await jane.request(*said("Hug Request", targetId=john.user_id))
    assert [] == flaws(reply, "Hug Request", 1)
    request = reply["data"]["requestId"]
    told = await john.heard("hug_request_received")
    same = {"requestId": request, "requesterId": jane.user_id}
    assert [] == flaws(told, "Hug Request Received", **same, expiresAt=reply["data"]["expiresAt"])
    kind, data = said("Respond to Hug Request", requestId=request)
    answer = await john.request(kind, data)
    assert [] == flaws(answer, "Respond to Hug Request", 1, requestId=request)
    hug = await jane.heard("hug_received")
    given = {name: data[name] for name in ("hugType", "message", "customization")}
    assert {"hugId": answer["data"]["hugId"], **given}.items() <= hug["data"].items()


async def test_group_hug(people: People) -> None:
    """A group hug is created, told to those invited, joined, and seen to be joined."""
    jane, john, alice, bob = people
    times = {"scheduledFor": moment(days=1), "expiresAt": moment(days=1, hours=1)}
    invited = [john.user_id, alice.user_id, bob.user_id]
    reply = await jane.request(*said("Create Group Hug", inviteeIds=invited, **times))
    assert [] == flaws(reply, "Create Group Hug", 1, invitationsSent=3)
    group = reply["data"]["groupHugId"]
    same = {"groupHugId": group, "creatorId": jane.user_id, **times}
    for talk in (john, alice, bob):
        assert [] == flaws(await talk.heard("group_hug_invitation"), "Group Hug Invitation", **same)
    await john.request(*said("Join Group Hug", groupHugId=group))
    reply = await alice.request(*said("Join Group Hug", groupHugId=group))
    there = zip((jane, john, alice), ("Jane Smith", "John Doe", "Alice Johnson"), strict=True)
    taking_part = [{"userId": talk.user_id, "name": name} for talk, name in there]
    assert [] == flaws(reply, "Join Group Hug", 1, groupHugId=group, participants=taking_part)
    for _ in range(2):
        await jane.heard("group_hug_update")
    await bob.request(*said("Join Group Hug", groupHugId=group))
    told = await jane.heard("group_hug_update")
    joined = {"userId": bob.user_id, "name": "Bob Williams"}
    same = {"groupHugId": group, "participant": joined, "participantCount": 4}
    assert [] == flaws(told, "Group Hug Update", **same)


async def test_follow(people: People) -> None:
    """Who is followed hears of it."""
    jane, john, *_ = people
    given = said("Follow User", targetUserId=john.user_id)
    reply = await jane.request(*given)
    assert [] == flaws(reply, "Follow User", 1, targetUserId=john.user_id, currentFollowerCount=1)
    told = await john.heard("follow_update")
    assert [] == flaws(told, "Follow Update", userId=jane.user_id)


async def test_fetch(people: People) -> None:
    """A history is fetched by its dates."""
    jane = people.jane
    mood = {"mood": "happy", "intensity": 0.8, "note": "Great day at work", "isPublic": True}
    await jane.request("mood_update", mood)
    dates = {"startDate": moment(days=-1), "endDate": moment(days=1)}
    kind, data = said("Fetch Data Request", userId=jane.user_id)
    reply = await jane.request(kind, data | {"filters": data["filters"] | dates})
    assert [] == flaws(reply, "Fetch Data Request", 1, totalCount=1)
    (item,) = reply["data"]["items"]
    assert mood.items() <= item.items()


async def test_analytics(people: People) -> None:
    """Analytics have every field there is; their numbers are tested elsewhere."""
    jane = people.jane
    for day in range(7):
        mood = {"mood": "happy", "intensity": 0.8, "tags": ["exercise"]}
        await jane.say_at("mood_update", mood, moment(days=-day))
    reply = await jane.request(*said("Fetch Mood Analytics", userId=jane.user_id))
    expected = EXAMPLES["Fetch Mood Analytics"][1]["data"]["analytics"]
    actual = reply["data"]["analytics"]
    assert expected.keys() <= actual.keys()
    for name, value in expected.items():
        assert type(value) is type(actual[name])
    for name in ("moodByDayOfWeek", "moodByTimeOfDay"):
        fields = {name: type(value) for name, value in expected[name][0].items()}
        assert actual[name]
        assert [] == [i for i in actual[name] if fields != {n: type(i.get(n)) for n in fields}]
    assert {"happy": 1.0} == actual["moodFrequency"]


async def test_notification(people: People) -> None:
    """Seven days in a row earn a badge, which is told, read, and counted."""
    jane = people.jane
    for day in range(7):
        mood = {"mood": "happy", "intensity": 0.8}
        await jane.say_at("mood_update", mood, moment(days=day - 6))
    told = await jane.heard("notification")
    while told["data"]["data"]["badgeName"] != "Consistent Tracker":
        told = await jane.heard("notification")
    assert [] == flaws(told, "Notification Received")
    name = told["data"]["notificationId"]
    reply = await jane.request(*said("Mark Notification Read", notificationId=name))
    assert [] == flaws(reply, "Mark Notification Read", 1, notificationId=name)


async def test_error(people: People) -> None:
    """What is missing is named."""
    _, data = said("Update Mood")
    del data["mood"]
    error = await people.jane.request("mood_update", data, "msg-12345")
    expected = EXAMPLES["Error Handling"][0]["data"]
    assert expected | {"message": error["data"]["message"]} == error["data"]
    assert error["id"].startswith("err-")


# The connection


async def test_keep_alive(people: People) -> None:
    """Pings come; a pong or a heartbeat is enough to stay."""
    jane, john, *_ = people
    for _ in range(5):
        ping = await jane.heard("ping")
        assert [] == flaws(ping, "Keep-Alive Mechanism")
        await jane.send(*said("Keep-Alive Mechanism", 1, pingId=ping["id"]))
        await john.send(*said("Keep-Alive Mechanism", 2))
    for talk in (jane, john):
        assert "fetch_response" == (await talk.request("fetch", {"dataType": "streak"}))["type"]


async def test_server_closes(people: People) -> None:
    """Before the server closes it says why, and when to come back."""
    messages, code = await people.bob.closed()
    assert 4408 == code
    expected = EXAMPLES["Connection Close"][1]["data"]
    farewell = messages[-1]
    assert ("connection_close", expected.keys()) == (farewell["type"], farewell["data"].keys())
    assert farewell["id"].startswith("close-")
    kinds = {name: type(value) for name, value in expected.items()}
    assert kinds == {name: type(value) for name, value in farewell["data"].items()}


async def test_client_leaves(people: People, service: Service) -> None:
    """Who says goodbye is let go, and their token is worth nothing."""
    await people.alice.send(*said("Connection Close"))
    assert 1000 == (await people.alice.closed())[1]
    async with talking(service) as talk:
        given = said("Authentication with Token", token=people.alice.token)
        reply = await talk.request(*given)
    assert (False, "invalid_auth") == (reply["data"]["success"], reply["data"]["error"])


async def test_reconnection(people: People, service: Service) -> None:
    """What came while one was away comes with its numbers, and then what is new."""
    jane, john, *_ = people
    _, mood = said("Update Mood")
    assert {"mood_update"} == {EXAMPLES["Sequence Numbers"][0]["type"]}
    await jane.request("mood_update", mood)
    last = (await john.heard("mood_changed"))["sequenceNumber"]
    await john.send("disconnect", {"reason": "lunch"})
    await john.closed()
    for _ in range(2):
        await jane.request("mood_update", mood)
    async with talking(service) as again:
        given = said("Reconnection Process", token=john.token, lastSequenceNumber=last)
        await again.request(*given)
        missed = await again.heard("missed_messages")
    expected = EXAMPLES["Reconnection Process"][1]["data"]
    assert expected.keys() == missed["data"].keys()
    assert (last + 1, last + 2) == (missed["data"]["startSequence"], missed["data"]["endSequence"])
    assert ["mood_changed"] * 2 == [message["type"] for message in missed["data"]["messages"]]
    assert missed["id"].startswith("missed-")


def test_every_example_is_played() -> None:
    """No heading of the seed is left out, and of each both what is said and what is answered."""
    tree = ast.parse(Path(__file__).read_text("utf-8"))
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert [] == [heading for heading in EXAMPLES if heading not in named]
