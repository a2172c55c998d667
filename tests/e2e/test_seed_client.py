"""A client that knows the seed protocol and nothing else: its replies are as shown there.

These tests take seconds: they start real processes, and wait for them.
"""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest

from tests.e2e.conftest import NewDatabase
from tests.e2e.server import Service, serving
from tests.e2e.talk import PASSWORD, Message, Talk, new_id, talking

EXPIRES: Final = "2023-09-25T14:30:00.000Z"
MOOD: Final = {
    "mood": "happy",
    "intensity": 0.8,
    "note": "Just got some great news!",
    "isPublic": True,
    "location": {
        "latitude": 37.7749,
        "longitude": -122.4194,
        "name": "San Francisco",
        "type": "city",
    },
    "tags": ["achievement", "celebration"],
}
CUSTOMIZATION: Final = {"color": "#FF5733", "intensity": 0.7, "animation": "gentle_squeeze"}


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Service]:
    """A server that pings often."""
    folder = tmp_path_factory.mktemp("seed")
    settings = {"ping_interval": "1", "silence_timeout": "4"}
    with serving(folder, new_database(folder), **settings) as service:
        yield service


@pytest.fixture
async def service(running: Service) -> Service:
    """The server, ready."""
    return await running.ready()


def unlike(example: object, actual: object, path: str = "") -> list[str]:
    """Where a value has not the form of the seed's example; it may have more fields."""
    if type(example) is not type(actual):
        return [f"{path}: {actual!r} is not like {example!r}"]
    if isinstance(example, dict) and isinstance(actual, dict):
        missing = [f"{path}.{name} is missing" for name in example.keys() - actual.keys()]
        common = example.keys() & actual.keys()
        return missing + [
            flaw
            for name in common
            for flaw in unlike(example[name], actual[name], f"{path}.{name}")
        ]
    if isinstance(example, list) and isinstance(actual, list):
        return [flaw for item in actual for flaw in unlike(example[0], item, f"{path}[]")]
    return []


def check(message: Message, kind: str, data: dict[str, Any]) -> None:
    """Hold a message to the seed's example of its data, less the values."""
    assert (kind, []) == (message["type"], unlike(data, message["data"]))


async def two_people(stack: AsyncExitStack, service: Service) -> tuple[Talk, Talk]:
    """Jane, whom John follows."""
    jane = await stack.enter_async_context(talking(service))
    john = await stack.enter_async_context(talking(service))
    await jane.register("Jane Smith")
    await john.register("John Doe")
    follow = {"targetUserId": jane.user_id, "action": "follow"}
    check(
        await john.request("follow_user", follow),
        "follow_user_response",
        {"success": True, "currentFollowerCount": 42} | follow,
    )
    return jane, john


async def test_credentials(service: Service) -> None:
    """Signing in with address and password gives a token."""
    email = f"{new_id()}@example.com"
    async with talking(service) as talk:
        await talk.request(
            "auth", {"method": "register", "email": email, "password": PASSWORD, "name": "Jane"}
        )
    async with talking(service) as talk:
        data = {"method": "credentials", "email": email, "password": PASSWORD, "rememberMe": True}
        reply = await talk.request("auth", data, "msg-12345")
    expected = {"success": True, "userId": "user-67890", "token": "jwt", "expires": EXPIRES}
    check(reply, "auth_response", expected)
    assert ("msg-12345-resp", set(expected)) == (reply["id"], set(reply["data"]))


async def test_wrong_credentials(service: Service) -> None:
    """A failure says which, and nothing about whether there is such an address."""
    async with talking(service) as talk:
        data = {"method": "credentials", "email": "nobody@example.com", "password": "wrong"}
        reply = await talk.request("auth", data)
    assert {
        "success": False,
        "error": "invalid_credentials",
        "message": "Invalid email or password",
    } == reply["data"]


async def test_token(service: Service) -> None:
    """Signing in by token gives no other token."""
    async with talking(service) as first:
        await first.register("Jane")
        async with talking(service) as second:
            reply = await second.resume(first.token)
    check(reply, "auth_response", {"success": True, "userId": "user-67890", "expires": EXPIRES})
    assert (first.user_id, False) == (reply["data"]["userId"], "token" in reply["data"])


async def test_anonymous(service: Service) -> None:
    """A guest needs no account."""
    async with talking(service) as talk:
        data = {"method": "anonymous", "deviceId": "device-abcdef", "nickname": "HappyGuest"}
        reply = await talk.request("auth", data)
    expected = {
        "success": True,
        "userId": "anon-xyz123",
        "token": "jwt",
        "expires": EXPIRES,
        "isAnonymous": True,
    }
    check(reply, "auth_response", expected)
    assert reply["data"]["userId"].startswith("anon-")


async def test_follow(service: Service) -> None:
    """Who is followed hears of it."""
    async with AsyncExitStack() as stack:
        jane, john = await two_people(stack, service)
        update = await jane.heard("follow_update")
    assert update["id"].startswith("notif-")
    expected = {
        "userId": john.user_id,
        "userName": "John Doe",
        "action": "followed_you",
        "timestamp": EXPIRES,
    }
    check(update, "follow_update", expected)
    assert {name: update["data"][name] for name in ("userId", "userName", "action")} == {
        name: expected[name] for name in ("userId", "userName", "action")
    }


