"""Notifications (protocol: Notifications; decisions: Follows, notifications, fetch)."""

from typing import Any

import pytest

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.features.follows.messages import BlockUser
from hugmood.features.group_hugs.messages import CancelGroupHug
from hugmood.features.notifications.messages import (
    FetchNotifications,
    MarkNotificationRead,
    Notification,
    NotificationItem,
    NotificationPage,
    NotificationRead,
)
from hugmood.features.notifications.service import notify
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import group_hug
from tests.features.within import key_of, within
from tests.world import World


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


def tell(*people: Device, title: str = "Soon", **more: Any) -> str:  # noqa: ANN401 (passed on)
    """Notify these people of something; the notification's id."""
    keys = [key_of(device) for device in people]

    def work(ctx: Ctx) -> None:
        notify(ctx, to=keys, **({"kind": "hint", "title": title, "body": "Look."} | more))

    within(people[0], work)
    (*_, told) = people[0].pushes(Notification)
    return told.notification_id


def read(device: Device, notification_id: str) -> int:
    """Mark a notification as read; how many are not."""
    reply = device.request(MarkNotificationRead(notification_id=notification_id))
    assert reply.notification_id == notification_id
    return reply.unread_count


def listed(device: Device, **query: Any) -> list[tuple[str, bool]]:  # noqa: ANN401 (passed on)
    """The ids in the list, and what is read."""
    return [(item.id, item.read) for item in device.request(FetchNotifications(**query)).items]


# The protocol's examples


def test_example(world: World, ada: Device) -> None:
    """A notification reaches its person as in the protocol."""
    world.clock.move_to("2023-08-25T19:00:00.000Z")
    data = {
        "badgeId": "badge-12345",
        "badgeName": "Consistent Tracker",
        "badgeImage": "https://assets.hugmood.com/badges/consistent_tracker.png",
    }
    body = "You've earned the 'Consistent Tracker' badge for tracking your mood daily for 7 days."
    tell(ada, kind="badge_earned", title="New Badge Earned!", body=body, data=data)
    heard = ada.received[-1]
    assert (heard.type, heard.id[:6], heard.number) == ("notification", "notif-", 1)
    assert heard.data.pop("notificationId").startswith("n-")
    assert heard.data == {
        "notificationType": "badge_earned",
        "title": "New Badge Earned!",
        "body": body,
        "createdAt": "2023-08-25T19:00:00.000Z",
        "data": data,
    }


def test_mark_example(ada: Device) -> None:
    """Marking one as read is answered as in the protocol."""
    for _ in range(3):
        tell(ada)
    wanted = {"notificationId": tell(ada)}
    (reply,) = ada.raw({"type": "mark_notification_read", "id": "msg-12351", "data": wanted})
    assert (reply.type, reply.id) == ("mark_notification_read_response", "msg-12351-resp")
    assert reply.data == {"success": True, "unreadCount": 3} | wanted


# Being told


def test_without_data(world: World, ada: Device) -> None:
    """What needs no more than words has no data."""
    notification_id = tell(ada)
    expected = Notification(
        notification_id=notification_id,
        notification_type="hint",
        title="Soon",
        body="Look.",
        created_at=world.clock.after(0),
    )
    assert ada.events() == [expected]


def test_many_people(ada: Device, bob: Device) -> None:
    """Of several people each is told once, and reads for themselves."""
    notification_id = tell(ada, bob, ada)
    assert ada.events() == bob.events()
    assert read(ada, notification_id) == 0
    assert (listed(ada), listed(bob)) == ([(notification_id, True)], [(notification_id, False)])


def test_nobody(ada: Device) -> None:
    """To notify nobody is to do nothing."""
    within(ada, lambda ctx: notify(ctx, to=[], kind="hint", title="Soon", body="Look."))
    assert (ada.events(), listed(ada)) == ([], [])


def test_effort_of_telling(world: World, ada: Device, bob: Device) -> None:
    """To notify more people takes no more statements."""
    tell(ada)
    counts = []
    for people in ([ada], [ada, bob, world.guest()]):
        keys = [key_of(device) for device in people]
        with world.statements() as made:
            within(ada, lambda ctx, to=keys: notify(ctx, to=to, kind="k", title="t", body="b"))  # type: ignore[misc]
        counts.append(len(made))
    assert counts[0] == counts[1] > 0


