"""Group hugs (protocol: Group Hug Messages; decisions: Group hugs)."""

from typing import Any

import pytest

from hugmood.ambient import Instant
from hugmood.features.follows import store as follows
from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    GroupHugInvitation,
    GroupHugJoined,
    GroupHugUpdate,
    JoinGroupHug,
    LeaveGroupHug,
    Participant,
)
from hugmood.features.group_hugs.store import participants
from hugmood.store.database import Transaction
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device, Message, Refusal
from tests.features.people import group_hug
from tests.world import World

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Who creates group hugs."""
    return world.register("Ada", remember_me=True)


@pytest.fixture
def bob(world: World) -> Device:
    """Whom she invites."""
    return world.register("Bob", remember_me=True)


@pytest.fixture
def eve(world: World) -> Device:
    """Somebody else."""
    return world.register("Eve", remember_me=True)


def join(device: Device, group_id: str) -> GroupHugJoined:
    """Take part."""
    return device.request(JoinGroupHug(group_hug_id=group_id))


def updates(device: Device) -> list[tuple[str, str | None, int]]:
    """What a device was told since it was last asked: update, whose, how many."""
    return [
        (
            event.update_type,
            event.participant.name if event.participant else None,
            event.participant_count,
        )
        for event in device.events()
        if isinstance(event, GroupHugUpdate)
    ]


def invitations(device: Device) -> list[GroupHugInvitation]:
    """The invitations that a device ever got."""
    return device.pushes(GroupHugInvitation)


def names(reply: GroupHugJoined) -> list[str]:
    """Who takes part."""
    return [someone.name for someone in reply.participants]


def why(refusal: Refusal) -> tuple[str, str | None, str | None]:
    """Code, field and issue of an error."""
    assert isinstance(refusal, Error)
    details = refusal.details or ErrorDetails()
    return refusal.code, details.field or None, details.issue or None


def key_of(tx: Transaction, device: Device) -> int:
    """Somebody's key in the database."""
    return int(tx.rows("SELECT key FROM account WHERE id = :id", {"id": device.user_id})[0][0])


def block(world: World, blocker: Device, blocked: Device) -> None:
    """Have the one block the other, as far as this feature and the streams know of it."""
    with world.database.transaction(write=True) as tx:
        one, other = key_of(tx, blocker), key_of(tx, blocked)
        tx.execute(
            "INSERT INTO block (blocker_key, blocked_key, created_at) VALUES (:one, :other, 0)",
            {"one": one, "other": other},
        )
        assert follows.blocked(tx, one, other)
        world.engine.hosts["write"].streams.hide(tx, one, other)


# The protocol's examples


def test_examples(world: World) -> None:
    """Creating, being invited, joining and being told of it are as in the protocol."""
    jane, john = world.register("Jane Smith"), world.register("John Doe")
    alice, bob = world.register("Alice Johnson"), world.register("Bob Williams")
    world.clock.move_to("2023-08-25T17:00:05.000Z")
    words = {
        "name": "Project Celebration",
        "description": "We completed the project!",
        "scheduledFor": "2023-08-26T15:00:00.000Z",
        "expiresAt": "2023-08-26T16:00:00.000Z",
        "message": "Let's celebrate our success together!",
    }
    (created,) = jane.raw(
        {
            "type": "create_group_hug",
            "id": "msg-78901",
            "data": {**words, "inviteeIds": [john.user_id, alice.user_id, bob.user_id]},
            "timestamp": "2023-08-25T17:00:00.000Z",
        }
    )
    group_id = created.data["groupHugId"]
    assert group_id.startswith("group-")
    assert created == Message(
        type="create_group_hug_response",
        id="msg-78901-resp",
        data={"success": True, "groupHugId": group_id, "invitationsSent": 3},
        timestamp="2023-08-25T17:00:05.000Z",
        number=0,
        previous=None,
    )
    invited = john.received[-1]
    assert invited.id.startswith("notif-")
    assert invited == Message(
        type="group_hug_invitation",
        id=invited.id,
        data={
            **words,
            "groupHugId": group_id,
            "creatorId": jane.user_id,
            "creatorName": "Jane Smith",
        },
        timestamp="2023-08-25T17:00:05.000Z",
        number=1,
        previous=None,
    )
    world.clock.move_to("2023-08-25T17:30:05.000Z")
    join(john, group_id)
    joined = alice.raw(
        {
            "type": "join_group_hug",
            "id": "msg-89012",
            "data": {"groupHugId": group_id},
            "timestamp": "2023-08-25T17:30:00.000Z",
        }
    )
    people = [
        {"userId": jane.user_id, "name": "Jane Smith"},
        {"userId": john.user_id, "name": "John Doe"},
        {"userId": alice.user_id, "name": "Alice Johnson"},
    ]
    assert joined[0] == Message(
        type="join_group_hug_response",
        id="msg-89012-resp",
        data={"success": True, "groupHugId": group_id, "participants": people},
        timestamp="2023-08-25T17:30:05.000Z",
        number=1,
        previous=None,
    )
    world.clock.move_to("2023-08-25T17:45:00.000Z")
    join(bob, group_id)
    told = jane.received[-1]
    assert told.id.startswith("bcast-")
    assert told == Message(
        type="group_hug_update",
        id=told.id,
        data={
            "groupHugId": group_id,
            "updateType": "participant_joined",
            "participant": {"userId": bob.user_id, "name": "Bob Williams"},
            "participantCount": 4,
        },
        timestamp="2023-08-25T17:45:00.000Z",
        number=3,
        previous=None,
    )


