"""Asking those who take part in a group hug (protocol: Hug Request; decisions: Hugs)."""

import pytest

from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.features.hugs.messages import (
    FetchHugRequests,
    HugReceived,
    HugRequestReceived,
    RequestHug,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.device import Device, Refusal
from tests.features.bonds import block, hugs_from
from tests.features.people import accept, ask
from tests.world import World

DAY = 24 * 3600


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def people(world: World) -> list[Device]:
    """Ada, Bob and Eve take part in a group hug, Joe is invited."""
    return [world.register(name, remember_me=True) for name in ("Ada", "Bob", "Eve", "Joe")]


@pytest.fixture
def group(people: list[Device]) -> str:
    """Their group hug."""
    creator, *others = people
    invitees = [device.user_id for device in others]
    group_id = creator.request(CreateGroupHug(name="Us", invitee_ids=invitees)).group_hug_id
    for device in others[:2]:
        device.request(JoinGroupHug(group_hug_id=group_id))
    return group_id


def to_ask(group: str) -> RequestHug:
    """A request to those in a group hug."""
    return RequestHug(target_type="group", target_id=group)


def asked(devices: list[Device]) -> list[bool]:
    """Who was asked since this was last looked at."""
    return [any(isinstance(e, HugRequestReceived) for e in device.events()) for device in devices]


def said(refusal: Refusal) -> tuple[str, ErrorDetails | None]:
    """Code and details of a refusal."""
    assert isinstance(refusal, Error)
    return refusal.code, refusal.details or None


OVER = ("invalid_request", ErrorDetails(field="data.targetId", issue="expired"))


def test_participants(people: list[Device], group: str) -> None:
    """All others who take part are asked, whatever they chose; who was only invited is not."""
    hugs_from(people[2], "nobody")
    people[1].request(to_ask(group))
    assert asked(people) == [True, False, True, False]


def test_answer(people: list[Device], group: str) -> None:
    """Each of them may give the hug, also after leaving."""
    request_id = people[0].request(to_ask(group)).request_id
    people[2].request(LeaveGroupHug(group_hug_id=group))
    for device in people[1:3]:
        accept(device, request_id)
    hugs = [event for event in people[0].events() if isinstance(event, HugReceived)]
    assert [event.sender_name for event in hugs] == ["Bob", "Eve"]


def test_listed(people: list[Device], group: str) -> None:
    """The list says which group hug was asked."""
    people[0].request(to_ask(group))
    (item,) = people[0].request(FetchHugRequests()).items
    assert (item.target_type, item.target_id, item.user_id or None) == ("group", group, None)


def test_outsider(people: list[Device], group: str) -> None:
    """Who does not take part, though invited, asks nobody."""
    assert said(people[3].refusal(to_ask(group))) == ("permission_denied", None)
    assert asked(people) == [False] * 4


def test_left(people: list[Device], group: str) -> None:
    """Who has left asks nobody, and is not asked."""
    people[1].request(LeaveGroupHug(group_hug_id=group))
    assert said(people[1].refusal(to_ask(group))) == ("permission_denied", None)
    people[0].request(to_ask(group))
    assert asked(people) == [False, False, True, False]


@pytest.mark.parametrize("by_asker", [True, False])
def test_blocked(people: list[Device], group: str, by_asker: bool) -> None:  # noqa: FBT001 (a parameter)
    """Where one of two participants blocks the other, neither is asked by the other."""
    ada, bob, *_ = people
    block(*((ada, bob) if by_asker else (bob, ada)))
    ada.request(to_ask(group))
    assert asked(people) == [False, False, True, False]


def test_cancelled(people: list[Device], group: str) -> None:
    """A group hug that was cancelled is over."""
    people[0].request(CancelGroupHug(group_hug_id=group))
    assert said(people[1].refusal(to_ask(group))) == OVER


def test_ended(world: World, people: list[Device], group: str) -> None:
    """A group hug that has ended is over, from its last moment on."""
    world.clock.move(DAY - 0.001)
    ask(people[1], people[1], target_type="group", target_id=group)
    world.clock.move(0.001)
    assert said(people[1].refusal(to_ask(group))) == OVER


def test_outsider_of_what_is_over(people: list[Device], group: str) -> None:
    """Whether it is over only participants learn."""
    people[0].request(CancelGroupHug(group_hug_id=group))
    assert said(people[3].refusal(to_ask(group))) == ("permission_denied", None)


def test_alone(people: list[Device]) -> None:
    """Whoever is alone in a group hug asks nobody, and that is no error."""
    ada = people[0]
    group = ada.request(CreateGroupHug(name="Me", invitee_ids=[people[1].user_id])).group_hug_id
    assert ada.request(to_ask(group)).success
    assert asked(people) == [False] * 4
