"""A snapshot and what comes after it is what a new snapshot shows.

Some people do whatever they like; one of them fetched lists at some moments, lost the
connection at others, and is told what happened. In the end every list that went on by
what was told must be what a new `fetch` shows.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from hugmood.features.follows.messages import FollowUser
from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.features.hugs.messages import RequestHug, RespondHugRequest, SendHug
from hugmood.features.moods.messages import MoodDelete, MoodEdit, MoodUpdate
from hugmood.features.notifications.messages import MarkNotificationRead
from hugmood.features.status.messages import Status, StatusUpdate
from hugmood.wire.message import Command
from tests.conftest import quick_place
from tests.databases import Place
from tests.device import Device, Message, Refused
from tests.features.bonds import SWEEP, follow
from tests.features.snapshots import KINDS, View, agree, stream_of
from tests.world import World

NAMES: Final = ("Ada", "Bob", "Eve")
people = st.integers(0, len(NAMES) - 1)
others = st.integers(1, len(NAMES) - 1)
which = st.integers(0, 3)
waits = st.sampled_from([0.2, 30, 600, 3600, 86_400])
kinds = st.sampled_from(sorted(KINDS))
states: st.SearchStrategy[Status] = st.sampled_from(["online", "away", "offline", "do_not_disturb"])


class Company(RuleBasedStateMachine):
    """Ada looks; she and the others do things. What is refused changes nothing."""

    def __init__(self, place: AbstractContextManager[Place]) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.world = self._stack.enter_context(
            World(self._stack.enter_context(place), limited=False)
        )
        self.devices = [self.world.register(name, remember_me=True) for name in NAMES]
        self.second = self.devices[0].another()
        """Ada's, where she does things; the first one is where she looks."""
        for one in self.devices[1:]:
            follow(self.devices[0], one)
        self.stream: list[Message] = []
        """What earlier connections of Ada's were sent."""
        self.views: list[View] = []
        self.moods: list[tuple[int, str]] = []
        """Whose, and which."""
        self.requests: list[str] = []
        self.groups: list[str] = []

    def teardown(self) -> None:
        """Compare, and end this world."""
        with self._stack:
            self.compare()

    # What people do

    @rule(person=people, public=st.booleans())
    def feel(self, person: int, public: bool) -> None:  # noqa: FBT001 (a choice)
        """Somebody says how they feel."""
        self._do(person, MoodUpdate(mood="calm", intensity=0.5, is_public=public))

    @rule(number=which, intensity=st.sampled_from([0.5, 0.9]), public=st.booleans())
    def edit(self, number: int, intensity: float, public: bool) -> None:  # noqa: FBT001 (a choice)
        """Somebody changes one of the latest entries."""
        for person, mood in self.moods[::-1][number : number + 1]:
            self._do(person, MoodEdit(mood_id=mood, intensity=intensity, is_public=public))

    @rule(number=which)
    def take_back(self, number: int) -> None:
        """Somebody deletes one of the latest entries."""
        for person, mood in self.moods[::-1][number : number + 1]:
            self._do(person, MoodDelete(mood_id=mood))

    @rule()
    def look_at_all(self) -> None:
        """Ada fetches every list."""
        self.views += [View(kind, self.devices[0]) for kind in sorted(KINDS)]

    @rule(person=people, other=people)
    def hug(self, person: int, other: int) -> None:
        """Somebody hugs somebody."""
        target = self.devices[other].user_id
        self._do(person, SendHug(recipient_id=target, hug_type="warm", message="There"))

    @rule(person=people, other=people)
    def ask(self, person: int, other: int) -> None:
        """Somebody asks somebody for a hug."""
        target = self.devices[other].user_id
        self._do(person, RequestHug(target_type="user", target_id=target))

    @rule(person=people)
    def ask_followers(self, person: int) -> None:
        """Somebody asks their followers."""
        self._do(person, RequestHug(target_type="followers", message="Anyone?"))

    @rule(person=people, number=which, yes=st.booleans())
    def answer(self, person: int, number: int, yes: bool) -> None:  # noqa: FBT001 (a choice)
        """Somebody answers one of the latest requests."""
        for request in self.requests[::-1][number : number + 1]:
            command = RespondHugRequest(request_id=request, accept=yes, hug_type="warm")
            self._do(person, command)

    @rule(person=others, other=people, stop=st.booleans())
    def follow(self, person: int, other: int, stop: bool) -> None:  # noqa: FBT001 (a choice)
        """Somebody but Ada follows somebody, or stops."""
        action: Any = "unfollow" if stop else "follow"
        target = self.devices[other].user_id
        self._do(person, FollowUser(target_user_id=target, action=action))

    @rule(person=people, soon=st.booleans(), lasts=waits)
    def create(self, person: int, soon: bool, lasts: float) -> None:  # noqa: FBT001 (a choice)
        """Somebody invites everybody to a group hug, now or in an hour."""
        start = self.world.clock.after(3600) if soon else self.world.clock.after(0)
        end = self.world.clock.after(3601 + lasts)
        invitees = [device.user_id for device in self.devices]
        self._do(
            person,
            CreateGroupHug(name="Us", invitee_ids=invitees, scheduled_for=start, expires_at=end),
        )

    @rule(
        person=people,
        number=which,
        kind=st.sampled_from([JoinGroupHug, JoinGroupHug, LeaveGroupHug, CancelGroupHug]),
    )
    def take_part(self, person: int, number: int, kind: type[Command[Any]]) -> None:
        """Somebody joins one of the latest group hugs, leaves it or calls it off."""
        for group in self.groups[::-1][number : number + 1]:
            self._do(person, kind(group_hug_id=group))

    @rule(person=others, status=states)
    def choose(self, person: int, status: Status) -> None:
        """Somebody chooses how to be seen."""
        self._do(person, StatusUpdate(status=status, custom_message=status))

    @rule(number=which, everything=st.booleans())
    def read(self, number: int, everything: bool) -> None:  # noqa: FBT001 (a choice)
        """Ada reads, on her second device, what she was notified of."""
        told = [m.data["notificationId"] for m in self._events() if m.type == "notification"]
        for name in told[::-1][number : number + 1]:
            self._do(0, MarkNotificationRead(notification_id="all" if everything else name))

    # What happens

    @rule(seconds=waits)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.move(seconds)

    @rule(person=others)
    def come_and_go(self, person: int) -> None:
        """Somebody else loses the connection and comes back."""
        old = self.devices[person]
        old.drop()
        self.world.clock.move(30)
        self.devices[person] = old.another()

    @rule()
    def lose(self) -> None:
        """Ada loses her connection, and resumes; what is not kept she has to fetch again."""
        self._release()
        self.stream = self._events()
        old = self.devices[0]
        old.drop()
        self.views = [view for view in self.views if view.kind.durable]
        self.devices[0] = old.another(last=old.position)

    @rule(person=people, other=people, after_commit=st.booleans())
    def die(self, person: int, other: int, after_commit: bool) -> None:  # noqa: FBT001 (a choice)
        """The writer dies over a hug, before it is on disk or when nobody was told yet."""
        if person == other:
            return
        self.world.engine.hold("write")
        target = self.devices[other].user_id
        sent = self._device(person).send(SendHug(recipient_id=target, hug_type="playful"))
        self.world.turn(lambda: self.world.engine.die(after_commit=after_commit))
        self.world.engine.release("write")
        self.world.settle()
        sent.reply()

    # What Ada sees

    @rule(kind=kinds, held=st.booleans())
    def look(self, kind: str, held: bool) -> None:  # noqa: FBT001 (a choice)
        """Ada fetches a list; the answer may come only after what happens next."""
        if held:
            self.world.engine.hold("read")
        self.views.append(View(kind, self.devices[0]))

    @rule()
    def compare(self) -> None:
        """All that Ada has put together is what she would be shown now."""
        self._release()
        self.world.clock.move(SWEEP)
        with self._resumed() as resumed:
            for view in self.views:
                fresh = View(view.name, self.devices[0])
                shown = fresh.kind.show(fresh.page)
                for stream in (self._events(), resumed):
                    agree(view, view.now(stream), shown, self.devices[0].user_id)

    # Within

    def _device(self, person: int) -> Device:
        return self.devices[person] if person else self.second

    def _do(self, person: int, command: Command[Any]) -> None:
        """Have somebody try something, at a moment of its own."""
        self.world.clock.move(0.001)
        try:
            reply = self._device(person).request(command)
        except Refused:
            return
        if isinstance(command, MoodUpdate):
            self.moods.append((person, reply.mood_id))
        elif isinstance(command, RequestHug):
            self.requests.append(reply.request_id)
        elif isinstance(command, CreateGroupHug):
            self.groups.append(reply.group_hug_id)

    def _events(self) -> list[Message]:
        """All events that Ada was told of on the device where she looks."""
        return self.stream + stream_of(self.devices[0])

    def _release(self) -> None:
        self.world.engine.release("read")
        self.world.settle()

    @contextmanager
    def _resumed(self) -> Iterator[list[Message]]:
        """Come back on another device after the oldest view: the events it is sent."""
        oldest = min((view.page.as_of_sequence for view in self.views), default=0)
        again = self.devices[0].another(last=oldest)
        yield stream_of(again)
        again.drop()


@pytest.mark.parametrize(("dialect", "examples"), [("sqlite", 60), ("postgres", 4)])
def test_snapshots(dialect: str, examples: int, request: pytest.FixtureRequest) -> None:
    """What was fetched plus what was told since is what a new fetch shows."""
    run_state_machine_as_test(
        lambda: Company(quick_place(dialect, request)),  # type: ignore[arg-type]  # any callable
        settings=settings(max_examples=examples, stateful_step_count=40, deadline=None),
    )