# Creating


def test_plain(world: World, ada: Device, bob: Device) -> None:
    """What is not said is left out; it is on at once, for 24 hours."""
    group_id = group_hug(ada, bob)
    assert bob.events() == [
        GroupHugInvitation(
            group_hug_id=group_id,
            name="Hug",
            creator_id=ada.user_id,
            creator_name="Ada",
            expires_at=world.clock.after(DAY),
        )
    ]


def test_creator_hears_nothing(ada: Device, bob: Device) -> None:
    """The creator gets the reply and no event, also where it is active at once."""
    group_hug(ada, bob)
    assert ada.events() == []


def test_lasts_a_day(world: World, ada: Device) -> None:
    """Where no end is set it ends 24 hours after its start."""
    group_hug(ada, scheduled_for=world.clock.after(HOUR))
    world.clock.move(HOUR)
    assert updates(ada) == [("started", None, 1)]
    world.clock.move(DAY - 1)
    before = updates(ada)
    world.clock.move(1)
    assert (before, updates(ada)) == ([], [("ended", None, 1)])


@pytest.mark.parametrize("ago", [0, 1, DAY])
def test_past_schedule(world: World, ada: Device, bob: Device, ago: float) -> None:
    """What was scheduled for the past, or for now, is on at once, and never told to start."""
    group_id = group_hug(ada, bob, scheduled_for=world.clock.after(-ago))
    (invitation,) = invitations(bob)
    assert (invitation.scheduled_for or None, invitation.expires_at) == (
        None,
        world.clock.after(DAY),
    )
    join(bob, group_id)
    world.clock.move(DAY)
    assert updates(bob) == [("participant_joined", "Bob", 2), ("ended", None, 2)]


