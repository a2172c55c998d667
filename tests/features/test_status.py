"""Status (protocol: User Status Messages; decisions: Status)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from msgspec import UNSET

from hugmood.features.auth.messages import AuthCredentials, AuthToken, Disconnect
from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.messages import HugReceived, HugSent, SendHug
from hugmood.features.moods.messages import FetchMoodCatalog
from hugmood.features.status.messages import (
    FetchStatuses,
    Status,
    StatusItem,
    StatusPage,
    StatusUpdate,
    StatusUpdated,
    UserStatusChanged,
)
from hugmood.gateway.notices import BEHIND
from hugmood.store.database import DatabaseError
from hugmood.wire.message import Error, ErrorDetails
from tests.conftest import MakeWorld
from tests.device import Device, Message
from tests.world import OFFLINE_GRACE, World

GRACE: Final = OFFLINE_GRACE / 1000
SWEEP: Final = 0.2
"""Seconds after which everything that is held for a moment has gone out."""


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody who follows Ada."""
    bob = world.register("Bob")
    follow(bob, ada)
    return bob


def follow(one: Device, other: Device) -> None:
    """Have the one follow the other."""
    one.request(FollowUser(target_user_id=other.user_id, action="follow"))


def choose(device: Device, status: Status, message: str | None = None) -> StatusUpdated:
    """Have somebody choose a status."""
    text = UNSET if message is None else message
    return device.request(StatusUpdate(status=status, custom_message=text))


def changed(device: Device, status: Status, message: str | None = None) -> UserStatusChanged:
    """What others hear of it."""
    text = UNSET if message is None else message
    return UserStatusChanged(user_id=device.user_id, status=status, custom_message=text)


@contextmanager
def heard(device: Device) -> Iterator[list[UserStatusChanged]]:
    """Collect the changes of status that a device hears of within."""
    device.world.clock.move(SWEEP)
    before = len(device.pushes(UserStatusChanged))
    news: list[UserStatusChanged] = []
    yield news
    device.world.clock.move(SWEEP)
    news += device.pushes(UserStatusChanged)[before:]


def statuses(device: Device) -> list[StatusItem]:
    """How those whom somebody follows are seen."""
    return device.request(FetchStatuses()).items


def seen(device: Device, status: Status, message: str | None = None) -> list[StatusItem]:
    """How the only one whom somebody follows is seen."""
    text = UNSET if message is None else message
    return [StatusItem(user_id=device.user_id, status=status, custom_message=text)]


def hug(one: Device, other: Device) -> HugSent:
    """Have the one hug the other."""
    return one.request(SendHug(recipient_id=other.user_id, hug_type="supportive"))


# The protocol's examples


def test_example(world: World) -> None:
    """A status is answered, and told to a follower, as in the protocol."""
    jane, john = world.register("Jane Smith"), world.register("John")
    follow(john, jane)
    choose(jane, "away")
    hug(jane, john)
    world.clock.move_to("2023-08-25T15:00:00.000Z")
    (reply,) = jane.raw(
        {
            "type": "status_update",
            "id": "msg-23456",
            "data": {"status": "online", "customMessage": "Feeling creative today"},
            "timestamp": "2023-08-25T15:00:00.000Z",
        }
    )
    assert reply == Message(
        type="status_update_response",
        id="msg-23456-resp",
        data={"success": True, "status": "online", "customMessage": "Feeling creative today"},
        timestamp="2023-08-25T15:00:00.000Z",
        number=1,
        previous=None,
    )
    world.clock.move(SWEEP)
    told = john.received[-1]
    assert told == Message(
        type="user_status_changed",
        id=told.id,
        data={
            "userId": jane.user_id,
            "status": "online",
            "customMessage": "Feeling creative today",
        },
        timestamp="2023-08-25T15:00:00.000Z",
        number=1,
        previous=None,
    )
    assert told.id.startswith("bcast-")


# Choosing