async def test_mood(service: Service) -> None:
    """A public mood reaches followers, without what is private."""
    async with AsyncExitStack() as stack:
        jane, john = await two_people(stack, service)
        reply = await jane.request("mood_update", MOOD)
        broadcast = await john.heard("mood_changed")
    streak = {"current": 5, "best": 12, "lastUpdated": EXPIRES}
    expected = {"success": True, "moodId": "mood-78901", "streakUpdate": streak}
    check(reply, "mood_update_response", expected)
    assert broadcast["id"].startswith("bcast-")
    assert {
        "userId": jane.user_id,
        "moodId": reply["data"]["moodId"],
        "mood": "happy",
        "intensity": 0.8,
        "isPublic": True,
        "timestamp": broadcast["data"]["timestamp"],
    } == broadcast["data"]


async def test_hug(service: Service) -> None:
    """A hug reaches its recipient as it was sent."""
    hug = {"hugType": "supportive", "message": "You've got this!", "customization": CUSTOMIZATION}
    async with AsyncExitStack() as stack:
        jane, john = await two_people(stack, service)
        reply = await jane.request("send_hug", {"recipientId": john.user_id} | hug)
        received = await john.heard("hug_received")
    assert {
        "success": True,
        "hugId": received["data"]["hugId"],
        "recipientOnline": True,
        "deliveryStatus": "sent",
    } == reply["data"]
    assert {
        "hugId": reply["data"]["hugId"],
        "senderId": jane.user_id,
        "senderName": "Jane Smith",
        "sentAt": received["data"]["sentAt"],
    } | hug == received["data"]


async def test_fetch(service: Service) -> None:
    """The history has the seed's fields."""
    filters = {"startDate": "2023-08-01T00:00:00.000Z", "endDate": "2123-08-25T23:59:59.999Z"}
    async with talking(service) as talk:
        await talk.register("Jane")
        await talk.request("mood_update", MOOD)
        wanted = {"dataType": "mood_history", "limit": 10, "offset": 0, "filters": filters}
        reply = await talk.request("fetch", wanted)
    item = {
        "id": "mood-12345",
        "mood": "happy",
        "intensity": 0.8,
        "note": "Great day at work",
        "createdAt": EXPIRES,
    }
    expected = {"success": True, "dataType": "mood_history", "totalCount": 25, "items": [item]}
    check(reply, "fetch_response", expected)
    assert 1 == len(reply["data"]["items"])


async def test_error(service: Service) -> None:
    """A bad request is told what is wrong with it."""
    async with talking(service) as talk:
        await talk.be_guest()
        error = await talk.request("mood_update", {"intensity": 0.5}, "msg-12345")
    assert error["id"].startswith("err-")
    assert {
        "code": "invalid_request",
        "message": error["data"]["message"],
        "originalMessageId": "msg-12345",
        "details": {"field": "data.mood", "issue": "required_field_missing"},
    } == error["data"]


async def test_ping_and_pong(service: Service) -> None:
    """Who answers pings stays."""
    async with talking(service) as talk:
        await talk.be_guest()
        for _ in range(5):
            ping = await talk.heard("ping")
            check(ping, "ping", {"timestamp": EXPIRES})
            await talk.send("pong", {"pingId": ping["id"]})
        reply = await talk.request("fetch", {"dataType": "hug_catalog"})
    assert "fetch_response" == reply["type"]


async def test_silence(service: Service) -> None:
    """Who says nothing is disconnected, however many pings were sent."""
    async with talking(service) as talk:
        await talk.be_guest()
        messages, code = await talk.closed()
    assert ("keepalive_timeout", 4408) == (messages[-1]["data"]["code"], code)
    assert {"ping"} == {message["type"] for message in messages[:-1]}


async def test_reconnect(service: Service) -> None:
    """After a break the missed messages come, and then the live ones."""
    async with AsyncExitStack() as stack:
        jane, john = await two_people(stack, service)
        await jane.request("mood_update", MOOD)
        last = (await john.heard("mood_changed"))["sequenceNumber"]
        await john.send("disconnect", {"reason": "lunch"})
        assert 1000 == (await john.closed())[1]
        for _ in range(2):
            await jane.request("mood_update", MOOD)
        again = await stack.enter_async_context(talking(service))
        await again.resume(john.token, last)
        missed = await again.heard("missed_messages")
        await jane.request("mood_update", MOOD)
        live = await again.heard("mood_changed")
    assert (last + 1, last + 2) == (missed["data"]["startSequence"], missed["data"]["endSequence"])
    numbers = [message["sequenceNumber"] for message in [*missed["data"]["messages"], live]]
    assert [last + 1, last + 2, last + 3] == numbers
    assert {"mood_changed"} == {message["type"] for message in missed["data"]["messages"]}


async def test_logout(service: Service) -> None:
    """After a log-out the token is worth nothing."""
    async with talking(service) as talk:
        await talk.be_guest()
        await talk.send("disconnect", {"reason": "user_logout"})
        assert 1000 == (await talk.closed())[1]
    async with talking(service) as again:
        reply = await again.request("auth", {"method": "token", "token": talk.token})
    assert (False, "invalid_auth") == (reply["data"]["success"], reply["data"]["error"])