def test_who_is_invited(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Unknown people, oneself and repetitions are neither invited nor counted."""
    ids = [bob.user_id, "user-1", ada.user_id, eve.user_id, bob.user_id]
    reply = ada.request(CreateGroupHug(name="Hug", invitee_ids=ids))
    invited = [len(invitations(one)) for one in (ada, bob, eve)]
    assert (reply.invitations_sent, invited) == (2, [0, 1, 1])


def test_blocks_are_not_invited(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Those who block the creator are not invited, nor those whom the creator blocks."""
    block(world, bob, ada)
    block(world, ada, eve)
    ids = [bob.user_id, eve.user_id]
    reply = ada.request(CreateGroupHug(name="Hug", invitee_ids=ids))
    refusals = [
        why(one.refusal(JoinGroupHug(group_hug_id=reply.group_hug_id))) for one in (bob, eve)
    ]
    assert (reply.invitations_sent, invitations(bob), invitations(eve)) == (0, [], [])
    assert refusals == [("permission_denied", None, None)] * 2


def test_nobody_invited(ada: Device) -> None:
    """A group hug may begin with its creator alone."""
    group_id = group_hug(ada)
    assert names(join(ada, group_id)) == ["Ada"]


@on_sqlite
def test_largest(world: World, ada: Device) -> None:
    """A hundred invitees can all take part, and take no more statements than one."""
    guests = [world.guest(f"Guest {number}") for number in range(100)]
    with world.statements() as few:
        group_hug(ada, guests[0])
    with world.statements() as many:
        group_id = group_hug(ada, *guests, name="x" * 100, description="x" * 500, message="x" * 500)
    joined = [len(join(guest, group_id).participants) for guest in guests]
    assert joined == list(range(2, 102))
    assert (len(many), len(few) > 0) == (len(few), True)


def test_effort(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Joining takes no more statements where many take part."""
    group_id = group_hug(ada, bob, eve)
    with world.statements() as few:
        join(bob, group_id)
    with world.statements() as many:
        join(eve, group_id)
    assert (len(many), len(few) > 0) == (len(few), True)


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field", "issue"),
    [
        ({"name": ""}, "data.name", "invalid_format"),
        ({"name": "x" * 101}, "data.name", "too_long"),
        ({"name": None}, "data.name", "invalid_type"),
        ({"description": "x" * 501}, "data.description", "too_long"),
        ({"message": "x" * 501}, "data.message", "too_long"),
        ({"inviteeIds": "user-1"}, "data.inviteeIds", "invalid_type"),
        ({"inviteeIds": ["user-1"] * 101}, "data.inviteeIds", "too_long"),
        ({"inviteeIds": ["user-1", ""]}, "data.inviteeIds[1]", "invalid_format"),
        ({"inviteeIds": ["user-1", 1]}, "data.inviteeIds[1]", "invalid_type"),
        ({"scheduledFor": "soon"}, "data.scheduledFor", "invalid_format"),
        ({"expiresAt": "2023-08-25T14:30:00Z"}, "data.expiresAt", "out_of_range"),
        ({"expiresAt": "2023-09-24T14:30:00.001Z"}, "data.expiresAt", "out_of_range"),
        (
            {"scheduledFor": "2023-08-26T15:00:00Z", "expiresAt": "2023-08-26T15:00:00Z"},
            "data.expiresAt",
            "out_of_range",
        ),
        (
            {"scheduledFor": "2023-08-24T15:00:00Z", "expiresAt": "2023-08-24T16:00:00Z"},
            "data.expiresAt",
            "out_of_range",
        ),
        ({"scheduledFor": "2023-09-24T14:30:00Z"}, "data.scheduledFor", "out_of_range"),
        ({"scheduledFor": "2023-09-23T14:30:00.001Z"}, "data.scheduledFor", "out_of_range"),
        ({"scheduledFor": "9999-12-31T23:59:59Z"}, "data.scheduledFor", "out_of_range"),
    ],
)
def test_bad_group_hug(
    ada: Device, bob: Device, changes: dict[str, object], field: str, issue: str
) -> None:
    """What is wrong is said, field by field, and nobody is invited."""
    data = {"name": "Hug", "inviteeIds": [bob.user_id], **changes}
    (error,) = ada.raw({"type": "create_group_hug", "id": "msg-1", "data": data})
    assert (error.data["details"], bob.events()) == ({"field": field, "issue": issue}, [])


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("create_group_hug", "name"),
        ("create_group_hug", "inviteeIds"),
        ("join_group_hug", "groupHugId"),
        ("leave_group_hug", "groupHugId"),
        ("cancel_group_hug", "groupHugId"),
    ],
)
def test_missing_field(ada: Device, kind: str, missing: str) -> None:
    """What is needed has to be there."""
    data: dict[str, Any] = {"name": "Hug", "inviteeIds": []}
    del data[missing if missing in data else "name"]
    (error,) = ada.raw({"type": kind, "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": f"data.{missing}", "issue": "required_field_missing"}


@on_sqlite
@pytest.mark.parametrize(
    ("scheduled_for", "expires_at"),
    [
        ("2023-08-25T14:30:00.001Z", "2023-08-25T14:30:00.002Z"),
        ("2023-09-24T14:29:59.999Z", "2023-09-24T14:30:00Z"),
    ],
)
def test_bounds_of_time(ada: Device, scheduled_for: str, expires_at: str) -> None:
    """It may be as short and as far ahead as the bounds allow."""
    at = {
        "scheduled_for": Instant.parse(scheduled_for),
        "expires_at": Instant.parse(expires_at),
    }
    assert group_hug(ada, **at)


def test_longest_by_default(world: World, ada: Device) -> None:
    """Without an end the start may be up to 29 days ahead."""
    assert group_hug(ada, scheduled_for=world.clock.after(29 * DAY))


def test_guests(world: World, ada: Device) -> None:
    """Guests may not create a group hug, but take part in one."""
    guest = world.guest("Zoe")
    refusal = guest.refusal(CreateGroupHug(name="Hug", invitee_ids=[ada.user_id]))
    group_id = group_hug(ada, guest)
    assert why(refusal) == ("permission_denied", None, None)
    assert (invitations(ada), names(join(guest, group_id))) == ([], ["Ada", "Zoe"])


def test_created_twice(ada: Device, bob: Device) -> None:
    """The same command sent twice creates one group hug."""
    command = CreateGroupHug(name="Hug", invitee_ids=[bob.user_id])
    replies = [one.request(command, id="msg-1") for one in (ada, ada.another())]
    assert (replies[0], len(bob.events())) == (replies[1], 1)


@on_sqlite
def test_too_many(ada: Device, bob: Device) -> None:
    """After thirty in a minute the next is refused."""
    for _ in range(30):
        group_hug(ada, bob)
    refusal = ada.refusal(CreateGroupHug(name="Hug", invitee_ids=[bob.user_id]))
    assert (why(refusal)[0], len(bob.events())) == ("rate_limit_exceeded", 30)


def test_created_late(world: World, ada: Device, bob: Device) -> None:
    """A command that waited in the client's queue is on from now on, not from then."""
    group_id = ada.request(
        CreateGroupHug(
            name="Hug",
            invitee_ids=[bob.user_id],
            scheduled_for=world.clock.after(-DAY),
        ),
        at=str(world.clock.after(-2 * DAY)),
    ).group_hug_id
    (invitation,) = invitations(bob)
    assert invitation.expires_at == world.clock.after(DAY)
    assert names(join(bob, group_id)) == ["Ada", "Bob"]


@pytest.mark.parametrize("at", ["2023-08-18T14:29:59.999Z", "2023-08-25T14:35:00.001Z"])
def test_incredible_time(ada: Device, bob: Device, at: str) -> None:
    """A client's time beyond 7 days ago or 5 minutes ahead is refused."""
    command = CreateGroupHug(name="Hug", invitee_ids=[bob.user_id])
    refusal = ada.refusal(command, at=at)
    assert (why(refusal), bob.events()) == (
        ("invalid_request", "timestamp", "out_of_range"),
        [],
    )


# Joining and leaving


def test_join(ada: Device, bob: Device, eve: Device) -> None:
    """All who take part are told, the newcomer too, and those only invited are not."""
    group_id = group_hug(ada, bob, eve)
    assert names(join(bob, group_id)) == ["Ada", "Bob"]
    assert [updates(one) for one in (ada, bob, eve)] == [
        [("participant_joined", "Bob", 2)],
        [("participant_joined", "Bob", 2)],
        [],
    ]


def test_all_devices(ada: Device, bob: Device) -> None:
    """Every device of those who take part is told."""
    tablet = bob.another()
    join(bob, group_hug(ada, bob))
    assert updates(tablet) == [("participant_joined", "Bob", 2)]


def test_join_twice(ada: Device, bob: Device) -> None:
    """Joining twice changes nothing, and is told to nobody."""
    group_id = group_hug(ada, bob)
    replies = [join(bob, group_id) for _ in range(2)]
    assert (replies[0], len(updates(ada)), len(updates(bob))) == (replies[1], 1, 1)


def test_creator_joins(ada: Device, bob: Device) -> None:
    """The creator takes part from the start: joining changes nothing."""
    group_id = group_hug(ada, bob)
    assert (names(join(ada, group_id)), updates(ada)) == (["Ada"], [])


def test_join_before_start(world: World, ada: Device, bob: Device) -> None:
    """Invitees may join before it starts, and are told when it does."""
    group_id = group_hug(ada, bob, scheduled_for=world.clock.after(HOUR))
    join(bob, group_id)
    world.clock.move(HOUR)
    assert updates(bob) == [("participant_joined", "Bob", 2), ("started", None, 2)]


@pytest.mark.parametrize("command", [JoinGroupHug, LeaveGroupHug, CancelGroupHug])
def test_not_invited(ada: Device, bob: Device, eve: Device, command: Any) -> None:  # noqa: ANN401
    """Who is not invited can do nothing to it, and nobody is told."""
    group_id = group_hug(ada, bob)
    refusal = eve.refusal(command(group_hug_id=group_id))
    assert (why(refusal), updates(ada)) == (("permission_denied", None, None), [])


@pytest.mark.parametrize("command", [JoinGroupHug, LeaveGroupHug, CancelGroupHug])
def test_unknown(ada: Device, command: Any) -> None:  # noqa: ANN401
    """What there is not is not found."""
    refusal = ada.refusal(command(group_hug_id="group-1"))
    assert why(refusal) == ("not_found", "data.groupHugId", None)


def test_leave(ada: Device, bob: Device, eve: Device) -> None:
    """Those who stay are told, and the devices of who left."""
    group_id = group_hug(ada, bob, eve)
    join(bob, group_id)
    tablet = bob.another()
    bob.events()
    ada.events()
    reply = bob.request(LeaveGroupHug(group_hug_id=group_id))
    assert reply.group_hug_id == group_id
    left = [("participant_left", "Bob", 1)]
    assert [updates(one) for one in (ada, bob, tablet, eve)] == [left, left, left, []]


def test_leave_twice(ada: Device, bob: Device, eve: Device) -> None:
    """Leaving what one takes no part in changes nothing, and is told to nobody."""
    group_id = group_hug(ada, bob, eve)
    join(bob, group_id)
    for device in (bob, bob, eve):
        device.request(LeaveGroupHug(group_hug_id=group_id))
    assert [update for update, _, _ in updates(ada)] == ["participant_joined", "participant_left"]


def test_come_back(ada: Device, bob: Device) -> None:
    """Who left may come back, and stands last among those who take part."""
    group_id = group_hug(ada, bob)
    join(bob, group_id)
    ada.request(LeaveGroupHug(group_hug_id=group_id))
    bob.world.clock.move(1)
    assert names(join(ada, group_id)) == ["Bob", "Ada"]


def test_creator_leaves(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """It goes on without its creator, who hears no more of it and may still cancel it."""
    group_id = group_hug(ada, bob, eve)
    join(bob, group_id)
    ada.request(LeaveGroupHug(group_hug_id=group_id))
    ada.events()
    assert names(join(eve, group_id)) == ["Bob", "Eve"]
    ada.request(CancelGroupHug(group_hug_id=group_id))
    assert (updates(ada), updates(eve)[-1]) == ([], ("cancelled", None, 2))


def test_everybody_leaves(world: World, ada: Device, bob: Device) -> None:
    """One that nobody takes part in any more is still there to join."""
    group_id = group_hug(ada, bob)
    ada.request(LeaveGroupHug(group_hug_id=group_id))
    world.clock.move(DAY - 1)
    assert names(join(bob, group_id)) == ["Bob"]


def test_blocked_after_invitation(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Who has been blocked since is told the same as who was not invited."""
    group_id = group_hug(ada, bob, eve)
    block(world, ada, bob)
    refusals = [bob.refusal(JoinGroupHug(group_hug_id=group_id))]
    refusals.append(world.register("Zoe").refusal(JoinGroupHug(group_hug_id=group_id)))
    texts = {refusal.message for refusal in refusals}
    assert (texts, updates(ada)) == ({"You are not invited to this group hug"}, [])


def test_blocks_among_participants(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Those who block each other are not shown to each other, but counted."""
    group_id = group_hug(ada, bob, eve)
    join(bob, group_id)
    block(world, bob, eve)
    assert names(join(eve, group_id)) == ["Ada", "Eve"]
    assert (updates(ada)[-1], updates(bob)) == (
        ("participant_joined", "Eve", 3),
        [("participant_joined", "Bob", 2)],
    )
    ada.request(CancelGroupHug(group_hug_id=group_id))
    assert updates(bob) == [("cancelled", None, 3)]


# In time


def test_whole_life(world: World, ada: Device, bob: Device) -> None:
    """It starts and ends on time, each told once."""
    group_id = group_hug(
        ada, bob, scheduled_for=world.clock.after(HOUR), expires_at=world.clock.after(2 * HOUR)
    )
    join(bob, group_id)
    ada.events()
    told = []
    for seconds in (HOUR - 1, 1, HOUR - 1, 1, DAY):
        world.clock.move(seconds)
        told.append(updates(ada))
    assert told == [[], [("started", None, 2)], [], [("ended", None, 2)], []]


def test_all_overdue(world: World, ada: Device) -> None:
    """Where the server was away over start and end, both are told, in order."""
    group_hug(
        ada, scheduled_for=world.clock.after(HOUR), expires_at=world.clock.after(HOUR + 0.001)
    )
    world.turn(world.engine.die)
    world.clock.move(DAY)
    assert updates(ada) == [("started", None, 1), ("ended", None, 1)]


@pytest.mark.parametrize("command", [JoinGroupHug, LeaveGroupHug, CancelGroupHug])
@pytest.mark.parametrize("end", ["ended", "cancelled", "not yet told"])
def test_over(world: World, ada: Device, bob: Device, command: Any, end: str) -> None:  # noqa: ANN401
    """After the end, told or not, nothing can be done any more."""
    group_id = group_hug(ada, bob, expires_at=world.clock.after(HOUR))
    join(bob, group_id)
    if end == "cancelled":
        ada.request(CancelGroupHug(group_hug_id=group_id))
    elif end == "ended":
        world.clock.move(HOUR)
    else:
        world.clock.move(HOUR - 0.5)
        world.clock.move(0.5)
    told = updates(ada)
    assert (told[-1][0] in {"ended", "cancelled"}) == (end != "not yet told")
    refusal = ada.refusal(command(group_hug_id=group_id))
    assert (why(refusal), updates(ada)) == (("invalid_request", "data.groupHugId", "expired"), [])
    world.clock.move(HOUR)
    assert [update for update, _, _ in updates(ada)] == (["ended"] if end == "not yet told" else [])


def test_join_before_start_is_told(world: World, ada: Device, bob: Device) -> None:
    """Who joins after the start, but before it was told, is told of it, once."""
    group_id = group_hug(ada, bob, scheduled_for=world.clock.after(HOUR))
    world.clock.move(HOUR - 0.5)
    world.clock.move(0.5)
    before = updates(ada)
    join(bob, group_id)
    world.clock.move(1)
    world.clock.move(HOUR)
    assert before == []
    assert updates(bob) == [("participant_joined", "Bob", 2), ("started", None, 2)]


def test_cancel(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """All who take part are told, and nothing follows."""
    group_id = group_hug(ada, bob, eve, scheduled_for=world.clock.after(HOUR))
    join(bob, group_id)
    ada.events()
    reply = ada.request(CancelGroupHug(group_hug_id=group_id))
    world.clock.move(2 * DAY)
    assert (reply.group_hug_id, updates(ada), updates(bob)[1:], updates(eve)) == (
        group_id,
        [("cancelled", None, 2)],
        [("cancelled", None, 2)],
        [],
    )


def test_invitee_cancels(ada: Device, bob: Device) -> None:
    """Only the creator may cancel."""
    group_id = group_hug(ada, bob)
    join(bob, group_id)
    refusal = bob.refusal(CancelGroupHug(group_hug_id=group_id))
    assert why(refusal) == ("permission_denied", None, None)
    assert [update for update, _, _ in updates(ada)] == ["participant_joined"]


def test_offline(world: World, ada: Device, bob: Device) -> None:
    """Who is away gets invitation, start and end when they are back."""
    bob.drop()
    group_id = group_hug(ada, bob, scheduled_for=world.clock.after(HOUR))
    tablet = bob.another(last=0)
    assert [type(event) for event in tablet.events()] == [GroupHugInvitation]
    join(tablet, group_id)
    last = tablet.position
    tablet.drop()
    world.clock.move(2 * DAY)
    assert updates(bob.another(last=last)) == [("started", None, 2), ("ended", None, 2)]


# What other features ask


def test_participants(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """Who takes part is known of every group hug there is, also after its end."""
    group_id = group_hug(ada, bob, eve)
    join(bob, group_id)
    world.clock.move(2 * DAY)
    with world.database.transaction(write=False) as tx:
        wanted = [key_of(tx, ada), key_of(tx, bob)]
        assert (participants(tx, group_id), participants(tx, "group-1")) == (wanted, None)


def test_participant_is_one_of_the_invited(ada: Device, bob: Device) -> None:
    """The event names who joined as the reply does."""
    reply = join(bob, group_hug(ada, bob))
    (event,) = ada.events()
    assert isinstance(event, GroupHugUpdate)
    assert event.participant == Participant(user_id=bob.user_id, name="Bob")
    assert event.participant == reply.participants[1]
