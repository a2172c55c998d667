"""Who may hug and ask whom (decisions: Hugs, Account and settings; product: Safety)."""

from typing import get_args

import pytest

from hugmood.features.hugs.messages import RequestHug, SendHug
from hugmood.features.settings.messages import Audience
from hugmood.wire.message import Command, Error, Reply
from tests.device import Device, Refusal
from tests.features.bonds import block, hugs_from
from tests.features.people import ask, follow, hug
from tests.world import World

NOT_ACCEPTING = "This person does not take hugs from you"


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def to_hug(device: Device) -> Command[Reply]:
    """A hug for this person."""
    return SendHug(recipient_id=device.user_id, hug_type="warm")  # type: ignore[return-value]


def to_ask(device: Device) -> Command[Reply]:
    """A request to this person."""
    return RequestHug(target_type="user", target_id=device.user_id)  # type: ignore[return-value]


def said(refusal: Refusal) -> tuple[str, str, object]:
    """What someone is told who may not."""
    assert isinstance(refusal, Error)
    return refusal.code, refusal.message, refusal.details or None


def relate(one: Device, other: Device, relation: str) -> None:
    """Have them be to each other what `relation` says."""
    if relation in {"follower", "friend"}:
        follow(one, other)
    if relation in {"followed", "friend"}:
        follow(other, one)
    one.events()
    other.events()


ADMITTED = {
    "everyone": {"stranger", "follower", "followed", "friend"},
    "followers": {"follower", "friend"},
    "friends": {"friend"},
    "nobody": set[str](),
}
"""For each choice, whom it admits: `follower` follows whoever made the choice."""


@pytest.mark.parametrize("act", [to_hug, to_ask])
@pytest.mark.parametrize("relation", ["stranger", "follower", "followed", "friend"])
@pytest.mark.parametrize("audience", get_args(Audience))
def test_audience(ada: Device, bob: Device, audience: Audience, relation: str, act: object) -> None:
    """People are hugged, and asked, by those alone whom they chose."""
    relate(ada, bob, relation)
    hugs_from(bob, audience)
    command = act(bob)  # type: ignore[operator]
    if relation in ADMITTED[audience]:
        assert (ada.request(command).success, len(bob.events())) == (True, 1)
    else:
        assert (said(ada.refusal(command)), bob.events()) == (
            ("permission_denied", NOT_ACCEPTING, None),
            [],
        )


@pytest.mark.parametrize("act", [to_hug, to_ask])
@pytest.mark.parametrize("by_sender", [True, False])
def test_block(ada: Device, bob: Device, by_sender: bool, act: object) -> None:  # noqa: FBT001 (a parameter)
    """Where one blocks the other, neither hugs nor asks, and hears what others hear too."""
    command = act(bob)  # type: ignore[operator]
    hugs_from(bob, "nobody")
    not_accepting = said(ada.refusal(command))
    hugs_from(bob, "everyone")
    block(*((ada, bob) if by_sender else (bob, ada)))
    assert (said(ada.refusal(command)), bob.events()) == (not_accepting, [])


@pytest.mark.parametrize("audience", ["followers", "friends", "nobody"])
def test_guest(world: World, bob: Device, audience: Audience) -> None:
    """A guest whom somebody follows may hug them only if they take hugs from the guest."""
    guest = world.guest()
    follow(bob, guest)
    guest.events()
    hugs_from(bob, audience)
    assert said(guest.refusal(to_hug(bob))) == ("permission_denied", NOT_ACCEPTING, None)


def test_guest_asks_stranger(world: World, bob: Device) -> None:
    """A guest may ask people who do not follow them."""
    guest = world.guest()
    assert (ask(guest, bob).success, len(bob.events())) == (True, 1)


def test_choice_is_ones_own(ada: Device, bob: Device) -> None:
    """Whoever takes hugs from nobody may hug others all the same."""
    hugs_from(ada, "nobody")
    assert (hug(ada, bob).success, len(bob.events())) == (True, 1)
