"""Requests for hugs against a model, whatever people do in whatever order."""

from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Final, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import UNSET

from hugmood.features.auth.messages import AuthCredentials
from hugmood.features.follows.messages import FollowUpdate, FollowUser
from hugmood.features.hugs.messages import (
    FetchHugRequests,
    HugReceived,
    HugRequestAnswered,
    HugRequested,
    HugRequestReceived,
    RequestHug,
    RespondHugRequest,
)
from hugmood.wire.message import Command, Error, Event
from tests.databases import InMemory
from tests.device import Refused
from tests.features.bonds import block, hugs_from, unblock
from tests.features.people import news
from tests.world import World

R = TypeVar("R", HugRequested, HugRequestAnswered)

HOUR: Final = 3600 * 1000
KEPT: Final = 30 * 24 * HOUR
NAMES: Final = ("Ada", "Bob", "Eve")
people = st.sampled_from(range(len(NAMES)))
lives = st.sampled_from([30, 60])
waits = st.sampled_from([15, 30, 60]) | st.sampled_from([1439, 29 * 1440, 30 * 1440])
"""Minutes that fit each other, so that things also happen at the very end of a life."""
audiences = st.sampled_from(["everyone", "followers", "friends", "nobody"])


@dataclass
class Known:
    """What the model knows of a request: people by number, time in ms."""

    id: str
    asker: int
    targets: frozenset[int]
    expires: int
    answers: dict[int, bool] = field(default_factory=dict)


