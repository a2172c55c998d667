"""What group hugs do, in a few lines of plain Python: a model to hold the real ones to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Final, NamedTuple

from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.group_hugs.messages import (
    GroupHugInvitation,
    GroupHugUpdate,
    Participant,
    State,
    UpdateType,
)
from hugmood.wire.message import Event

LOOK_EVERY: Final = 1000
"""How often the writer looks at what is due, ms."""

Refusal = tuple[str, str | None]
"""Code and issue."""
EXPIRED: Final[Refusal] = ("invalid_request", "expired")
DENIED: Final[Refusal] = ("permission_denied", None)


class Person(NamedTuple):
    """Someone; their number is their place in the order of registration."""

    user_id: str
    name: str


@dataclass(slots=True)
class Group:
    """A group hug; people by their numbers."""

    id: str
    creator: int
    members: set[int]
    state: State
    start: int | None
    end: int
    there: list[int]
    """Who takes part, in the order they joined."""


@dataclass(slots=True)
class Model:
    """All group hugs, and what everyone has been told."""

    people: Sequence[Person]
    now: int
    groups: list[Group] = field(default_factory=list)
    told: list[list[Event]] = field(default_factory=list)
    look_at: int = 0
    _due: list[tuple[int, int, Group, State]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        """Nobody has been told anything."""
        self.told = [[] for _ in self.people]
        self.look_at = self.now + LOOK_EVERY

    # In time

    def look(self) -> None:
        """Do what is due, if it is time to look."""
        if self.now < self.look_at:
            return
        self.look_at = self.now + LOOK_EVERY
        while self._due and self._due[0][0] <= self.now:
            _, _, group, state = heappop(self._due)
            if group.state in {"scheduled", "active"}:
                group.state = state
                self._tell(group, "started" if state == "active" else "ended", group.there)

    # Commands

    def create(self, group: Group, name: str) -> None:
        """Begin one that the server has taken."""
        self.groups.append(group)
        if group.start is not None:
            self._plan(group.start, group, "active")
        self._plan(group.end, group, "ended")
        creator = self.people[group.creator]
        invitation = GroupHugInvitation(
            group_hug_id=group.id,
            name=name,
            creator_id=creator.user_id,
            creator_name=creator.name,
            scheduled_for=UNSET if group.start is None else Instant(group.start),
            expires_at=Instant(group.end),
        )
        for invitee in group.members - {group.creator}:
            self.told[invitee].append(invitation)

    def join(self, group: Group, person: int) -> Refusal | list[Participant]:
        """Take part; who does then, or why not."""
        if person not in group.members:
            return DENIED
        if self._over(group):
            return EXPIRED
        if person not in group.there:
            group.there.append(person)
            self._tell(group, "participant_joined", group.there, person)
        return [self._participant(someone) for someone in group.there]

    def leave(self, group: Group, person: int) -> Refusal | None:
        """Take part no more; None, or why not."""
        if person not in group.members:
            return DENIED
        if self._over(group):
            return EXPIRED
        if person in group.there:
            before = list(group.there)
            group.there.remove(person)
            self._tell(group, "participant_left", before, person)
        return None

    def cancel(self, group: Group, person: int) -> Refusal | None:
        """Call it off; None, or why not."""
        if person != group.creator:
            return DENIED
        if self._over(group):
            return EXPIRED
        group.state = "cancelled"
        self._tell(group, "cancelled", group.there)
        return None

    # Within

    def _over(self, group: Group) -> bool:
        return group.state in {"ended", "cancelled"} or self.now >= group.end

    def _plan(self, at: int, group: Group, state: State) -> None:
        self._count += 1
        heappush(self._due, (at, self._count, group, state))

    def _participant(self, person: int) -> Participant:
        return Participant(user_id=self.people[person].user_id, name=self.people[person].name)

    def _tell(
        self, group: Group, update: UpdateType, to: Sequence[int], who: int | None = None
    ) -> None:
        event = GroupHugUpdate(
            group_hug_id=group.id,
            update_type=update,
            participant=UNSET if who is None else self._participant(who),
            participant_count=len(group.there),
        )
        for person in to:
            self.told[person].append(event)
