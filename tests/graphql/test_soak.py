"""Half by GraphQL, half by WebSocket: whichever way one listens, the stream is the same.

A few people do whatever they like over either face. One of them listens on a WebSocket, on a
GraphQL socket and to Server-Sent Events; the last two are cut now and then, and go on
after the last number they have.
"""

import random
from typing import Any, Final

import pytest

from hugmood import features
from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.messages import RequestHug, SendHug
from hugmood.features.moods.messages import MoodUpdate
from hugmood.wire.message import PUSHES, Event
from tests.conftest import quick_place
from tests.device import Device
from tests.graphql.face import Face
from tests.graphql.sockets import Socket
from tests.graphql.test_sse import Stream
from tests.world import World

STEPS: Final = 150


def numbers() -> str:
    """A subscription to everything, with its numbers."""
    features.load_messages()
    kinds = [push for push in PUSHES.values() if issubclass(push, Event)]
    ours = [push.__name__ for push in kinds if push.__module__.startswith("hugmood.features.")]
    picks = " ".join(f"... on {kind} {{ sequenceNumber }}" for kind in ours)
    events = f"events(afterSequence: $after) {{ __typename {picks} }}"
    return f"subscription ($after: Long) {{ {events} }}"


NUMBERS: Final = numbers()


class Listener:
    """Somebody who listens in one way and comes back after each cut."""

    def __init__(self, face: Face, device: Device, *, sse: bool) -> None:
        self._face, self._device, self._sse = face, device, sse
        self.heard: list[tuple[str, int]] = []
        self._open(device.position)

    def _open(self, after: int) -> None:
        self._taken = 0
        if self._sse:
            self._line: Any = Stream(self._face, self._device, NUMBERS, after=after)
        else:
            self._line = Socket(self._face)
            self._line.sign_in(self._device.token)
            self._line.subscribe(NUMBERS, after=after)

    def take(self) -> None:
        """Note what came."""
        told = self._line.told if self._sse else self._line.told()
        self.heard += [(one["__typename"], one["sequenceNumber"]) for one in told[self._taken :]]
        self._taken = len(told)

    def cut(self, start: int) -> None:
        """Lose the line, and come back after the last number."""
        self.take()
        self._line.drop()
        self._open(self.heard[-1][1] if self.heard else start)


@pytest.mark.parametrize(("dialect", "seed"), [("sqlite", 1), ("sqlite", 2), ("postgres", 3)])
def test_same_stream(dialect: str, seed: int, request: pytest.FixtureRequest) -> None:
    """Every way to listen hears the same events with the same numbers, none twice."""
    chance = random.Random(seed)  # noqa: S311 (a test's)
    with quick_place(dialect, request) as place, World(place, limited=False) as world:
        people = [world.register(name, remember_me=True) for name in ("Ada", "Bob", "Eve")]
        ada, *others = people
        for other in others:
            ada.request(FollowUser(target_user_id=other.user_id, action="follow"))
        face = Face(world)
        start = ada.position
        ada.events()
        listeners = [Listener(face, ada, sse=False), Listener(face, ada, sse=True)]
        for _ in range(STEPS):
            _do_something(chance, face, people)
            if chance.random() < 0.15:
                chance.choice(listeners).cut(start)
        names = {word: push.__name__ for word, push in PUSHES.items()}
        expected = [
            (names[message.type], message.number)
            for message in ada.received
            if message.number > start and issubclass(PUSHES.get(message.type, object), Event)
        ]
        for listener in listeners:
            listener.take()
            assert listener.heard == expected
        given = [number for _, number in expected]
        assert given == list(range(start + 1, start + 1 + len(given)))
        assert len(given) > STEPS // 4


def _do_something(chance: random.Random, face: Face, people: list[Device]) -> None:
    """Have somebody do something, by one face or the other."""
    person, other = chance.sample(people, 2)
    by_graphql = chance.random() < 0.5
    face.world.clock.move(chance.choice([0.001, 1, 60]))
    kind = chance.choice(["mood", "mood", "hug", "ask"])
    if kind == "mood":
        if by_graphql:
            given: dict[str, Any] = {"mood": "calm", "intensity": 0.5, "isPublic": True}
            _mutate(face, person, "createMoodEntry", "CreateMoodEntryInput", given)
        else:
            person.request(MoodUpdate(mood="calm", intensity=0.5, is_public=True))
    elif kind == "hug":
        if by_graphql:
            given = {"recipientId": other.user_id, "hugType": "warm"}
            _mutate(face, person, "sendHug", "SendHugInput", given)
        else:
            person.request(SendHug(recipient_id=other.user_id, hug_type="warm"))
    elif by_graphql:
        given = {"targetType": "USER", "targetId": other.user_id}
        _mutate(face, person, "requestHug", "RequestHugInput", given)
    else:
        person.request(RequestHug(target_type="user", target_id=other.user_id))


def _mutate(face: Face, person: Device, field: str, kind: str, given: dict[str, Any]) -> None:
    query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ clientMutationId }} }}"
    assert [] == face.ask(query, person, input=given).errors