@pytest.mark.parametrize("status", ["online", "away", "offline", "do_not_disturb"])
def test_reply(ada: Device, status: Status) -> None:
    """Every status can be chosen; a message that was left out is absent."""
    assert choose(ada, status) == StatusUpdated(status=status)


@pytest.mark.parametrize("status", ["away", "do_not_disturb"])
def test_told(ada: Device, bob: Device, status: Status) -> None:
    """Followers hear of a choice with its message."""
    with heard(bob) as news:
        choose(ada, status, "Back at five")
    assert news == [changed(ada, status, "Back at five")]


def test_message_alone(ada: Device, bob: Device) -> None:
    """Another message is a change; to leave it out is to have none."""
    choose(ada, "online", "Tea")
    with heard(bob) as news:
        choose(ada, "online")
    assert news == [changed(ada, "online")]


def test_empty_message(ada: Device) -> None:
    """An empty message is none."""
    assert choose(ada, "online", "") == StatusUpdated(status="online")


def test_no_change(ada: Device, bob: Device) -> None:
    """What others saw before is not told again."""
    choose(ada, "away", "Tea")
    with heard(bob) as news:
        choose(ada, "away", "Tea")
    assert news == []


def test_first_choice_is_online(ada: Device, bob: Device) -> None:
    """Whoever never chose is seen as online: to choose that is no change."""
    with heard(bob) as news:
        choose(ada, "online")
    assert news == []


def test_strangers(world: World, ada: Device) -> None:
    """Those who do not follow hear nothing, nor those whom one follows."""
    eve = world.register("Eve")
    follow(ada, eve)
    with heard(eve) as news:
        choose(ada, "away")
    assert news == []


def test_guest(world: World) -> None:
    """Guests have a status too."""
    zoe, bob = world.guest("Zoe"), world.register("Bob")
    follow(bob, zoe)
    with heard(bob) as news:
        choose(zoe, "away", "On the train")
    assert news == [changed(zoe, "away", "On the train")]


def test_do_not_disturb(ada: Device, bob: Device) -> None:
    """Who is not to be disturbed still receives, and is online."""
    choose(ada, "do_not_disturb")
    ada.events()
    sent = hug(bob, ada)
    assert (sent.recipient_online, sent.delivery_status) == (True, "sent")
    assert [type(event) for event in ada.events()] == [HugReceived]


