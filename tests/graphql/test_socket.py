"""Operations and subscriptions over `graphql-transport-ws`."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.datastructures import Headers

from hugmood.features.account.messages import DeleteAccount
from hugmood.features.auth.messages import Disconnect
from hugmood.features.follows.messages import BlockUser, FollowUser
from hugmood.features.moods.messages import MoodDelete, MoodUpdate
from hugmood.gateway.graphql_socket import MOST_OPERATIONS, PROTOCOL
from hugmood.gateway.told import Telling
from hugmood.gateway.websocket import Refusal, UpgradeRequest
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel, follow
from tests.graphql.face import Face
from tests.graphql.sockets import EVENTS, Socket
from tests.world import REMOTE, World


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob", remember_me=True)
    follow(bob, ada)
    return bob


@pytest.fixture
def socket(face: Face, bob: Device) -> Socket:
    """Bob's socket, signed in."""
    socket = Socket(face)
    socket.sign_in(bob.token)
    return socket


def say(device: Device, mood: str = "calm") -> str:
    """Say something that followers are told."""
    return feel(device, mood, is_public=True).mood_id


# Who it is


@on_sqlite
@pytest.mark.parametrize(
    "payload",
    [{"Authorization": "Bearer {}"}, {"authorization": "bearer {}"}, {"token": "{}"}],
)
def test_sign_in(face: Face, ada: Device, payload: dict[str, str]) -> None:
    """A token comes with the first message."""
    given = {name: value.format(ada.token) for name, value in payload.items()}
    answer = Socket(face).send(type="connection_init", payload=given)
    assert [{"type": "connection_ack"}] == answer


@on_sqlite
def test_sign_in_by_handshake(face: Face, ada: Device) -> None:
    """Or with the handshake, from those who can say something there."""
    socket = Socket(face, {"authorization": f"Bearer {ada.token}"})
    assert [{"type": "connection_ack"}] == socket.send(type="connection_init")


@on_sqlite
@pytest.mark.parametrize("payload", [None, {}, {"Authorization": "Bearer x"}, {"token": ""}])
def test_nobody(face: Face, payload: dict[str, str] | None) -> None:
    """Without a good token the socket is closed."""
    socket = Socket(face)
    socket.send(type="connection_init", payload=payload)
    assert socket.closed is not None
    assert (4403, "Forbidden") == (socket.closed.code, socket.closed.reason)


@on_sqlite
@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([b'{"type":"subscribe","id":"1","payload":{"query":"{a}"}}'], 4401),
        ([b"nonsense"], 4400),
        ([b'{"type":"nonsense"}'], 4400),
        ([b"[]"], 4400),
        ([b'{"type":"connection_init","payload":1}'], 4400),
    ],
)
def test_bad_beginning(face: Face, messages: list[bytes], code: int) -> None:
    """Who does not keep to the subprotocol is told by its close codes."""
    socket = Socket(face)
    for message in messages:
        socket.raw(message)
    assert socket.closed is not None
    assert code == socket.closed.code


@on_sqlite
def test_two_beginnings(socket: Socket) -> None:
    """One says once who one is."""
    socket.send(type="connection_init", payload={})
    assert socket.closed is not None
    assert 4429 == socket.closed.code


@on_sqlite
def test_no_beginning(face: Face) -> None:
    """Who never says who they are is not waited for."""
    socket = Socket(face)
    face.world.clock.move(11)
    assert socket.closed is not None
    assert 4408 == socket.closed.code


@on_sqlite
@pytest.mark.parametrize(
    ("subprotocols", "origin", "status"),
    [
        (["graphql-ws"], None, 400),
        ([], None, 400),
        ([PROTOCOL], "https://evil.example", 403),
    ],
)
def test_unwanted(face: Face, subprotocols: list[str], origin: str | None, status: int) -> None:
    """Other subprotocols, and pages of other origins, are refused."""
    headers = Headers({"host": "hugmood.test"} | ({"origin": origin} if origin else {}))
    request = UpgradeRequest("/graphql", "", headers, REMOTE, False, subprotocols)  # noqa: FBT003 (not secure)
    outcome = face.endpoint.accept(request)
    assert isinstance(outcome, Refusal)
    assert status == outcome.status


# Operations


@on_sqlite
def test_query(socket: Socket) -> None:
    """What is no subscription is answered and complete."""
    assert [
        {"id": "1", "type": "next", "payload": {"data": {"streak": {"current": 0}}}},
        {"id": "1", "type": "complete"},
    ] == socket.subscribe("{ streak { current } }")


