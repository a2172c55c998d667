"""Whatever people do to their bonds: snapshot plus news is what a new fetch says."""

from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from hugmood.features.follows.messages import (
    BlockUser,
    FetchBlocked,
    FetchFollowing,
    FollowUser,
)
from hugmood.features.settings.messages import Audience, UpdateSettings
from hugmood.features.status.messages import FetchStatuses, Status, StatusUpdate, UserStatusChanged
from tests.databases import InMemory
from tests.device import Device, Refused
from tests.features.bonds import SWEEP
from tests.world import OFFLINE_GRACE, World

if TYPE_CHECKING:
    from hugmood.wire.message import Command

_AUDIENCES: Final[list[Audience]] = ["everyone", "followers", "friends", "nobody"]
_STATUSES: Final[list[Status]] = ["online", "away", "offline"]
_PEOPLE: Final = st.integers(0, 2)
_STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["follow", "unfollow", "block", "unblock"]), _PEOPLE, _PEOPLE),
        st.tuples(st.sampled_from(_AUDIENCES), _PEOPLE, st.just(0)),
        st.tuples(st.sampled_from([f"be {word}" for word in _STATUSES]), _PEOPLE, st.just(0)),
        st.tuples(st.sampled_from(["leave", "return"]), _PEOPLE, st.just(0)),
    ),
    max_size=25,
)


class Person:
    """Somebody with a phone that does things, and a watch that only listens."""

    def __init__(self, world: World, name: str) -> None:
        self.phone = world.register(name, remember_me=True)
        self.watch = self.phone.another()
        self.held: dict[str, str] = {}
        self.follows: set[int] = set()
        self.blocks: set[int] = set()
        self._told = 0

    def listen(self) -> None:
        """Bring what is held up to date by what was told."""
        for news in self.watch.pushes(UserStatusChanged)[self._told :]:
            if news.user_id in self.held:
                self.held[news.user_id] = news.status
        self._told = len(self.watch.pushes(UserStatusChanged))

    def look(self) -> dict[str, str]:
        """Fetch how those one follows are seen."""
        return {item.user_id: item.status for item in self.watch.request(FetchStatuses()).items}

    def returned(self) -> None:
        """Come back with a new watch, which fetches."""
        self.phone = self.phone.another()
        self.watch = self.phone.another()
        self._told = 0
        self.held = self.look()


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_bonds(sqlite_template: Path, steps: list[tuple[str, int, int]]) -> None:
    """Lists hold what a model says, and what is held of statuses is what a fetch says."""
    place = InMemory(sqlite_template)
    try:
        with World(place, limited=False) as world:
            people = [Person(world, name) for name in ("Ada", "Bob", "Eve")]
            everybody = [("follow", one, other) for one, other in permutations(range(3), 2)]
            for word, one, other in [*everybody, ("friends", 0, 0), *steps]:
                take(world, people, word, one, other)
                check(people)
    finally:
        place.close()


def take(world: World, people: list[Person], word: str, one: int, other: int) -> None:
    """Have somebody do something; what it should do to the model as well."""
    me = people[one]
    if word in {"leave", "return"}:
        move(world, me, word)
    elif not gone(me.phone):
        act(me, people, word, other)
    world.clock.move(SWEEP)
    for person in people:
        if not gone(person.watch):
            person.listen()
    if word in {"follow", "unfollow"} and not gone(me.phone):
        me.held = me.look()


def gone(device: Device) -> bool:
    """Whether a device has left."""
    return device not in device.world.devices


def move(world: World, me: Person, word: str) -> None:
    """Leave for good, or come back."""
    if word == "leave" and not gone(me.phone):
        for device in (me.phone, me.watch):
            device.drop()
            world.devices.remove(device)
        world.clock.move(OFFLINE_GRACE / 1000 + 1)
    elif word == "return" and gone(me.phone):
        me.returned()


def act(me: Person, people: list[Person], word: str, other: int) -> None:
    """Send a command, and do the same to the model if it is taken."""
    target = people[other].phone.user_id
    commands: dict[str, Command[Any]] = {
        "follow": FollowUser(target_user_id=target, action="follow"),
        "unfollow": FollowUser(target_user_id=target, action="unfollow"),
        "block": BlockUser(target_user_id=target, action="block"),
        "unblock": BlockUser(target_user_id=target, action="unblock"),
    }
    commands |= {f"be {status}": StatusUpdate(status=status) for status in _STATUSES}
    commands |= {audience: UpdateSettings(status_to=audience) for audience in _AUDIENCES}
    index = people.index(me)
    barred = other in me.blocks or index in people[other].blocks
    bond = word in {"follow", "unfollow", "block", "unblock"}
    refused = (bond and index == other) or (word == "follow" and barred)
    try:
        me.phone.request(commands[word])
    except Refused:
        assert refused
        return
    assert not refused
    follow_model(people, word, index, other)


def follow_model(people: list[Person], word: str, one: int, other: int) -> None:
    """Do to the model what a command that was taken does."""
    me, them = people[one], people[other]
    if word == "follow":
        me.follows.add(other)
    elif word == "unfollow":
        me.follows.discard(other)
    elif word == "block":
        me.blocks.add(other)
        me.follows.discard(other)
        them.follows.discard(one)
    elif word == "unblock":
        me.blocks.discard(other)


def check(people: list[Person]) -> None:
    """Hold lists to the model, and what people hold to what they would fetch."""
    ids = [person.phone.user_id for person in people]
    for person in people:
        if gone(person.phone):
            continue
        following = {item.user_id for item in person.phone.request(FetchFollowing()).items}
        blocked = {item.user_id for item in person.phone.request(FetchBlocked()).items}
        assert following == {ids[index] for index in person.follows}
        assert blocked == {ids[index] for index in person.blocks}
        seen = person.look()
        assert {user: person.held.get(user) for user in seen} == seen
        # Of those one follows no more nothing but their absence is left.
        rest = {user: status for user, status in person.held.items() if user not in seen}
        assert set(rest.values()) <= {"offline"}
