"""What people do with each other, by GraphQL, and how those on sockets hear of it."""

from typing import Any, Final

import pytest

from hugmood.features.follows.messages import FetchBlocked, FollowUpdate
from hugmood.features.group_hugs.messages import GroupHugInvitation, GroupHugUpdate
from hugmood.features.hugs.catalog import ANIMATIONS, HUG_TYPES
from hugmood.features.hugs.messages import Customization, HugReceived, HugRequestReceived
from hugmood.features.status.messages import UserStatusChanged
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import accept, ask, follow, group_hug, hug, news
from tests.graphql.face import Face
from tests.graphql.mutations import do
from tests.world import World

EMPTY: Final = {"totalCount": 0, "items": []}


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def mutate(face: Face, device: Device, field: str, shape: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 (any JSON)
    """Have a mutation done; its payload."""
    reply = do(face, field, shape, device, **data)
    assert [] == reply.errors
    found: dict[str, Any] = reply.data[field]
    return found


def page(face: Face, device: Device, field: str, items: str, of: str = "") -> dict[str, Any]:
    """Ask for a page; `of` are arguments."""
    arguments = f"({of})" if of else ""
    reply = face.ask(f"{{ {field}{arguments} {{ totalCount items {{ {items} }} }} }}", device)
    assert [] == reply.errors
    found: dict[str, Any] = reply.data[field]
    return found


def items(face: Face, device: Device, field: str, of_each: str, of: str = "") -> list[Any]:
    """Ask for a page; what is on it."""
    found: list[Any] = page(face, device, field, of_each, of)["items"]
    return found


# Following and blocking


def test_follow(face: Face, ada: Device, bob: Device) -> None:
    """Who is followed hears of it, and both have it in their lists."""
    shape = "{ targetUserId action currentFollowerCount }"
    payload = mutate(face, ada, "followUser", shape, targetUserId=bob.user_id, action="FOLLOW")
    assert {
        "targetUserId": bob.user_id,
        "action": "FOLLOW",
        "currentFollowerCount": 1,
    } == payload
    (event,) = news(bob)
    assert isinstance(event, FollowUpdate)
    assert ada.user_id == event.user_id
    fields = "userId name isFriend"
    (followed,) = items(face, ada, "following", fields)
    (follower,) = items(face, bob, "followers", fields)
    assert {"userId": bob.user_id, "name": "Bob", "isFriend": False} == followed
    assert {"userId": ada.user_id, "name": "Ada", "isFriend": False} == follower


def test_unfollow(face: Face, ada: Device, bob: Device) -> None:
    """It ends what was begun on the socket."""
    follow(ada, bob)
    mutate(face, ada, "followUser", "{ action }", targetUserId=bob.user_id, action="UNFOLLOW")
    assert EMPTY == page(face, ada, "following", "userId")


def test_block(face: Face, ada: Device, bob: Device) -> None:
    """Who is blocked is listed, on both faces, until that ends."""
    shape = "{ targetUserId action }"
    data = {"targetUserId": bob.user_id, "action": "BLOCK"}
    assert data == mutate(face, ada, "blockUser", shape, **data)
    assert [bob.user_id] == [item.user_id for item in ada.request(FetchBlocked()).items]
    assert [{"userId": bob.user_id, "name": "Bob"}] == items(face, ada, "blocked", "userId name")
    mutate(face, ada, "blockUser", shape, **data | {"action": "UNBLOCK"})
    assert EMPTY == page(face, ada, "blocked", "userId")


@on_sqlite
@pytest.mark.parametrize("field", ["followUser", "blockUser"])
def test_nobody(face: Face, ada: Device, field: str) -> None:
    """Who is not there is not found, by the name that the argument has here."""
    action = field.removesuffix("User").upper()
    (error,) = do(face, field, "{ action }", ada, targetUserId="nobody", action=action).errors
    assert {"code": "not_found", "field": "input.targetUserId"} == error["extensions"]


# Status


def test_status(face: Face, world: World, ada: Device, bob: Device) -> None:
    """Followers are told soon, and find it in their list."""
    follow(bob, ada)
    world.clock.move(1)
    before = len(bob.pushes(UserStatusChanged))
    data = {"status": "DO_NOT_DISTURB", "customMessage": "Asleep"}
    assert data == mutate(face, ada, "updateStatus", "{ status customMessage }", **data)
    told = UserStatusChanged(user_id=ada.user_id, status="do_not_disturb", custom_message="Asleep")
    world.clock.move(1)
    assert [told] == bob.pushes(UserStatusChanged)[before:]
    fields = "userId status customMessage"
    assert [data | {"userId": ada.user_id}] == items(face, bob, "statuses", fields)


# Hugs


def test_send_hug(face: Face, ada: Device, bob: Device) -> None:
    """A hug arrives as one from the socket does, and both have it in their history."""
    shape = "{ hugId recipientOnline deliveryStatus }"
    look: dict[str, Any] = {"color": "#FF8800", "intensity": 0.5, "animation": ANIMATIONS[0]}
    data = {"recipientId": bob.user_id, "hugType": "warm", "message": "Hi", "customization": look}
    payload = mutate(face, ada, "sendHug", shape, **data)
    assert (True, "SENT") == (payload["recipientOnline"], payload["deliveryStatus"])
    (event,) = news(bob)
    assert isinstance(event, HugReceived)
    assert (payload["hugId"], "Hi") == (event.hug_id, event.message)
    assert Customization(**look) == event.customization
    fields = (
        "id direction userId userName hugType message customization { color intensity animation }"
    )
    (sent,) = items(face, ada, "hugs", fields)
    (received,) = items(face, bob, "hugs", fields)
    common = {"id": payload["hugId"], "hugType": "warm", "message": "Hi", "customization": look}
    assert common | {"direction": "SENT", "userId": bob.user_id, "userName": "Bob"} == sent
    assert common | {"direction": "RECEIVED", "userId": ada.user_id, "userName": "Ada"} == received


@on_sqlite
def test_plain_hug(face: Face, ada: Device, bob: Device) -> None:
    """What a hug does not have is null."""
    hug(ada, bob)
    (item,) = items(face, bob, "hugs", "message customization { color }")
    assert {"message": None, "customization": None} == item


@on_sqlite
def test_hug_once(face: Face, ada: Device, bob: Device) -> None:
    """A hug that is sent again with its id is one hug."""
    data = {"recipientId": bob.user_id, "hugType": "warm", "clientMutationId": "one"}
    payloads = [mutate(face, ada, "sendHug", "{ clientMutationId hugId }", **data) for _ in "ab"]
    assert payloads[0] == payloads[1]
    assert 1 == len(news(bob))


@on_sqlite
def test_no_such_hug(face: Face, ada: Device, bob: Device) -> None:
    """What is wrong within something is named by its whole path."""
    data = {"recipientId": bob.user_id, "hugType": "warm", "customization": {"intensity": 2}}
    (error,) = do(face, "sendHug", "{ hugId }", ada, **data).errors
    assert "input.customization.intensity" == error["extensions"]["field"]
    assert [] == news(bob)


@on_sqlite
def test_hug_catalogue(face: Face, ada: Device) -> None:
    """The words for hugs are those of the catalogue."""
    found = face.ask("{ catalogues { hugs { hugTypes animations } } }", ada).data
    assert {"hugTypes": list(HUG_TYPES), "animations": list(ANIMATIONS)} == found["catalogues"][
        "hugs"
    ]


def test_request_and_respond(face: Face, ada: Device, bob: Device) -> None:
    """Who is asked hears of it and answers; who asked gets the hug, and both see it listed."""
    data = {"targetType": "USER", "targetId": bob.user_id, "message": "Please", "expiresAfter": 60}
    asked = mutate(face, ada, "requestHug", "{ requestId expiresAt }", **data)
    (event,) = news(bob)
    assert isinstance(event, HugRequestReceived)
    assert (asked["requestId"], asked["expiresAt"]) == (event.request_id, str(event.expires_at))
    shape = "{ requestId hugId }"
    data = {"requestId": asked["requestId"], "accept": True, "hugType": "warm"}
    answered = mutate(face, bob, "respondToHugRequest", shape, **data)
    (given,) = news(ada)
    assert isinstance(given, HugReceived)
    assert (answered["hugId"], asked["requestId"]) == (given.hug_id, given.request_id)
    fields = "id direction status userId targetType targetId acceptedCount hugId"
    (sent,) = items(face, ada, "hugRequests", fields, "filter: { direction: SENT }")
    (received,) = items(face, bob, "hugRequests", fields, "filter: { status: ACCEPTED }")
    assert {
        "id": asked["requestId"],
        "direction": "SENT",
        "status": "ACCEPTED",
        "userId": bob.user_id,
        "targetType": "USER",
        "targetId": bob.user_id,
        "acceptedCount": 1,
        "hugId": None,
    } == sent
    assert {
        "id": asked["requestId"],
        "direction": "RECEIVED",
        "status": "ACCEPTED",
        "userId": ada.user_id,
        "targetType": None,
        "targetId": None,
        "acceptedCount": None,
        "hugId": answered["hugId"],
    } == received


@on_sqlite
def test_decline(face: Face, ada: Device, bob: Device) -> None:
    """To decline has no hug, and whoever asked is not told."""
    request = ask(ada, bob).request_id
    shape = "{ requestId hugId }"
    payload = mutate(face, bob, "respondToHugRequest", shape, requestId=request, accept=False)
    assert {"requestId": request, "hugId": None} == payload
    assert [] == news(ada)
    assert [{"status": "OPEN"}] == items(face, ada, "hugRequests", "status")


@on_sqlite
def test_filter_of_hugs(face: Face, world: World, ada: Device, bob: Device) -> None:
    """Both times of a filter are inclusive, and requests have words of their own."""
    hug(ada, bob)
    world.clock.move(60)
    now = "2023-08-25T14:30:30.000Z"
    assert [] == items(face, ada, "hugs", "id", f'filter: {{ startDate: "{now}" }}')
    assert 1 == len(items(face, ada, "hugs", "id", f'filter: {{ endDate: "{now}" }}'))
    accept(bob, ask(ada, bob).request_id)
    assert [] == items(face, ada, "hugRequests", "id", "filter: { status: OPEN }")


# Group hugs


def test_group_hug(face: Face, ada: Device, bob: Device) -> None:
    """Those who are invited hear of it, come, and go, until it is called off."""
    data = {"name": "Hug", "inviteeIds": [bob.user_id], "message": "Come"}
    made = mutate(face, ada, "createGroupHug", "{ groupHugId invitationsSent }", **data)
    assert 1 == made["invitationsSent"]
    of = {"groupHugId": made["groupHugId"]}
    (invitation,) = news(bob)
    assert isinstance(invitation, GroupHugInvitation)
    assert (made["groupHugId"], "Come") == (invitation.group_hug_id, invitation.message)
    shape = "{ groupHugId participants { userId name } }"
    joined = mutate(face, bob, "joinGroupHug", shape, **of)
    people = [{"userId": one.user_id, "name": name} for one, name in ((ada, "Ada"), (bob, "Bob"))]
    assert of | {"participants": people} == joined
    assert of == mutate(face, bob, "leaveGroupHug", "{ groupHugId }", **of)
    assert of == mutate(face, ada, "cancelGroupHug", "{ groupHugId }", **of)
    updates = [event.update_type for event in news(ada) if isinstance(event, GroupHugUpdate)]
    assert ["participant_joined", "participant_left", "cancelled"] == updates


def test_group_hugs(face: Face, ada: Device, bob: Device) -> None:
    """They are listed by state; of a single one it is told who takes part."""
    group = group_hug(ada, bob, name="Now")
    later = group_hug(ada, bob, name="Later", scheduled_for="2023-08-26T14:30:00.000Z")
    fields = "id name creatorId state scheduledFor joined participantCount participants { userId }"
    first, second = items(face, bob, "groupHugs", fields)
    common = {"creatorId": ada.user_id, "joined": False, "participants": None}
    assert (
        common
        | {
            "id": later,
            "name": "Later",
            "state": "SCHEDULED",
            "scheduledFor": "2023-08-26T14:30:00.000Z",
            "participantCount": first["participantCount"],
        }
        == first
    )
    assert (
        common
        | {
            "id": group,
            "name": "Now",
            "state": "ACTIVE",
            "scheduledFor": None,
            "participantCount": 1,
        }
        == second
    )
    (only,) = items(face, bob, "groupHugs", fields, "filter: { state: SCHEDULED }")
    assert first == only
    (single,) = items(face, bob, "groupHugs", fields, f'filter: {{ groupHugId: "{group}" }}')
    assert [{"userId": ada.user_id}] == single["participants"]


@on_sqlite
def test_not_invited(face: Face, world: World, ada: Device, bob: Device) -> None:
    """Who is not invited stays out, as on the socket."""
    group = group_hug(ada)
    for field in ("joinGroupHug", "leaveGroupHug", "cancelGroupHug"):
        reply = do(face, field, "{ groupHugId }", bob, groupHugId=group)
        assert ["permission_denied"] == reply.codes
