"""The front door itself: what other tests take for granted."""

from hugmood.ambient import Instant
from hugmood.features.hugs.messages import HugReceived, HugSent, SendHug
from tests.world import World


def test_hug(world_on_both: World) -> None:
    """What one sends the other receives."""
    world = world_on_both
    ada = world.register("Ada")
    bob = world.register("Bob")
    reply = ada.request(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert reply == HugSent(hug_id=reply.hug_id, recipient_online=True, delivery_status="sent")
    assert bob.events() == [
        HugReceived(
            hug_id=reply.hug_id,
            sender_id=ada.user_id,
            sender_name="Ada",
            hug_type="warm",
            sent_at=Instant(world.clock.now()),
        )
    ]


def test_leap_of_time(world: World) -> None:
    """A clock that leaps by a century is caught up with at once.

    Deadlines were once looked for in every tenth of a second since the last look: a
    machine that woke up after a month kept its gateway busy for a quarter of a minute.
    """
    ada = world.register("Ada")
    world.clock.move(100 * 365 * 24 * 3600)
    assert ada.closed == (4401, "session_expired")