def test_guest(world: World) -> None:
    """Guests are notified too."""
    guest = world.guest()
    notification_id = tell(guest)
    assert (read(guest, notification_id), listed(guest)) == (0, [(notification_id, True)])


def test_while_away(ada: Device) -> None:
    """What one was notified of while away comes with what was missed."""
    tablet = ada.another()
    last = ada.position
    ada.drop()
    notification_id = tell(tablet)
    back = tablet.another(last=last)
    (missed,) = back.events()
    assert isinstance(missed, Notification)
    assert missed.notification_id == notification_id


# What there are notifications of


def test_group_hug_soon(world: World, ada: Device, bob: Device) -> None:
    """Ten minutes before a group hug its people are reminded, but who blocks its creator."""
    eve = world.register("Eve")
    start = Instant(world.clock.now() + 3_600_000)
    group_id = group_hug(ada, bob, eve, name="Celebration", scheduled_for=start)
    eve.request(BlockUser(target_user_id=ada.user_id, action="block"))
    world.clock.move(50 * 60)
    expected = {
        "notificationType": "group_hug_soon",
        "title": "Group Hug Soon",
        "body": "'Celebration' begins in 10 minutes.",
        "createdAt": str(world.clock.after(0)),
        "data": {"groupHugId": group_id, "scheduledFor": str(start)},
    }
    for device in (ada, bob):
        (told,) = [m.data for m in device.received if m.type == "notification"]
        assert {name: told[name] for name in expected} == expected
    assert listed(eve) == []
    world.clock.move(30 * 60)
    assert len(listed(bob)) == 1


def test_group_hug_called_off(world: World, ada: Device, bob: Device) -> None:
    """Nobody is reminded of what was cancelled, or of what begins at once."""
    start = Instant(world.clock.now() + 3_600_000)
    group_id = group_hug(ada, bob, scheduled_for=start)
    ada.request(CancelGroupHug(group_hug_id=group_id))
    group_hug(ada, bob)
    world.clock.move(2 * 3600)
    assert (listed(ada), listed(bob)) == ([], [])


# Marking


def test_mark_twice(ada: Device) -> None:
    """To mark again what is read changes nothing, and tells nobody."""
    tablet = ada.another()
    first, second = tell(ada), tell(ada)
    assert [read(ada, first), read(ada, first)] == [1, 1]
    ada.world.clock.move(1)
    assert tablet.pushes(NotificationRead) == [
        NotificationRead(notification_id=first, unread_count=1)
    ]
    assert listed(ada) == [(second, False), (first, True)]


def test_mark_all(ada: Device) -> None:
    """`all` marks every one, also when there is none."""
    tell(ada), tell(ada)
    assert [read(ada, "all"), read(ada, "all")] == [0, 0]
    assert [seen for _, seen in listed(ada)] == [True, True]


def test_mark_all_of_oneself(ada: Device, bob: Device) -> None:
    """`all` are one's own."""
    tell(ada, bob)
    read(ada, "all")
    assert [seen for _, seen in listed(bob)] == [False]


def test_unread_after_all(ada: Device) -> None:
    """What comes after `all` is not read."""
    first = tell(ada)
    read(ada, "all")
    second = tell(ada)
    assert listed(ada) == [(second, False), (first, True)]


def test_same_command_again(ada: Device) -> None:
    """A repeated command gets the reply it had, though more has come since."""
    tell(ada)
    command = {"notificationId": "all"}
    message = {"type": "mark_notification_read", "id": "msg-1", "data": command}
    replies = ada.raw(message)
    second = tell(ada)
    replies += ada.raw(message)
    assert [reply.data["unreadCount"] for reply in replies] == [0, 0]
    assert listed(ada)[0] == (second, False)


def test_mark_anothers(ada: Device, bob: Device) -> None:
    """Another's notification and one that never was are the same: not found."""
    theirs = tell(bob)
    for wanted in (theirs, "n-12345", "ALL"):
        refusal = ada.refusal(MarkNotificationRead(notification_id=wanted))
        assert isinstance(refusal, Error)
        assert (refusal.code, refusal.details) == (
            "not_found",
            ErrorDetails(field="data.notificationId"),
        )
    assert listed(bob) == [(theirs, False)]


