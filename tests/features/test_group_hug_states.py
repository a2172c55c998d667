"""Group hugs against a model, whatever people do and whenever the writer dies."""

from contextlib import ExitStack
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec import UNSET

from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugInvitation,
    GroupHugUpdate,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.wire.message import Command, Error, ErrorDetails
from tests.conftest import quick_place
from tests.device import Refused
from tests.features.group_hug_model import Group, Model, Person, Refusal
from tests.world import World

NAMES = ("Ada", "Bob", "Cleo", "Dan")
HOUR = 3600
LASTS = 24 * HOUR

Death = Literal["before", "after"] | None
"""Whether the writer dies before it has committed a command, or after."""

people = st.integers(0, len(NAMES) - 1)
deaths: st.SearchStrategy[Death] = st.sampled_from([None, None, None, "before", "after"])


class Company(RuleBasedStateMachine):
    """Four people, a model, and the real thing."""

    groups = Bundle("groups")

    def __init__(self, dialect: str, request: pytest.FixtureRequest) -> None:
        super().__init__()
        self._stack = ExitStack()
        place = self._stack.enter_context(quick_place(dialect, request))
        self.world = self._stack.enter_context(World(place, limited=False))
        self.devices = [self.world.register(name, remember_me=True) for name in NAMES]
        persons = [Person(device.user_id, device.name) for device in self.devices]
        self.model = Model(persons, self.world.clock.now())

    def teardown(self) -> None:
        """Close the world."""
        self._stack.close()

    @rule(
        target=groups,
        creator=people,
        invitees=st.sets(people),
        start=st.sampled_from([None, -HOUR, 0.3, HOUR]),
        lasts=st.sampled_from([None, 0.3, 1, HOUR]),
        death=deaths,
    )
    def create(
        self,
        creator: int,
        invitees: set[int],
        start: float | None,
        lasts: float | None,
        death: Death,
    ) -> Group:
        """Invite some, perhaps oneself too."""
        clock = self.world.clock
        begins = max(start or 0, 0)
        end = clock.after(begins + (lasts or LASTS))
        command = CreateGroupHug(
            name="Hug",
            invitee_ids=[self.devices[person].user_id for person in sorted(invitees)],
            scheduled_for=UNSET if start is None else clock.after(start),
            expires_at=UNSET if lasts is None else end,
        )
        self._before(death)
        reply = self._ask(creator, command, death)
        assert len(invitees - {creator}) == reply.invitations_sent
        group = Group(
            id=reply.group_hug_id,
            creator=creator,
            members=invitees | {creator},
            state="scheduled" if begins else "active",
            start=int(clock.after(begins)) if begins else None,
            end=int(end),
            there=[creator],
        )
        self.model.create(group, "Hug")
        self._after(death)
        return group

    @rule(person=people, group=groups, death=deaths)
    def join(self, person: int, group: Group, death: Death) -> None:
        """Try to take part."""
        self._before(death)
        expected = self.model.join(group, person)
        answer = self._ask(person, JoinGroupHug(group_hug_id=group.id), death)
        self._after(death)
        assert expected == (answer if isinstance(answer, tuple) else answer.participants)

    @rule(person=people, group=groups, death=deaths)
    def leave(self, person: int, group: Group, death: Death) -> None:
        """Try to leave."""
        self._before(death)
        expected = self.model.leave(group, person)
        answer = self._ask(person, LeaveGroupHug(group_hug_id=group.id), death)
        self._after(death)
        assert expected == (answer if isinstance(answer, tuple) else None)

    @rule(person=people, group=groups, death=deaths)
    def cancel(self, person: int, group: Group, death: Death) -> None:
        """Try to cancel."""
        self._before(death)
        expected = self.model.cancel(group, person)
        answer = self._ask(person, CancelGroupHug(group_hug_id=group.id), death)
        self._after(death)
        assert expected == (answer if isinstance(answer, tuple) else None)

    @rule(seconds=st.sampled_from([0.3, 0.7, HOUR, 12 * HOUR]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.move(seconds)
        self.model.now = self.world.clock.now()
        self.model.look()

    @rule()
    def restart(self) -> None:
        """The writer dies in peace, and looks at what is due when it is back."""
        self.world.turn(self.world.engine.die)
        self.world.engine.keep_house()
        self.world.settle()
        self.model.look_at = 0
        self.model.look()

    @rule(person=people)
    def look(self, person: int) -> None:
        """Everyone's list is what the model says, newest first."""
        page = self.devices[person].request(FetchGroupHugs(limit=100))
        mine = [group for group in self.model.groups if person in group.members]
        assert [(g.id, g.state, person in g.there, len(g.there)) for g in reversed(mine)] == [
            (item.id, item.state, item.joined, item.participant_count) for item in page.items
        ]

    @invariant()
    def told(self) -> None:
        """Everyone was told exactly what the model says, in its order."""
        for device, expected in zip(self.devices, self.model.told, strict=True):
            news = [
                event
                for event in device.events()
                if isinstance(event, GroupHugInvitation | GroupHugUpdate)
            ]
            assert expected == news
            expected.clear()

    def _before(self, death: Death) -> None:
        """What the model does before a command: a new writer looks at once."""
        if death == "before":
            self.model.look_at = 0
        self.model.look()

    def _after(self, death: Death) -> None:
        if death == "after":
            self.model.look_at = 0
            self.model.look()

    def _ask(self, person: int, command: Command[Any], death: Death) -> Any:  # noqa: ANN401
        """Send a command, whatever happens to the writer; its reply, or why not."""
        engine = self.world.engine
        if death:
            engine.hold("write")
        sent = self.devices[person].send(command)
        if death:
            self.world.turn(lambda: engine.die(after_commit=death == "after"))
            engine.release("write")
            self.world.settle()
        try:
            return sent.reply()
        except Refused as refused:
            return _why(refused)


def _why(refused: Refused) -> Refusal:
    error = refused.error
    assert isinstance(error, Error)
    return error.code, (error.details or ErrorDetails()).issue or None


@pytest.mark.parametrize(("dialect", "examples"), [("sqlite", 30), ("postgres", 6)])
def test_states(dialect: str, examples: int, request: pytest.FixtureRequest) -> None:
    """Everyone hears exactly what happens, once and in order, and lists agree."""
    run_state_machine_as_test(
        lambda: Company(dialect, request),  # type: ignore[arg-type]  # any callable will do
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None),
    )