@pytest.mark.parametrize(
    ("data", "field", "issue"),
    [
        ({}, "data.status", "required_field_missing"),
        ({"status": "busy"}, "data.status", "unknown_value"),
        ({"status": None}, "data.status", "invalid_type"),
        ({"status": "away", "customMessage": "x" * 141}, "data.customMessage", "too_long"),
        ({"status": "away", "customMessage": 7}, "data.customMessage", "invalid_type"),
    ],
)
def test_bad_status(ada: Device, data: dict[str, object], field: str, issue: str) -> None:
    """What is wrong is said, field by field."""
    (error,) = ada.raw({"type": "status_update", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": field, "issue": issue}


def test_longest_message(ada: Device, bob: Device) -> None:
    """A message of 140 characters is taken, whatever they are."""
    with heard(bob) as news:
        choose(ada, "away", "\U0001f917" * 140)
    assert news == [changed(ada, "away", "\U0001f917" * 140)]


def test_repeated(ada: Device, bob: Device) -> None:
    """A command that is sent twice is done once, even if another came between."""
    first = ada.request(StatusUpdate(status="away"), id="msg-1")
    choose(ada, "online")
    with heard(bob) as news:
        again = ada.another().request(StatusUpdate(status="away"), id="msg-1")
    assert (again, news, statuses(bob)) == (first, [], seen(ada, "online"))


def test_id_reused(ada: Device) -> None:
    """The same id cannot choose another status."""
    ada.request(StatusUpdate(status="away"), id="msg-1")
    refusal = ada.another().refusal(StatusUpdate(status="online"), id="msg-1")
    assert isinstance(refusal, Error)
    assert refusal.details == ErrorDetails(field="id", issue="id_reused")


def test_kept(world: World, ada: Device, bob: Device) -> None:
    """A choice outlives the connection."""
    choose(ada, "away", "Tea")
    ada.drop()
    world.clock.move(GRACE + SWEEP)
    with heard(bob) as news:
        ada.another()
    assert news == [changed(ada, "away", "Tea")]


def test_effort(world: World, ada: Device, bob: Device) -> None:
    """To tell many followers takes no more statements than to tell one."""
    with world.statements() as few:
        choose(ada, "away")
    for name in ("Eve", "Joe", "Zoe"):
        follow(world.register(name), ada)
    with world.statements() as many:
        choose(ada, "online")
    assert (len(many), len(few) > 0) == (len(few), True)


# One's own devices


def test_other_devices(world: World, ada: Device) -> None:
    """One's other devices hear of it, the one that chose does not."""
    phone = ada.another()
    with heard(phone) as on_phone, heard(ada) as on_laptop:
        choose(ada, "away", "Tea")
    assert (on_phone, on_laptop) == ([changed(ada, "away", "Tea")], [])


def test_own_device_sees_the_choice(ada: Device, bob: Device) -> None:
    """One's own devices see what was chosen, others what is to be seen of it."""
    phone = ada.another()
    with heard(phone) as own, heard(bob) as others:
        choose(ada, "offline", "Hiding")
    assert (own, others) == ([changed(ada, "offline", "Hiding")], [changed(ada, "offline")])


def test_devices_in_turn(ada: Device) -> None:
    """Where two devices choose at once, both end with the last choice."""
    phone = ada.another()
    with heard(phone) as on_phone, heard(ada) as on_laptop:
        choose(ada, "away")
        choose(phone, "do_not_disturb")
    assert (on_phone, on_laptop) == ([], [changed(ada, "do_not_disturb")])


# Invisible


def test_invisible(ada: Device, bob: Device) -> None:
    """Who chose offline is seen as offline, without a message."""
    with heard(bob) as news:
        choose(ada, "offline", "Hiding")
    assert (news, statuses(bob)) == ([changed(ada, "offline")], seen(ada, "offline"))


def test_invisible_receives(ada: Device, bob: Device) -> None:
    """Who is invisible still receives, and the sender cannot tell."""
    choose(ada, "offline")
    ada.events()
    sent = hug(bob, ada)
    assert (sent.recipient_online, sent.delivery_status) == (False, "queued")
    assert [type(event) for event in ada.events()] == [HugReceived]


def test_invisible_comes_and_goes(world: World, ada: Device, bob: Device) -> None:
    """Who is invisible comes and goes unseen, and may change the message unseen."""
    choose(ada, "offline")
    with heard(bob) as news:
        choose(ada, "offline", "Nobody reads this")
        ada.drop()
        world.clock.move(GRACE + SWEEP)
        ada.another()
    assert news == []


def test_visible_again(ada: Device, bob: Device) -> None:
    """Who is no longer invisible is seen."""
    choose(ada, "offline")
    with heard(bob) as news:
        choose(ada, "online", "Here I am")
    assert news == [changed(ada, "online", "Here I am")]


# Coming and going


def test_comes(world: World, ada: Device, bob: Device) -> None:
    """Followers hear that somebody came."""
    ada.drop()
    world.clock.move(GRACE + SWEEP)
    with heard(bob) as news:
        ada.another()
    assert news == [changed(ada, "online")]


def test_goes(world: World, ada: Device, bob: Device) -> None:
    """Followers hear that somebody went, but only when the grace is over."""
    with heard(bob) as at_first:
        ada.drop()
        world.clock.move(GRACE - 1)
    with heard(bob) as later:
        world.clock.move(1)
    assert (at_first, later) == ([], [changed(ada, "offline")])


def test_back_within_grace(world: World, ada: Device, bob: Device) -> None:
    """Who is back soon was never away."""
    with heard(bob) as news:
        ada.drop()
        world.clock.move(GRACE - 1)
        ada.another()
        world.clock.move(GRACE)
    assert news == []


def test_second_device_goes(world: World, ada: Device, bob: Device) -> None:
    """Who still has a connection has not gone."""
    phone = ada.another()
    with heard(bob) as news:
        phone.drop()
        world.clock.move(GRACE + SWEEP)
    assert news == []


def test_log_out(ada: Device, bob: Device) -> None:
    """Who logs out is gone at once."""
    with heard(bob) as news:
        ada.send(Disconnect(reason="user_logout"))
    assert (news, statuses(bob)) == ([changed(ada, "offline")], seen(ada, "offline"))


def test_other_goodbye(ada: Device, bob: Device) -> None:
    """Who says goodbye in another way may be back soon."""
    with heard(bob) as news:
        ada.send(Disconnect(reason="closing the lid"))
    assert (news, statuses(bob)) == ([], seen(ada, "online"))


def test_log_out_on_both(ada: Device, bob: Device) -> None:
    """A log-out that closes one's other connections too is as quick."""
    phone = ada.another()
    with heard(bob) as news:
        ada.send(Disconnect(reason="user_logout"))
    assert phone.closed is not None
    assert news == [changed(ada, "offline")]


def test_log_out_of_one_session(world: World, ada: Device, bob: Device) -> None:
    """Who is still there with another session has not gone."""
    phone = world.connect()
    phone.sign_in(AuthCredentials(email=ada.email, password=ada.password))
    with heard(bob) as news:
        ada.send(Disconnect(reason="user_logout"))
        world.clock.move(GRACE + SWEEP)
    assert (news, phone.closed) == ([], None)


def test_goes_after_log_out(world: World, ada: Device, bob: Device) -> None:
    """A log-out elsewhere takes nobody's grace."""
    phone = world.connect()
    phone.sign_in(AuthCredentials(email=ada.email, password=ada.password))
    ada.send(Disconnect(reason="user_logout"))
    with heard(bob) as news:
        phone.drop()
        world.clock.move(GRACE - 1)
    assert news == []


def test_back_after_log_out(world: World, ada: Device, bob: Device) -> None:
    """Who comes back at once after logging out is seen as there, and stays so."""
    with heard(bob) as news:
        ada.send(Disconnect(reason="user_logout"))
        phone = world.connect()
        phone.sign_in(AuthCredentials(email=ada.email, password=ada.password))
        world.clock.move(GRACE + SWEEP)
    assert (news, statuses(bob)) == ([changed(ada, "online")], seen(ada, "online"))


def test_log_out_while_another_command_waits(ada: Device, bob: Device) -> None:
    """A log-out counts as one also where its answer has to wait for others."""
    engine = ada.world.engine
    with heard(bob) as news:
        engine.hold("check")
        ada.send(AuthToken(token=ada.token))
        ada.send(Disconnect(reason="user_logout"))
        assert ada.closed is None
        engine.release("check")
        ada.world.settle()
    assert news == [changed(ada, "offline")]


# Folding


def test_folded(ada: Device, bob: Device) -> None:
    """Of a burst only the last state arrives."""
    with heard(bob) as news:
        for status in ("away", "do_not_disturb", "online", "away"):
            choose(ada, status)
    assert news == [changed(ada, "away")]


def test_folded_by_person(world: World, ada: Device, bob: Device) -> None:
    """What one person does does not hide what another does."""
    eve = world.register("Eve")
    follow(bob, eve)
    with heard(bob) as news:
        choose(ada, "away")
        choose(eve, "away")
        choose(ada, "online", "Back")
    assert sorted(news, key=lambda one: one.status) == [
        changed(eve, "away"),
        changed(ada, "online", "Back"),
    ]


def test_at_most_a_tenth_of_a_second(world: World, ada: Device, bob: Device) -> None:
    """A change is not held for longer than a tenth of a second."""
    with heard(bob) as news:
        choose(ada, "away")
        world.clock.move(0.101)
        assert bob.pushes(UserStatusChanged)[-1:] == [changed(ada, "away")]
    assert len(news) == 1


def test_position_unchanged(world: World, ada: Device, bob: Device) -> None:
    """A change of status takes no number: the stream goes on without a hole."""
    hug(ada, bob)
    with heard(bob):
        choose(ada, "away")
    assert (bob.received[-1].number, bob.position) == (1, 1)
    hug(ada, bob)
    assert bob.received[-1].number == 2


def test_not_replayed(ada: Device, bob: Device) -> None:
    """A change of status is not among what was missed."""
    bob.drop()
    choose(ada, "away")
    back = bob.another(last=0)
    assert back.pushes(UserStatusChanged) == []
    assert back.events() == []


@pytest.mark.parametrize("message", ["Tea", "\x01" * 140])
def test_other_encodings(world: World, ada: Device, bob: Device, message: str) -> None:
    """MessagePack and compressed connections hear the same."""
    packed = bob.another(binary=True)
    squeezed = world.connect(deflate=True)
    squeezed.sign_in(AuthToken(token=bob.token))
    both = world.connect(binary=True, deflate=True)
    both.sign_in(AuthToken(token=bob.token))
    with heard(bob), heard(packed) as one, heard(squeezed) as two, heard(both) as three:
        choose(ada, "away", message)
    assert [one, two, three] == [[changed(ada, "away", message)]] * 3


# Slow readers


def fill(device: Device) -> None:
    """Have more wait for a device than it may have to hear of changes."""
    device.stall()
    while device.connection.unsent <= BEHIND:
        device.send(FetchMoodCatalog())


def test_slow_reader(make_world: MakeWorld) -> None:
    """Who does not read hears the latest after having caught up, and no more."""
    world = make_world(limited=False)
    ada, bob = world.register("Ada"), world.register("Bob")
    follow(bob, ada)
    world.clock.move(SWEEP)
    fill(bob)
    waiting = bob.connection.unsent
    for status in ("away", "do_not_disturb", "away"):
        choose(ada, status, "Tea")
        world.clock.move(SWEEP)
    assert bob.connection.unsent == waiting
    bob.drain()
    world.clock.move(SWEEP)
    assert bob.pushes(UserStatusChanged) == [changed(ada, "away", "Tea")]


def test_slow_reader_goes(make_world: MakeWorld) -> None:
    """Nothing is kept for who does not read and then goes."""
    world = make_world(limited=False)
    ada, bob = world.register("Ada"), world.register("Bob")
    follow(bob, ada)
    fill(bob)
    choose(ada, "away")
    world.clock.move(SWEEP)
    bob.drop()
    assert world.hub._notices._owed == {}


# When the writer dies


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("status", ["away", "offline"])
def test_writer_dies(
    world: World,
    ada: Device,
    bob: Device,
    status: Status,
    after_commit: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """The last state arrives, whether or not it was committed before the writer died."""
    phone = ada.another()
    with heard(bob) as news, heard(phone) as own:
        world.engine.hold("write")
        sent = ada.send(StatusUpdate(status=status))
        world.engine.die(after_commit=after_commit)
        world.engine.release("write")
        world.settle()
        assert sent.reply().status == status
    assert (news, own) == ([changed(ada, status)], [changed(ada, status)])


def test_online_after_writer_died(world: World, ada: Device, bob: Device) -> None:
    """Who is online is known to all that are started again."""
    world.engine.die()
    world.settle()
    assert (statuses(bob), hug(bob, ada).recipient_online) == (seen(ada, "online"), True)


def test_failed_batch(world: World, ada: Device, bob: Device) -> None:
    """A change that was not committed is not told."""
    with heard(bob) as news:
        world.database.breaks_at_commit = DatabaseError("the disk is full")
        ada.refusal(StatusUpdate(status="away"))
        world.database.breaks_at_commit = None
    assert (news, statuses(bob)) == ([], seen(ada, "online"))


# Whether a hug is sent or queued


@pytest.mark.parametrize(
    ("status", "online"),
    [("online", True), ("away", True), ("do_not_disturb", True), ("offline", False)],
)
def test_hug(
    ada: Device,
    bob: Device,
    status: Status,
    online: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """The sender of a hug learns what the recipient's status shows."""
    choose(ada, status)
    sent = hug(bob, ada)
    assert (sent.recipient_online, sent.delivery_status) == (
        online,
        "sent" if online else "queued",
    )


@pytest.mark.parametrize(("seconds", "status"), [(GRACE - 1, "sent"), (GRACE + 1, "queued")])
def test_hug_after_going(
    world: World, ada: Device, bob: Device, seconds: float, status: str
) -> None:
    """Who went a moment ago counts as there."""
    ada.drop()
    world.clock.move(seconds)
    assert hug(bob, ada).delivery_status == status


# Fetching


def test_no_statuses(ada: Device) -> None:
    """Who follows nobody sees nobody."""
    assert ada.request(FetchStatuses()) == StatusPage(
        data_type="statuses", total_count=0, as_of_sequence=0, items=[]
    )


def test_statuses(world: World, ada: Device, bob: Device) -> None:
    """Those whom one follows are listed as they are seen, the newest follow first."""
    eve, joe, zoe = world.register("Eve"), world.register("Joe"), world.guest("Zoe")
    for other in (eve, joe, zoe):
        world.clock.move(1)
        follow(bob, other)
    choose(eve, "do_not_disturb", "Writing")
    choose(joe, "offline", "Hiding")
    zoe.send(Disconnect(reason="user_logout"))
    assert bob.request(FetchStatuses()) == StatusPage(
        data_type="statuses",
        total_count=4,
        as_of_sequence=0,
        items=[
            *seen(zoe, "offline"),
            *seen(joe, "offline"),
            *seen(eve, "do_not_disturb", "Writing"),
            *seen(ada, "online"),
        ],
    )


def test_statuses_of_the_gone(world: World, ada: Device, bob: Device) -> None:
    """Who has gone is offline, whatever they chose, and shows no message."""
    choose(ada, "away", "Tea")
    ada.drop()
    world.clock.move(GRACE + SWEEP)
    assert statuses(bob) == seen(ada, "offline")


@pytest.mark.parametrize(
    ("limit", "offset", "places"), [(2, 0, [3, 2]), (2, 1, [2, 1]), (100, 3, [0]), (2, 4, [])]
)
def test_paging(world: World, limit: int, offset: int, places: list[int]) -> None:
    """A page begins at its offset, is as long as asked, and knows the whole count."""
    bob = world.register("Bob")
    others = [world.guest(f"P{number}") for number in range(4)]
    for other in others:
        world.clock.move(1)
        follow(bob, other)
    page = bob.request(FetchStatuses(limit=limit, offset=offset))
    assert page.total_count == 4
    assert [item.user_id for item in page.items] == [others[place].user_id for place in places]


def test_statuses_effort(world: World) -> None:
    """A longer page takes no more statements than a short one."""
    bob = world.register("Bob")
    for number in range(4):
        follow(bob, world.guest(f"P{number}"))
    with world.statements() as few:
        bob.request(FetchStatuses(limit=1))
    with world.statements() as many:
        bob.request(FetchStatuses(limit=4))
    assert (len(many), len(few) > 0) == (len(few), True)


def test_statuses_of_others(ada: Device, bob: Device) -> None:
    """Whom others follow is private; one's own id may be given."""
    refusal = bob.refusal(FetchStatuses(user_id=ada.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"
    assert bob.request(FetchStatuses(user_id=bob.user_id)).total_count == 1


def test_as_of(ada: Device, bob: Device) -> None:
    """The list says which of the caller's events it reflects."""
    hug(ada, bob)
    assert bob.request(FetchStatuses()).as_of_sequence == bob.position == 1