class AnyOrder(RuleBasedStateMachine):
    """Some people who ask, answer, follow, block and choose, and time that passes."""

    def __init__(self, template: Path) -> None:
        super().__init__()
        self._place = InMemory(template)
        self._world = World(self._place, limited=False)
        self._people = [self._world.register(name, remember_me=True) for name in NAMES]
        self._requests: list[Known] = []
        self._follows: set[tuple[int, int]] = set()
        self._blocks: set[tuple[int, int]] = set()
        self._audience = dict.fromkeys(range(len(NAMES)), "everyone")
        for one, other in permutations(range(len(NAMES)), 2):
            self.follow(one, other)

    def teardown(self) -> None:
        """End this world."""
        self._world.close()
        self._place.close()

    # What people do

    @rule(asker=people, other=people, minutes=lives)
    def ask(self, asker: int, other: int, minutes: int) -> None:
        """One person is asked, if they take hugs from the asker; nobody else hears."""
        command = RequestHug(
            target_type="user",
            target_id=self._people[other].user_id,
            expires_after=minutes * 60,
        )
        outcome = self._try(asker, command)
        if asker == other or not self._admits(other, asker):
            refused = "unknown_value" if asker == other else "permission_denied"
            assert (outcome, self._told()) == (refused, {})
            return
        self._keep(outcome, asker, {other}, minutes)

    @rule(asker=people, minutes=lives)
    def ask_followers(self, asker: int, minutes: int) -> None:
        """All who follow the asker at this moment are asked."""
        command = RequestHug(target_type="followers", expires_after=minutes * 60)
        followers = {one for one, other in self._follows if other == asker}
        self._keep(self._try(asker, command), asker, followers, minutes)

    @precondition(lambda self: self._requests)
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        """A yes brings one hug; each who was asked answers once, in time."""
        known, person = self._someone(data)
        if self._answer(known, person, accept=True):
            assert self._told() == {known.asker: [(known.id, self._people[person].user_id)]}

    @precondition(lambda self: self._requests)
    @rule(data=st.data())
    def decline(self, data: st.DataObject) -> None:
        """A no is told nobody."""
        if self._answer(*self._someone(data), accept=False):
            assert self._told() == {}

    @precondition(lambda self: self._requests)
    @rule(data=st.data(), by_asker=st.booleans())
    def block_and_accept(self, data: st.DataObject, by_asker: bool) -> None:  # noqa: FBT001 (a choice)
        """Between question and answer one blocks the other."""
        known, person = self._someone(data)
        if person != known.asker:
            self.block(*((known.asker, person) if by_asker else (person, known.asker)))
        self._answer(known, person, accept=True)
        self._told()

    @precondition(lambda self: self._requests)
    @rule(data=st.data())
    def wait_to_the_end(self, data: st.DataObject) -> None:
        """A request expires at this very moment, and somebody answers it."""
        known, person = self._someone(data)
        if self._now() < known.expires:
            self.wait((known.expires - self._now()) // 60_000)
        self._answer(known, person, accept=True)
        self._told()

    # What else happens

    @rule(minutes=waits)
    def wait(self, minutes: int) -> None:
        """Nobody is told that anything expired, and thirty days later it is forgotten."""
        self._world.turn(self._world.engine.die)  # nothing depends on what a writer remembers
        self._world.clock.move(minutes * 60)
        now = self._now()
        self._requests = [known for known in self._requests if known.expires + KEPT > now]
        self._sign_in_again()
        assert self._told() == {}

    @rule(one=people, other=people)
    def follow(self, one: int, other: int) -> None:
        """Somebody follows somebody, or stops."""
        if one == other:
            return
        target = self._people[other].user_id
        follows = (one, other) in self._follows
        command = FollowUser(target_user_id=target, action="unfollow" if follows else "follow")
        if self._blocked(one, other):
            self._people[one].refusal(command)
            return
        self._people[one].request(command)
        self._follows ^= {(one, other)}
        self._told()

    @rule(one=people, other=people)
    def block(self, one: int, other: int) -> None:
        """Somebody blocks somebody, which ends that they follow each other, or stops."""
        if one == other:
            return
        if (one, other) in self._blocks:
            unblock(self._people[one], self._people[other])
        else:
            block(self._people[one], self._people[other])
            self._follows -= {(one, other), (other, one)}
        self._blocks ^= {(one, other)}

    @rule(one=people, audience=audiences)
    def choose(self, one: int, audience: str) -> None:
        """Somebody chooses from whom to take hugs."""
        hugs_from(self._people[one], audience)  # type: ignore[arg-type]
        self._audience[one] = audience

    # What holds

    @invariant()
    def lists_are_right(self) -> None:
        """Everybody's list is what the model says."""
        for person, device in enumerate(self._people):
            page = device.request(FetchHugRequests(limit=100))
            found = [(i.id, i.direction, i.status, i.accepted_count or 0) for i in page.items]
            assert found == self._expected_list(person)
            assert page.total_count == len(found)

    # The model

    def _admits(self, owner: int, other: int) -> bool:
        if self._blocked(owner, other):
            return False
        followers, followed = (other, owner) in self._follows, (owner, other) in self._follows
        return {
            "everyone": True,
            "followers": followers,
            "friends": followers and followed,
            "nobody": False,
        }[self._audience[owner]]

    def _blocked(self, one: int, other: int) -> bool:
        return bool({(one, other), (other, one)} & self._blocks)

    def _expected_answer(self, known: Known, person: int, *, accept: bool) -> str:
        if person == known.asker:
            return "unknown_value"
        if person not in known.targets:
            return "not_found"
        if person in known.answers:
            return "already_responded"
        if self._now() >= known.expires:
            return "expired"
        return "permission_denied" if accept and self._blocked(person, known.asker) else ""

    def _expected_list(self, person: int) -> list[tuple[str, str, str, int]]:
        return [
            (known.id, "sent", self._sent_status(known), sum(known.answers.values()))
            if person == known.asker
            else (known.id, "received", self._received_status(known, person), 0)
            for known in reversed(self._requests)
            if person == known.asker
            or (person in known.targets and (person, known.asker) not in self._blocks)
        ]

    def _sent_status(self, known: Known) -> str:
        if any(known.answers.values()):
            return "accepted"
        return "open" if self._now() < known.expires else "expired"

    def _received_status(self, known: Known, person: int) -> str:
        if person in known.answers:
            return "accepted" if known.answers[person] else "declined"
        return "open" if self._now() < known.expires else "expired"

    # Within

    def _now(self) -> int:
        return self._world.clock.now()

    def _someone(self, data: st.DataObject) -> tuple[Known, int]:
        """Choose a request and a person, mostly one who was asked."""
        known = data.draw(st.sampled_from(self._requests[:-4:-1]))
        everyone = range(len(NAMES))
        return known, data.draw(st.sampled_from([*sorted(known.targets) * 2, *everyone]))

    def _answer(self, known: Known, person: int, *, accept: bool) -> bool:
        """Answer; where that is refused as it should be nobody is told."""
        command = RespondHugRequest(request_id=known.id, accept=accept, hug_type="warm")
        outcome = self._try(person, command)
        expected = self._expected_answer(known, person, accept=accept)
        assert outcome == (expected or known.id)
        if expected:
            assert self._told() == {}
            return False
        known.answers[person] = accept
        return True

    def _sign_in_again(self) -> None:
        """Bring back those whose sessions have ended meanwhile."""
        for person, device in enumerate(self._people):
            if device.closed:
                again = self._world.connect()
                again.name, again.email, again.password = device.name, device.email, device.password
                again.sign_in(
                    AuthCredentials(email=device.email, password=device.password, remember_me=True)
                )
                self._people[person] = again

    def _try(self, person: int, command: Command[R]) -> str:
        """Return the request's id, or why it was refused: the issue or else the code."""
        try:
            reply = self._people[person].request(command)
        except Refused as refused:
            error = refused.error
            assert isinstance(error, Error)
            issue = error.details.issue if error.details else UNSET
            return issue or error.code
        return reply.request_id

    def _keep(self, request_id: str, asker: int, targets: set[int], minutes: int) -> None:
        """Remember a request; those who are asked have heard of it once, nobody else."""
        assert request_id.startswith("req-")
        expires = self._now() + minutes * 60_000
        self._requests.append(Known(request_id, asker, frozenset(targets), expires))
        heard = [(request_id, self._people[asker].user_id)]
        assert self._told() == dict.fromkeys(targets, heard)

    def _told(self) -> dict[int, list[tuple[str, str]]]:
        """Whom requests and hugs reached since this was last asked: request and author."""
        told = {
            person: [_gist(event) for event in news(device) if not _about_follows(event)]
            for person, device in enumerate(self._people)
        }
        return {person: events for person, events in told.items() if events}


def _about_follows(event: Event) -> bool:
    return isinstance(event, FollowUpdate)


def _gist(event: Event) -> tuple[str, str]:
    if isinstance(event, HugReceived):
        return event.request_id or "", event.sender_id
    assert isinstance(event, HugRequestReceived)
    return event.request_id, event.requester_id


def test_any_order(sqlite_template: Path) -> None:
    """Whatever people do in whatever order, requests are what the model says."""
    run_state_machine_as_test(
        lambda: AnyOrder(sqlite_template),  # type: ignore[arg-type]  # any callable will do
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None),
    )
