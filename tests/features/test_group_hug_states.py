"""Group hugs against a model, whatever people do and whenever the writer dies."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugInvitation,
    GroupHugJoined,
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

Kind = type[JoinGroupHug | LeaveGroupHug | CancelGroupHug]

people = st.integers(0, len(NAMES) - 1)
deaths: st.SearchStrategy[Death] = st.sampled_from([None, None, None, "before", "after"])


class Company:
    """Four people, a model, and the real thing."""

    def __init__(self, dialect: str, request: pytest.FixtureRequest) -> None:
        self._stack = ExitStack()
        place = self._stack.enter_context(quick_place(dialect, request))
        self.world = self._stack.enter_context(World(place, limited=False))
        self.devices = [self.world.register(name, remember_me=True) for name in NAMES]
        persons = [Person(device.user_id, device.name) for device in self.devices]
        self.model = Model(persons, self.world.clock.now())

    def close(self) -> None:
        """Close the world."""
        self._stack.close()

    def create(
        self,
        creator: int,
        invitees: set[int],
        start: float | None,
        lasts: float | None,
        death: Death,
    ) -> None:
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

    def act(self, kind: Kind, person: int, which: int, death: Death) -> None:
        """Try to join, to leave or to cancel."""
        group = self._group(which)
        self._before(death)
        expected = {JoinGroupHug: self.model.join, LeaveGroupHug: self.model.leave}.get(
            kind, self.model.cancel
        )(group, person)
        answer = self._ask(person, kind(group_hug_id=group.id), death)
        self._after(death)
        joined = isinstance(answer, GroupHugJoined)
        refused = answer if isinstance(answer, tuple) else None
        assert expected == (answer.participants if joined else refused)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.clock.move(seconds)
        self.model.now = self.world.clock.now()
        self.model.look()

    def be_late(self, kind: Kind, person: int, which: int) -> None:
        """Act after a start or an end that the writer, who has just looked, did not see."""
        group = self._group(which)
        moments = [at for at in (group.start, group.end) if at and at > self.model.now + 1000]
        if moments:
            self.wait((min(moments) - self.model.now) / 1000 - 0.5)
            self.wait(0.5)
        self.act(kind, person, which, None)

    def restart(self) -> None:
        """The writer dies in peace, and looks at what is due when it is back."""
        self.world.turn(self.world.engine.die)
        self.world.engine.keep_house()
        self.world.settle()
        self.model.look_at = 0
        self.model.look()

    def check_told(self) -> None:
        """Everyone was told exactly what the model says, in its order."""
        for device, expected in zip(self.devices, self.model.told, strict=True):
            news = [
                event
                for event in device.events()
                if isinstance(event, GroupHugInvitation | GroupHugUpdate)
            ]
            assert expected == news
            expected.clear()

    def check_list(self, person: int) -> None:
        """Somebody's list is what the model says, newest first."""
        page = self.devices[person].request(FetchGroupHugs(limit=100))
        mine = [group for group in self.model.groups if person in group.members]
        assert [(g.id, g.state, person in g.there, len(g.there)) for g in reversed(mine)] == [
            (item.id, item.state, item.joined, item.participant_count) for item in page.items
        ]

    def _group(self, which: int) -> Group:
        return self.model.groups[which % len(self.model.groups)]

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


Step = Callable[[Company], None]

creates = st.builds(
    partial,
    st.just(Company.create),
    creator=people,
    invitees=st.sets(people),
    start=st.sampled_from([None, -HOUR, 0.3, HOUR]),
    lasts=st.sampled_from([None, 0.3, 1, HOUR]),
    death=deaths,
)
joins, leaves, cancels = (
    st.builds(
        partial,
        st.just(Company.act),
        kind=st.just(kind),
        person=people,
        which=st.integers(0, 9),
        death=deaths,
    )
    for kind in (JoinGroupHug, LeaveGroupHug, CancelGroupHug)
)
waits = st.builds(
    partial, st.just(Company.wait), seconds=st.sampled_from([0.3, 0.7, HOUR, 12 * HOUR])
)
lates = st.builds(
    partial,
    st.just(Company.be_late),
    kind=st.sampled_from([JoinGroupHug, LeaveGroupHug, CancelGroupHug]),
    person=people,
    which=st.integers(0, 9),
)
steps: st.SearchStrategy[Step] = st.one_of(
    creates, joins, leaves, cancels, waits, lates, st.just(Company.restart)
)


@pytest.mark.parametrize(("dialect", "examples"), [("sqlite", 50), ("postgres", 10)])
def test_states(dialect: str, examples: int, request: pytest.FixtureRequest) -> None:
    """Everyone hears exactly what happens, once and in order, and lists agree."""

    @settings(max_examples=examples, deadline=None)
    @given(first=creates, plan=st.lists(steps, min_size=15, max_size=25))
    def live(first: Step, plan: list[Step]) -> None:
        with closing(Company(dialect, request)) as company:
            for step in (first, *plan):
                step(company)
                company.check_told()
            for person in range(len(NAMES)):
                company.check_list(person)

    live()
