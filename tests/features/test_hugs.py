"""Hugs (protocol: Hug Messages; decisions: Hugs)."""

import pytest

from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.catalog import ANIMATIONS, HUG_TYPES
from hugmood.features.hugs.messages import (
    Customization,
    FetchHugCatalog,
    HugCatalog,
    HugKinds,
    HugReceived,
    SendHug,
)
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device, Message
from tests.features.people import hug
from tests.world import OFFLINE_GRACE, World

DAY = 24 * 3600
GRACE = OFFLINE_GRACE / 1000


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


# The protocol's examples


def test_example(world: World) -> None:
    """A hug is answered, and arrives, as in the protocol."""
    jane, john = world.register("Jane Smith"), world.register("John")
    world.clock.move_to("2023-08-25T16:00:05.000Z")
    customization = {"color": "#FF5733", "intensity": 0.7, "animation": "gentle_squeeze"}
    (reply,) = jane.raw(
        {
            "type": "send_hug",
            "id": "msg-45678",
            "data": {
                "recipientId": john.user_id,
                "hugType": "supportive",
                "message": "You've got this!",
                "customization": customization,
            },
            "timestamp": "2023-08-25T16:00:00.000Z",
        }
    )
    hug_id = reply.data["hugId"]
    assert hug_id.startswith("hug-")
    assert reply == Message(
        type="send_hug_response",
        id="msg-45678-resp",
        data={
            "success": True,
            "hugId": hug_id,
            "recipientOnline": True,
            "deliveryStatus": "sent",
        },
        timestamp="2023-08-25T16:00:05.000Z",
        number=0,
        previous=None,
    )
    received = john.received[-1]
    assert received.id.startswith("notif-")
    assert received == Message(
        type="hug_received",
        id=received.id,
        data={
            "hugId": hug_id,
            "senderId": jane.user_id,
            "senderName": "Jane Smith",
            "hugType": "supportive",
            "message": "You've got this!",
            "sentAt": "2023-08-25T16:00:00.000Z",
            "customization": customization,
        },
        timestamp="2023-08-25T16:00:05.000Z",
        number=1,
        previous=None,
    )


# Sending


def test_plain_hug(world: World, ada: Device, bob: Device) -> None:
    """What is not said of a hug is left out."""
    sent = hug(ada, bob)
    assert bob.events() == [
        HugReceived(
            hug_id=sent.hug_id,
            sender_id=ada.user_id,
            sender_name="Ada",
            hug_type="warm",
            sent_at=world.clock.after(0),
        )
    ]


def test_sender_hears_nothing(ada: Device, bob: Device) -> None:
    """The sender gets the reply and no event, on any device."""
    tablet = ada.another()
    hug(ada, bob)
    assert (ada.events(), tablet.events()) == ([], [])


def test_every_device(ada: Device, bob: Device) -> None:
    """Every device of the recipient gets the hug, with the same number."""
    tablet = bob.another()
    hug(ada, bob)
    assert (tablet.received[-1], len(bob.events())) == (bob.received[-1], 1)


def test_offline(world: World, ada: Device, bob: Device) -> None:
    """A hug for somebody offline is queued."""
    bob.drop()
    world.clock.move(GRACE)
    sent = hug(ada, bob)
    assert (sent.recipient_online, sent.delivery_status) == (False, "queued")


def test_just_gone(world: World, ada: Device, bob: Device) -> None:
    """For 20 s after the last connection went, people count as online."""
    bob.drop()
    world.clock.move(GRACE - 0.2)
    sent = hug(ada, bob)
    assert (sent.recipient_online, sent.delivery_status) == (True, "sent")


def test_never_there(world: World, ada: Device) -> None:
    """Somebody is online as long as one device of several is there."""
    bob = world.register("Bob")
    tablet = bob.another()
    bob.drop()
    world.clock.move(GRACE)
    first = hug(ada, tablet).recipient_online
    tablet.drop()
    world.clock.move(GRACE)
    assert (first, hug(ada, tablet).recipient_online) == (True, False)


def test_back_in_time(world: World, ada: Device, bob: Device) -> None:
    """Who comes back within the 20 s was never offline."""
    bob.drop()
    world.clock.move(GRACE / 2)
    bob.another()
    world.clock.move(GRACE)
    assert hug(ada, bob).recipient_online