@on_sqlite
def test_refused_operation(socket: Socket) -> None:
    """An operation that cannot be is refused alone."""
    for query in (
        "{ nope }",
        "subscription { nope }",
        "{",
        "subscription { events { a: __typename } ",
    ):
        (message,) = socket.subscribe(query)
        assert ("error", "1") == (message["type"], message["id"])
        assert "invalid_request" == message["payload"][0]["extensions"]["code"]
    assert socket.closed is None


@on_sqlite
def test_ping(socket: Socket) -> None:
    """A ping is answered, and the server asks too."""
    assert [{"type": "pong"}] == socket.send(type="ping")
    for _ in range(8):
        socket.face.world.clock.move(15)
    assert {"type": "ping"} in socket.received
    assert socket.closed is None


@on_sqlite
def test_silence(socket: Socket) -> None:
    """Who is not heard of is let go."""
    socket.lively = False
    for _ in range(10):
        socket.face.world.clock.move(10)
    assert socket.closed is not None
    assert 4408 == socket.closed.code


@on_sqlite
def test_same_id_twice(socket: Socket) -> None:
    """An id names one operation at a time."""
    socket.subscribe()
    socket.subscribe()
    assert socket.closed is not None
    assert 4409 == socket.closed.code


@on_sqlite
def test_most_operations(socket: Socket) -> None:
    """There are only so many at once; the next one is refused, and then there is room."""
    for number in range(MOST_OPERATIONS):
        socket.subscribe(id=str(number))
    (message,) = socket.subscribe(id="more")
    assert "rate_limit_exceeded" == message["payload"][0]["extensions"]["code"]
    socket.send(type="complete", id="0")
    assert [] == socket.subscribe(id="more")


# Subscriptions


def test_events(socket: Socket, ada: Device, bob: Device) -> None:
    """What happens is told as it is on the other sockets, with the same numbers."""
    assert [] == socket.subscribe()
    mood_id = say(ada)
    ada.request(MoodDelete(mood_id=mood_id))
    numbers = [m.number for m in bob.received if m.type in {"mood_changed", "mood_deleted"}]
    assert [
        {
            "__typename": "MoodChanged",
            "sequenceNumber": numbers[0],
            "userId": ada.user_id,
            "mood": "calm",
        },
        {"__typename": "MoodDeleted", "sequenceNumber": numbers[1], "moodId": mood_id},
    ] == socket.told()


def test_replay(face: Face, ada: Device, bob: Device) -> None:
    """What was missed comes first, then what happens, each once and in order."""
    for mood in ("calm", "happy", "sad"):
        say(ada, mood)
    first = next(m.number for m in bob.received if m.type == "mood_changed")
    socket = Socket(face)
    socket.sign_in(bob.token)
    socket.subscribe(after=first)
    say(ada, "proud")
    assert ["happy", "sad", "proud"] == [event["mood"] for event in socket.told()]
    numbers = [event["sequenceNumber"] for event in socket.told()]
    assert sorted(set(numbers)) == numbers


@on_sqlite
def test_beginning_while_things_happen(face: Face, ada: Device, bob: Device) -> None:
    """What happens between the wish and its beginning is not lost."""
    world = face.world
    socket = Socket(face)
    socket.sign_in(bob.token)
    world.engine.hold("read")
    socket.subscribe()
    say(ada, "happy")
    world.engine.release("read")
    world.settle()
    say(ada, "sad")
    moods = [event["mood"] for event in socket.told()]
    assert moods in (["happy", "sad"], ["sad"])
    (last, *_) = [event["sequenceNumber"] for event in socket.told()][::-1]
    assert bob.position == last


@on_sqlite
def test_types(socket: Socket, ada: Device) -> None:
    """Of the others nothing is told, and nothing is missing."""
    socket.subscribe(types=["MOOD_DELETED"])
    mood_id = say(ada)
    ada.request(MoodDelete(mood_id=mood_id))
    assert ["MoodDeleted"] == [event["__typename"] for event in socket.told()]


@on_sqlite
def test_one_kind(socket: Socket, ada: Device) -> None:
    """Each kind has a field of its own, and what is picked may be called otherwise."""
    socket.subscribe("subscription { m: moodChanged { feeling: mood n: sequenceNumber } }")
    say(ada, "happy")
    (told,) = socket.told(field="m")
    assert "happy" == told["feeling"]
    assert isinstance(told["n"], int)


@on_sqlite
def test_directives(socket: Socket, ada: Device) -> None:
    """What is skipped is not told."""
    query = """
        subscription ($no: Boolean!) { moodChanged { mood userId @skip(if: $no) ...F } }
        fragment F on MoodChanged { isPublic @include(if: $no) }
    """
    socket.subscribe(query, no=True)
    say(ada)
    assert [{"mood": "calm", "isPublic": True}] == socket.told(field="moodChanged")