@on_sqlite
@pytest.mark.parametrize(
    ("data", "issue"),
    [
        ({}, "required_field_missing"),
        ({"notificationId": 5}, "invalid_type"),
        ({"notificationId": ""}, "invalid_format"),
        ({"notificationId": "x" * 129}, "too_long"),
    ],
)
def test_bad_mark(ada: Device, data: dict[str, object], issue: str) -> None:
    """What is wrong with a command is said."""
    (error,) = ada.raw({"type": "mark_notification_read", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": "data.notificationId", "issue": issue}


# Other devices


def heard(device: Device) -> list[tuple[str, int]]:
    """What a device was told that others have read."""
    device.world.clock.move(1)
    return [(told.notification_id, told.unread_count) for told in device.pushes(NotificationRead)]


def test_other_devices(ada: Device, bob: Device) -> None:
    """One's other devices learn what is read; neither this one nor other people do."""
    tablet = ada.another()
    notification_id = tell(ada, bob)
    read(ada, notification_id)
    assert heard(tablet) == [(notification_id, 0)]
    assert (heard(ada), heard(bob)) == ([], [])
    assert tablet.received[-1].id.startswith("notif-")


def test_burst(ada: Device) -> None:
    """However fast one reads, other devices learn of each notification."""
    tablet = ada.another()
    notes = [tell(ada) for _ in range(5)]
    with ada.world.batch():
        for note in notes:
            ada.send(MarkNotificationRead(notification_id=note))
    assert heard(tablet) == [(note, 4 - place) for place, note in enumerate(notes)]


def test_all_twice_in_a_moment(ada: Device) -> None:
    """Of two `all` the later is told last: the count that other devices end with holds.

    The first was kept in its place, and what was read between the two came after it.
    """
    tablet = ada.another()
    tell(ada)
    with ada.world.batch():
        ada.send(MarkNotificationRead(notification_id="all"))
    first, _ = tell(ada), tell(ada)
    read(ada, first)
    read(ada, "all")
    assert heard(tablet)[-1] == ("all", 0)
    assert (first, 1) in heard(tablet)


# The list


def test_list(world: World, ada: Device) -> None:
    """Everything is listed, newest first, with how much is not read."""
    first = tell(ada, title="One", data={"badgeName": "X"})
    at = world.clock.after(0)
    world.clock.move(1)
    second = tell(ada, title="Two")
    read(ada, first)
    items = [
        NotificationItem(
            id=second,
            notification_type="hint",
            title="Two",
            body="Look.",
            created_at=world.clock.after(0),
            read=False,
        ),
        NotificationItem(
            id=first,
            notification_type="hint",
            title="One",
            body="Look.",
            created_at=at,
            read=True,
            data={"badgeName": "X"},
        ),
    ]
    assert ada.request(FetchNotifications()) == NotificationPage(
        data_type="notifications",
        total_count=2,
        as_of_sequence=2,
        unread_count=1,
        items=items,
    )


def test_pages(ada: Device) -> None:
    """Pages follow each other without gap or repetition, within one moment too."""
    notes = [tell(ada) for _ in range(5)]
    pages = [listed(ada, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [note for page in pages for note, _ in page] == notes[::-1]
    reply = ada.request(FetchNotifications(limit=1, offset=9))
    assert (reply.total_count, reply.unread_count, reply.items) == (5, 5, [])


def test_anothers_list(ada: Device, bob: Device) -> None:
    """The list is private."""
    tell(bob)
    refusal = ada.refusal(FetchNotifications(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"
    assert ada.request(FetchNotifications(user_id=ada.user_id)).total_count == 0


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("_UNREAD", "notification_unread"),
        ("_PAGE", "notification_user"),
        ("_READ_ALL", "notification_unread"),
    ],
)
@on_sqlite
def test_found_by_index(world: World, sql: str, index: str) -> None:
    """However many somebody has, what is asked for is found by an index."""
    from hugmood.features.notifications import store  # noqa: PLC0415 (its SQL alone)

    params = {"user": 1, "now": 0, "limit": 1, "offset": 0}
    with world.database.transaction(write=False) as tx:
        plan = tx.rows(f"EXPLAIN QUERY PLAN {getattr(store, sql)}", params)
    steps = " ".join(str(row[-1]) for row in plan)
    assert (index in steps, "TEMP B-TREE" in steps) == (True, False)