def test_online_after_restart(world: World, ada: Device, bob: Device) -> None:
    """An engine that starts again is told who is there."""
    world.turn(world.engine.die)
    assert hug(ada, bob).recipient_online


def test_queued_hug_arrives(world: World, ada: Device, bob: Device) -> None:
    """A queued hug arrives when its recipient is back."""
    bob.drop()
    world.clock.move(3600)
    sent = hug(ada, bob)
    (event,) = bob.another(last=0).events()
    assert isinstance(event, HugReceived)
    assert event.hug_id == sent.hug_id


def test_oneself(ada: Device) -> None:
    """Nobody can hug themselves."""
    refusal = ada.refusal(SendHug(recipient_id=ada.user_id, hug_type="warm"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.details) == (
        "invalid_request",
        ErrorDetails(field="data.recipientId", issue="unknown_value"),
    )


def test_nobody(ada: Device) -> None:
    """Nobody can hug whom there is not."""
    refusal = ada.refusal(SendHug(recipient_id="user-12345", hug_type="warm"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.details) == (
        "not_found",
        ErrorDetails(field="data.recipientId"),
    )


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field", "issue"),
    [
        ({"recipientId": None}, "data.recipientId", "invalid_type"),
        ({"recipientId": ""}, "data.recipientId", "invalid_format"),
        ({"hugType": "crushing"}, "data.hugType", "unknown_value"),
        ({"hugType": ""}, "data.hugType", "unknown_value"),
        ({"hugType": 1}, "data.hugType", "invalid_type"),
        ({"message": "x" * 501}, "data.message", "too_long"),
        ({"message": None}, "data.message", "invalid_type"),
        ({"message": "a\0b"}, "data.message", "invalid_format"),
        ({"customization": []}, "data.customization", "invalid_type"),
        ({"customization": {"color": "red"}}, "data.customization.color", "invalid_format"),
        ({"customization": {"color": "#ff57331"}}, "data.customization.color", "too_long"),
        ({"customization": {"color": "#ff573\n"}}, "data.customization.color", "invalid_format"),
        ({"customization": {"color": "#ff5733\n"}}, "data.customization.color", "too_long"),
        ({"customization": {"intensity": 1.01}}, "data.customization.intensity", "out_of_range"),
        ({"customization": {"intensity": -0.1}}, "data.customization.intensity", "out_of_range"),
        ({"customization": {"intensity": "1"}}, "data.customization.intensity", "invalid_type"),
        ({"customization": {"animation": "leap"}}, "data.customization.animation", "unknown_value"),
    ],
)
def test_bad_hug(
    ada: Device, bob: Device, changes: dict[str, object], field: str, issue: str
) -> None:
    """What is wrong with a hug is said, field by field, and it is not sent."""
    data = {"recipientId": bob.user_id, "hugType": "warm", **changes}
    (error,) = ada.raw({"type": "send_hug", "id": "msg-1", "data": data})
    assert (error.data["details"], bob.events()) == ({"field": field, "issue": issue}, [])


@on_sqlite
@pytest.mark.parametrize("missing", ["recipientId", "hugType"])
def test_missing_field(ada: Device, bob: Device, missing: str) -> None:
    """A hug needs a recipient and a kind."""
    data = {"recipientId": bob.user_id, "hugType": "warm"}
    del data[missing]
    (error,) = ada.raw({"type": "send_hug", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": f"data.{missing}", "issue": "required_field_missing"}


@on_sqlite
@pytest.mark.parametrize("hug_type", HUG_TYPES)
def test_every_kind(ada: Device, bob: Device, hug_type: str) -> None:
    """Every kind in the catalogue can be sent."""
    assert hug(ada, bob, hug_type=hug_type).success


@on_sqlite
@pytest.mark.parametrize("animation", ANIMATIONS)
def test_every_animation(ada: Device, bob: Device, animation: str) -> None:
    """Every animation in the catalogue can be sent."""
    assert hug(ada, bob, customization=Customization(animation=animation)).success


def test_largest_hug(ada: Device, bob: Device) -> None:
    """A hug may be as large as every limit allows."""
    customization = Customization(color="#Aa00fF", intensity=1, animation="none")
    hug(ada, bob, message="💛" * 500, customization=customization)
    (event,) = bob.events()
    assert isinstance(event, HugReceived)
    assert (event.message, event.customization) == ("💛" * 500, customization)


# Guests


def test_guest_hugs_stranger(world: World, bob: Device) -> None:
    """A guest may not hug somebody who does not follow them."""
    guest = world.guest()
    refusal = guest.refusal(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.message, bob.events()) == (
        "permission_denied",
        "This person does not take hugs from you",
        [],
    )


def test_guest_hugs_follower(world: World, bob: Device) -> None:
    """A guest may hug somebody who follows them."""
    guest = world.guest("Zoe")
    bob.request(FollowUser(target_user_id=guest.user_id, action="follow"))
    assert (hug(guest, bob).success, len(bob.events())) == (True, 1)


def test_hug_a_guest(world: World, ada: Device) -> None:
    """Anybody may hug a guest."""
    guest = world.guest()
    assert (hug(ada, guest).success, len(guest.events())) == (True, 1)


# When it was sent


@pytest.mark.parametrize("at", ["2023-08-18T14:30:00.000Z", "2023-08-25T14:35:00.000Z"])
def test_queued_by_the_client(ada: Device, bob: Device, at: str) -> None:
    """A client's time from 7 days ago to 5 minutes ahead is when the hug was sent."""
    hug(ada, bob, at=at)
    (event,) = bob.events()
    assert isinstance(event, HugReceived)
    assert str(event.sent_at) == at


@pytest.mark.parametrize("at", ["2023-08-18T14:29:59.999Z", "2023-08-25T14:35:00.001Z"])
def test_incredible_time(ada: Device, bob: Device, at: str) -> None:
    """A client's time beyond that is refused, and the hug is not sent."""
    refusal = ada.refusal(SendHug(recipient_id=bob.user_id, hug_type="warm"), at=at)
    assert isinstance(refusal, Error)
    assert (refusal.details, bob.events()) == (
        ErrorDetails(field="timestamp", issue="out_of_range"),
        [],
    )


def test_time_decides_no_order(ada: Device, bob: Device) -> None:
    """What was sent earlier but came later has the later number."""
    hug(ada, bob, message="came first", at="2023-08-25T14:29:00.000Z")
    hug(ada, bob, message="came last", at="2023-08-25T14:28:00.000Z")
    messages = [m.data["message"] for m in bob.received if m.type == "hug_received"]
    assert messages == ["came first", "came last"]


# How often


@on_sqlite
def test_too_many_hugs(ada: Device, bob: Device) -> None:
    """After thirty hugs in a minute the next is refused, and has no effect."""
    for _ in range(30):
        hug(ada, bob)
    refusal = ada.refusal(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert (refusal, len(bob.events())) == (
        Error(
            code="rate_limit_exceeded",
            message="Too many requests",
            original_message_id=getattr(refusal, "original_message_id", ""),
            details=ErrorDetails(retry_after=2),
        ),
        30,
    )


@on_sqlite
def test_hugs_again(world: World, ada: Device, bob: Device) -> None:
    """After the time that was told the next hug is taken."""
    for _ in range(30):
        hug(ada, bob)
    world.clock.move(2)
    assert hug(ada, bob).success


@on_sqlite
def test_hugs_by_two_devices(ada: Device, bob: Device) -> None:
    """The limit is the person's, not the connection's."""
    tablet = ada.another()
    for device in [ada, tablet] * 15:
        hug(device, bob)
    refusal = tablet.refusal(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert isinstance(refusal, Error)
    assert refusal.code == "rate_limit_exceeded"


def test_others_hug_on(world: World, ada: Device, bob: Device) -> None:
    """One person's limit is not another's."""
    for _ in range(30):
        hug(ada, bob)
    assert hug(world.register("Eve"), bob).success


# The catalogue


def test_catalog(ada: Device) -> None:
    """The catalogue has the protocol's own words among its kinds and animations."""
    found = ada.request(FetchHugCatalog())
    assert found == HugCatalog(
        hug_catalog=HugKinds(hug_types=list(HUG_TYPES), animations=list(ANIMATIONS)),
        as_of_sequence=0,
    )
    assert {"supportive", "comforting"} < set(found.hug_catalog.hug_types)
    assert {"gentle_squeeze", "warm_embrace"} < set(found.hug_catalog.animations)