@on_sqlite
def test_complete(socket: Socket, ada: Device) -> None:
    """After it is complete nothing is told, and the id is free."""
    socket.subscribe()
    socket.send(type="complete", id="1")
    say(ada)
    assert [] == socket.told()
    socket.subscribe()
    say(ada)
    assert 1 == len(socket.told())


@on_sqlite
def test_number_from_another_time(socket: Socket, ada: Device) -> None:
    """A number that the stream has not reached is answered by where it stands."""
    socket.subscribe(after=10_000)
    (lost,) = socket.told()
    assert "EventsLost" == lost["__typename"]
    say(ada)
    assert [lost["sequenceNumber"] + 1] == [e["sequenceNumber"] for e in socket.told()[1:]]


@on_sqlite
def test_slow_reader(socket: Socket, ada: Device) -> None:
    """Who reads slowly gets everything once they read on, in order."""
    for number in range(20):
        socket.subscribe(
            EVENTS.replace("userId", " ".join(f"u{n}: userId" for n in range(15))), id=str(number)
        )
    socket.stall()
    for _ in range(60):
        say(ada)
        socket.face.world.clock.move(1)
    socket.drain()
    for number in range(20):
        numbers = [event["sequenceNumber"] for event in socket.told(id=str(number))]
        assert list(range(numbers[0], numbers[0] + 60)) == numbers


@on_sqlite
def test_session_ends(socket: Socket, bob: Device, ada: Device) -> None:
    """A session that is over takes its sockets with it."""
    socket.subscribe()
    bob.send(Disconnect(reason="user_logout"))
    assert socket.closed is not None
    assert 4401 == socket.closed.code
    say(ada)


@on_sqlite
def test_writer_dies(socket: Socket, ada: Device) -> None:
    """What was committed and never told is fetched."""
    socket.subscribe()
    world = socket.face.world
    world.engine.hold("write")
    sent = ada.send(MoodUpdate(mood="calm", intensity=0.5, is_public=True))
    world.turn(lambda: world.engine.die(after_commit=True))
    world.engine.release("write")
    world.settle()
    sent.reply()
    assert ["calm"] == [event["mood"] for event in socket.told()]


@on_sqlite
def test_picked_once(face: Face, ada: Device, bob: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is picked from once for all who ask for the same, and once more for others."""
    for query in (EVENTS, EVENTS, EVENTS, "subscription { events { __typename } }"):
        socket = Socket(face)
        socket.sign_in(bob.token)
        socket.subscribe(query)
    picked: list[Telling] = []
    real = Telling._parts

    def counted(self: Telling, kind: str, data: Callable[[], dict[str, Any]]) -> list[bytes] | None:
        picked.append(self)
        return real(self, kind, data)

    monkeypatch.setattr(Telling, "_parts", counted)
    say(ada)
    assert 2 == len(picked)


# Who may still be told


def test_unfollowed(socket: Socket, ada: Device, bob: Device) -> None:
    """Whom one no longer follows, one no longer hears of."""
    socket.subscribe()
    say(ada, "happy")
    bob.request(FollowUser(target_user_id=ada.user_id, action="unfollow"))
    say(ada, "sad")
    assert ["happy"] == [event["mood"] for event in socket.told()]


def test_blocked(face: Face, socket: Socket, ada: Device, bob: Device) -> None:
    """Of whom one blocks nothing is told, neither what happens nor what happened."""
    socket.subscribe()
    say(ada, "happy")
    bob.request(BlockUser(target_user_id=ada.user_id, action="block"))
    say(ada, "sad")
    assert ["happy"] == [event["mood"] for event in socket.told()]
    again = Socket(face)
    again.sign_in(bob.token)
    again.subscribe(after=0)
    assert [] == [event for event in again.told() if event["__typename"] == "MoodChanged"]


@on_sqlite
def test_session_expires(face: Face, ada: Device) -> None:
    """A socket lasts no longer than the session it was opened with."""
    carol = face.world.register("Carol")
    socket = Socket(face)
    socket.sign_in(carol.token)
    socket.subscribe()
    face.world.clock.move(24 * 3600 + 1)
    assert socket.closed is not None
    assert (4401, "session_expired") == (socket.closed.code, socket.closed.reason)


@on_sqlite
def test_account_is_deleted(socket: Socket, bob: Device) -> None:
    """Whoever deletes their account is cut off at once."""
    socket.subscribe()
    bob.request(DeleteAccount(password=bob.password))
    assert socket.closed is not None
    assert 4401 == socket.closed.code
