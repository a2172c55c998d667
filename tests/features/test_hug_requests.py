"""Asking for hugs (protocol: Hug Request; decisions: Hugs)."""

import pytest

from hugmood.features.auth.store import Account, insert_account
from hugmood.features.hugs import request_store
from hugmood.features.hugs.messages import (
    Customization,
    FetchHugHistory,
    FetchHugRequests,
    HugReceived,
    HugRequestAnswered,
    HugRequestReceived,
    RequestHug,
    RespondHugRequest,
)
from hugmood.features.hugs.request_store import Answer, Request
from hugmood.wire.message import Error, ErrorDetails
from tests.databases import Place, on_sqlite
from tests.device import Device, Message, Refusal
from tests.features.bonds import block, hugs_from
from tests.features.people import accept, ask, decline, follow, news
from tests.world import World

HOUR = 3600
DAY = 24 * HOUR


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


@pytest.fixture
def eve(world: World) -> Device:
    """A third."""
    return world.register("Eve")


def said(refusal: Refusal) -> tuple[str, ErrorDetails | None]:
    """Code and details of a refusal."""
    assert isinstance(refusal, Error)
    return refusal.code, refusal.details or None


def invalid(field: str, issue: str) -> tuple[str, ErrorDetails]:
    """What is said of a field."""
    return "invalid_request", ErrorDetails(field=field, issue=issue)


def to_accept(request_id: str) -> RespondHugRequest:
    """A yes."""
    return RespondHugRequest(request_id=request_id, accept=True, hug_type="warm")


def to_decline(request_id: str) -> RespondHugRequest:
    """A no."""
    return RespondHugRequest(request_id=request_id, accept=False)


NO_SUCH_REQUEST = ("not_found", ErrorDetails(field="data.requestId"))


# The protocol's examples


def request_of_the_example(jane: Device, john: Device) -> Message:
    """Ask as in the protocol's example; the reply."""
    reply, *_ = jane.raw(
        {
            "type": "request_hug",
            "id": "msg-56789",
            "data": {
                "targetType": "user",
                "targetId": john.user_id,
                "message": "Could use some support right now",
                "expiresAfter": 3600,
            },
            "timestamp": "2023-08-25T16:30:00.000Z",
        }
    )
    return reply


def test_example_of_request(world: World) -> None:
    """A request is answered, and arrives, as in the protocol."""
    jane, john = world.register("Jane Smith"), world.register("John")
    world.clock.move_to("2023-08-25T16:30:05.000Z")
    reply = request_of_the_example(jane, john)
    request_id = reply.data["requestId"]
    assert request_id.startswith("req-")
    assert reply == Message(
        type="request_hug_response",
        id="msg-56789-resp",
        data={
            "success": True,
            "requestId": request_id,
            "expiresAt": "2023-08-25T17:30:00.000Z",
        },
        timestamp="2023-08-25T16:30:05.000Z",
        number=0,
        previous=None,
    )
    received = john.received[-1]
    assert received.id.startswith("notif-")
    assert received == Message(
        type="hug_request_received",
        id=received.id,
        data={
            "requestId": request_id,
            "requesterId": jane.user_id,
            "requesterName": "Jane Smith",
            "message": "Could use some support right now",
            "createdAt": "2023-08-25T16:30:00.000Z",
            "expiresAt": "2023-08-25T17:30:00.000Z",
        },
        timestamp="2023-08-25T16:30:05.000Z",
        number=1,
        previous=None,
    )


def test_example_of_answer(world: World) -> None:
    """An answer is answered as in the protocol, and the hug names the request."""
    jane, john = world.register("Jane Smith"), world.register("John Doe")
    world.clock.move_to("2023-08-25T16:30:05.000Z")
    request_id = request_of_the_example(jane, john).data["requestId"]
    world.clock.move_to("2023-08-25T16:45:05.000Z")
    customization = {"color": "#4287f5", "intensity": 0.9, "animation": "warm_embrace"}
    reply = john.raw(
        {
            "type": "respond_hug_request",
            "id": "msg-67890",
            "data": {
                "requestId": request_id,
                "accept": True,
                "hugType": "comforting",
                "message": "Sending lots of support your way!",
                "customization": customization,
            },
            "timestamp": "2023-08-25T16:45:00.000Z",
        }
    )[-1]
    hug_id = reply.data["hugId"]
    assert hug_id.startswith("hug-")
    assert reply == Message(
        type="respond_hug_request_response",
        id="msg-67890-resp",
        data={"success": True, "requestId": request_id, "hugId": hug_id},
        timestamp="2023-08-25T16:45:05.000Z",
        number=1,
        previous=None,
    )
    (received,) = [message for message in jane.received if message.type == "hug_received"]
    assert received == Message(
        type="hug_received",
        id=received.id,
        data={
            "hugId": hug_id,
            "requestId": request_id,
            "senderId": john.user_id,
            "senderName": "John Doe",
            "hugType": "comforting",
            "message": "Sending lots of support your way!",
            "sentAt": "2023-08-25T16:45:00.000Z",
            "customization": customization,
        },
        timestamp="2023-08-25T16:45:05.000Z",
        number=2,  # the first was for the courage to ask
        previous=None,
    )


# Asking


def test_plain_request(world: World, ada: Device, bob: Device) -> None:
    """Without a word it is good for an hour."""
    asked = ask(ada, bob)
    assert asked.expires_at == world.clock.after(HOUR)
    assert news(bob) == [
        HugRequestReceived(
            request_id=asked.request_id,
            requester_id=ada.user_id,
            requester_name="Ada",
            created_at=world.clock.after(0),
            expires_at=world.clock.after(HOUR),
        )
    ]


def test_asker_hears_nothing(ada: Device, bob: Device, eve: Device) -> None:
    """Nobody else is told, and no device of the asker's."""
    tablet = ada.another()
    ask(ada, bob)
    assert [news(device) for device in (ada, tablet, eve)] == [[], [], []]


def test_asked_twice(ada: Device, bob: Device) -> None:
    """To ask again is another request."""
    assert len({ask(ada, bob).request_id for _ in range(2)}) == len(news(bob)) == 2


def test_same_message_twice(ada: Device, bob: Device) -> None:
    """The same message asks once."""
    command = RequestHug(target_type="user", target_id=bob.user_id)
    first, second = (ada.send(command, id="msg-1") for _ in range(2))
    replies = [m.data for m in ada.received if m.type == "request_hug_response"]
    assert replies == [replies[0]] * 2
    assert (first.id, second.id, len(news(bob))) == ("msg-1", "msg-1", 1)


def test_followers(world: World, ada: Device, bob: Device, eve: Device) -> None:
    """All who follow one are asked in one go, and nobody else."""
    joe = world.register("Joe")
    for device in (bob, eve):
        follow(device, ada)
    follow(ada, joe)
    news(joe)
    ask(ada, ada, target_type="followers", target_id="whatever")
    (to_bob,), (to_eve,) = news(bob), news(eve)
    assert (to_bob, news(joe)) == (to_eve, [])
    assert {bob.received[-1].id} == {eve.received[-1].id}


def test_followers_take_it_as_it_comes(ada: Device, bob: Device) -> None:
    """Whom to be hugged by does not decide what one hears of those one follows."""
    follow(bob, ada)
    hugs_from(bob, "nobody")
    ask(ada, ada, target_type="followers")
    assert len(news(bob)) == 1


def test_no_followers(ada: Device) -> None:
    """Somebody whom nobody follows can ask all the same, in vain."""
    assert ask(ada, ada, target_type="followers").success


def test_effort(world: World, ada: Device) -> None:
    """Many followers take no more statements than one."""
    follow(world.register("P"), ada)
    ask(ada, ada, target_type="followers")  # the first earns a badge
    with world.statements() as few:
        ask(ada, ada, target_type="followers")
    for number in range(20):
        follow(world.register(f"P{number}"), ada)
    with world.statements() as many:
        ask(ada, ada, target_type="followers")
    assert (len(many), len(few) > 0) == (len(few), True)


def test_oneself(ada: Device) -> None:
    """Nobody can ask themselves."""
    refusal = ada.refusal(RequestHug(target_type="user", target_id=ada.user_id))
    assert said(refusal) == invalid("data.targetId", "unknown_value")


@pytest.mark.parametrize("target_type", ["user", "group"])
def test_nobody(ada: Device, target_type: str) -> None:
    """Nobody can ask whom there is not."""
    command = RequestHug(target_type=target_type, target_id="none-12345")  # type: ignore[arg-type]
    assert said(ada.refusal(command)) == ("not_found", ErrorDetails(field="data.targetId"))


@pytest.mark.parametrize("seconds", [60, 7 * DAY])
def test_lifetime(world: World, ada: Device, bob: Device, seconds: int) -> None:
    """A request is good for a minute to a week, as one likes."""
    assert ask(ada, bob, expires_after=seconds).expires_at == world.clock.after(seconds)


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field", "issue"),
    [
        ({"targetType": "everyone"}, "data.targetType", "unknown_value"),
        ({"targetType": None}, "data.targetType", "invalid_type"),
        ({"targetId": ""}, "data.targetId", "invalid_format"),
        ({"targetId": 5}, "data.targetId", "invalid_type"),
        ({"targetId": "u" * 129}, "data.targetId", "too_long"),
        ({"message": "x" * 501}, "data.message", "too_long"),
        ({"message": "a\0b"}, "data.message", "invalid_format"),
        ({"expiresAfter": 59}, "data.expiresAfter", "out_of_range"),
        ({"expiresAfter": 604_801}, "data.expiresAfter", "out_of_range"),
        ({"expiresAfter": "3600"}, "data.expiresAfter", "invalid_type"),
        ({"expiresAfter": 90.5}, "data.expiresAfter", "invalid_type"),
    ],
)
def test_bad_request(
    ada: Device, bob: Device, changes: dict[str, object], field: str, issue: str
) -> None:
    """What is wrong with a request is said, field by field, and nobody is asked."""
    data = {"targetType": "user", "targetId": bob.user_id, **changes}
    (error,) = ada.raw({"type": "request_hug", "id": "msg-1", "data": data})
    assert (error.data["details"], news(bob)) == ({"field": field, "issue": issue}, [])


@on_sqlite
@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({"targetId": "u"}, "data.targetType"),
        ({"targetType": "user"}, "data.targetId"),
        ({"targetType": "group"}, "data.targetId"),
    ],
)
def test_missing_field(ada: Device, data: dict[str, object], missing: str) -> None:
    """It must be said who is asked."""
    (error,) = ada.raw({"type": "request_hug", "id": "msg-1", "data": data})
    assert error.data["details"] == {"field": missing, "issue": "required_field_missing"}


@on_sqlite
def test_too_many_requests(ada: Device, bob: Device) -> None:
    """After thirty requests in a minute the next is refused, and nobody is asked."""
    for _ in range(30):
        ask(ada, bob)
    refusal = ada.refusal(RequestHug(target_type="user", target_id=bob.user_id))
    assert (said(refusal), len(news(bob))) == (
        ("rate_limit_exceeded", ErrorDetails(retry_after=2)),
        30,
    )


# Asking while offline


def test_queued_by_the_client(ada: Device, bob: Device) -> None:
    """A request is as old as the client says, and expires accordingly."""
    asked = ask(ada, bob, at="2023-08-25T14:00:00.000Z")
    (event,) = news(bob)
    assert isinstance(event, HugRequestReceived)
    assert (str(event.created_at), str(asked.expires_at)) == (
        "2023-08-25T14:00:00.000Z",
        "2023-08-25T15:00:00.000Z",
    )


def test_queued_too_long(ada: Device, bob: Device) -> None:
    """A request that expired before it came is refused, and nobody is asked."""
    command = RequestHug(target_type="user", target_id=bob.user_id)
    refusal = ada.refusal(command, at="2023-08-25T13:30:00.000Z")
    assert (said(refusal), news(bob)) == (invalid("timestamp", "expired"), [])


def test_queued_nearly_too_long(ada: Device, bob: Device) -> None:
    """A request that has a moment left is taken."""
    assert ask(ada, bob, at="2023-08-25T13:30:00.001Z").success


def test_incredible_time(ada: Device, bob: Device) -> None:
    """A time beyond belief is refused, and nobody is asked."""
    command = RequestHug(target_type="user", target_id=bob.user_id, expires_after=7 * DAY)
    refusal = ada.refusal(command, at="2023-08-18T14:29:59.999Z")
    assert (said(refusal), news(bob)) == (invalid("timestamp", "out_of_range"), [])


# Answering


def test_plain_answer(world: World, ada: Device, bob: Device) -> None:
    """A yes is a hug, whose sender and recipient have it in their histories."""
    asked = ask(ada, bob)
    answered = accept(bob, asked.request_id)
    assert news(ada) == [
        HugReceived(
            hug_id=answered.hug_id or "",
            request_id=asked.request_id,
            sender_id=bob.user_id,
            sender_name="Bob",
            hug_type="warm",
            sent_at=world.clock.after(0),
        )
    ]
    histories = [device.request(FetchHugHistory()).items for device in (bob, ada)]
    assert [[(item.id, item.direction) for item in items] for items in histories] == [
        [(answered.hug_id, "sent")],
        [(answered.hug_id, "received")],
    ]


def test_decline(ada: Device, bob: Device) -> None:
    """A no is told nobody, and is no hug."""
    asked = ask(ada, bob)
    assert decline(bob, asked.request_id) == HugRequestAnswered(request_id=asked.request_id)
    assert (news(ada), ada.request(FetchHugHistory()).total_count) == ([], 0)


def test_decline_looks_open(ada: Device, bob: Device) -> None:
    """Whoever asked does not see that they were declined."""
    asked = ask(ada, bob)
    before = ada.request(FetchHugRequests())
    decline(bob, asked.request_id)
    assert ada.request(FetchHugRequests()) == before


def test_decline_with_words(ada: Device, bob: Device) -> None:
    """What a no says of a hug is not looked at."""
    asked = ask(ada, bob)
    answer = RespondHugRequest(request_id=asked.request_id, accept=False, hug_type="crushing")
    assert (bob.request(answer).hug_id or None, news(ada)) == (None, [])


@pytest.mark.parametrize("first", [to_accept, to_decline])
@pytest.mark.parametrize("second", [to_accept, to_decline])
def test_answered_already(ada: Device, bob: Device, first: object, second: object) -> None:
    """Who has answered cannot answer again, or otherwise, from any device."""
    request_id = ask(ada, bob).request_id
    tablet = bob.another()
    bob.request(first(request_id))  # type: ignore[operator]
    news(ada)
    refusal = tablet.refusal(second(request_id))  # type: ignore[operator]
    assert (said(refusal), news(ada)) == (invalid("data.requestId", "already_responded"), [])


def test_same_answer_twice(ada: Device, bob: Device) -> None:
    """The same message gets the same reply, and hugs once."""
    request_id = ask(ada, bob).request_id
    for _ in range(2):
        bob.send(to_accept(request_id), id="msg-1")
    replies = [m for m in bob.received if m.type == "respond_hug_request_response"]
    assert len(replies) == 2
    assert (replies[0].data, len(news(ada))) == (replies[1].data, 1)


def test_answers_in_one_batch(world: World, ada: Device, bob: Device) -> None:
    """Of two answers that come together the first counts, and the other fails alone."""
    request_id = ask(ada, bob).request_id
    tablet = bob.another()
    with world.batch():
        yes, no = bob.send(to_accept(request_id)), tablet.send(to_decline(request_id))
    assert said(no.refusal()) == invalid("data.requestId", "already_responded")
    assert (yes.reply().request_id, len(news(ada))) == (request_id, 1)


def test_all_may_answer(ada: Device, bob: Device, eve: Device) -> None:
    """Each of those asked answers for themselves."""
    for device in (bob, eve):
        follow(device, ada)
    news(ada)
    request_id = ask(ada, ada, target_type="followers").request_id
    accept(bob, request_id)
    accept(eve, request_id)
    names = [event.sender_name for event in news(ada) if isinstance(event, HugReceived)]
    assert names == ["Bob", "Eve"]


def test_follower_of_then(ada: Device, bob: Device, eve: Device) -> None:
    """Who began to follow later was not asked, and cannot answer."""
    follow(bob, ada)
    request_id = ask(ada, ada, target_type="followers").request_id
    follow(eve, ada)
    assert said(eve.refusal(to_accept(request_id))) == NO_SUCH_REQUEST


@pytest.mark.parametrize("answer", [to_accept, to_decline])
def test_not_asked(ada: Device, bob: Device, eve: Device, answer: object) -> None:
    """Who was not asked learns nothing: it is as if there were no such request."""
    asked = answer(ask(ada, bob).request_id)  # type: ignore[operator]
    unknown = answer("req-12345")  # type: ignore[operator]
    refusals = [eve.refusal(command) for command in (asked, unknown)]
    assert [said(refusal) for refusal in refusals] == [NO_SUCH_REQUEST] * 2
    assert len({getattr(refusal, "message", "") for refusal in refusals}) == 1


def test_own_request(ada: Device, bob: Device) -> None:
    """Nobody answers themselves."""
    refusal = ada.refusal(to_accept(ask(ada, bob).request_id))
    assert said(refusal) == invalid("data.requestId", "unknown_value")


@pytest.mark.parametrize("answer", [to_accept, to_decline])
def test_expired(world: World, ada: Device, bob: Device, answer: object) -> None:
    """From the moment it expires a request cannot be answered."""
    request_id = ask(ada, bob).request_id
    world.clock.move(HOUR)
    refusal = bob.refusal(answer(request_id))  # type: ignore[operator]
    assert (said(refusal), news(ada)) == (invalid("data.requestId", "expired"), [])


def test_just_in_time(world: World, ada: Device, bob: Device) -> None:
    """A moment before it expires a request can be answered."""
    request_id = ask(ada, bob).request_id
    world.clock.move(HOUR - 0.001)
    assert accept(bob, request_id).hug_id


def test_late_by_our_clock(world: World, ada: Device, bob: Device) -> None:
    """An answer that comes too late is too late, whenever it was written."""
    request_id = ask(ada, bob).request_id
    world.clock.move(HOUR)
    refusal = bob.refusal(to_accept(request_id), at="2023-08-25T15:00:00.000Z")
    assert said(refusal) == invalid("data.requestId", "expired")


def test_answered_and_expired(world: World, ada: Device, bob: Device) -> None:
    """Who has answered is told so, also when it is over."""
    request_id = ask(ada, bob).request_id
    decline(bob, request_id)
    world.clock.move(HOUR)
    refusal = bob.refusal(to_accept(request_id))
    assert said(refusal) == invalid("data.requestId", "already_responded")


def test_asker_takes_no_hugs(ada: Device, bob: Device) -> None:
    """Who asks for a hug takes it, whatever they chose for others."""
    hugs_from(ada, "nobody")
    assert accept(bob, ask(ada, bob).request_id).hug_id


def test_guest_answers(world: World, ada: Device) -> None:
    """A guest who was asked may give the hug, also to someone who does not follow them."""
    guest = world.guest("Zoe")
    assert accept(guest, ask(ada, guest).request_id).hug_id
    assert len(news(ada)) == 1


@pytest.mark.parametrize("by_asker", [True, False])
def test_blocked_since(ada: Device, bob: Device, by_asker: bool) -> None:  # noqa: FBT001 (a parameter)
    """Where one has blocked the other since, there is no hug; a no is still taken."""
    request_id = ask(ada, bob).request_id
    block(*((ada, bob) if by_asker else (bob, ada)))
    refusal = bob.refusal(to_accept(request_id))
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.message, news(ada)) == (
        "permission_denied",
        "This person does not take hugs from you",
        [],
    )
    assert decline(bob, request_id).success


def test_largest_answer(ada: Device, bob: Device) -> None:
    """An answer may be as large as every limit allows."""
    look = Customization(color="#Aa00fF", intensity=1, animation="none")
    accept(bob, ask(ada, bob).request_id, message="💛" * 500, customization=look)
    (event,) = news(ada)
    assert isinstance(event, HugReceived)
    assert (event.message, event.customization) == ("💛" * 500, look)


@on_sqlite
@pytest.mark.parametrize(
    ("changes", "field", "issue"),
    [
        ({"requestId": None}, "data.requestId", "invalid_type"),
        ({"requestId": ""}, "data.requestId", "invalid_format"),
        ({"accept": "yes"}, "data.accept", "invalid_type"),
        ({"hugType": "crushing"}, "data.hugType", "unknown_value"),
        ({"hugType": None}, "data.hugType", "invalid_type"),
        ({"message": "x" * 501}, "data.message", "too_long"),
        ({"customization": {"color": "red"}}, "data.customization.color", "invalid_format"),
        ({"customization": {"animation": "leap"}}, "data.customization.animation", "unknown_value"),
    ],
)
def test_bad_answer(
    ada: Device, bob: Device, changes: dict[str, object], field: str, issue: str
) -> None:
    """What is wrong with an answer is said, and the request stays open."""
    request_id = ask(ada, bob).request_id
    data = {"requestId": request_id, "accept": True, "hugType": "warm", **changes}
    error = bob.raw({"type": "respond_hug_request", "id": "msg-1", "data": data})[-1]
    assert (error.data["details"], news(ada)) == ({"field": field, "issue": issue}, [])
    assert accept(bob, request_id).hug_id


@on_sqlite
@pytest.mark.parametrize("missing", ["requestId", "accept", "hugType"])
def test_missing_in_answer(ada: Device, bob: Device, missing: str) -> None:
    """A yes needs a kind of hug."""
    data = {"requestId": ask(ada, bob).request_id, "accept": True, "hugType": "warm"}
    del data[missing]
    error = bob.raw({"type": "respond_hug_request", "id": "msg-1", "data": data})[-1]
    assert error.data["details"] == {"field": f"data.{missing}", "issue": "required_field_missing"}


@pytest.mark.parametrize("dialect", ["postgres"])
def test_two_servers(place: Place) -> None:
    """Of two answers given on two servers at once, only the first is kept."""
    one, other = place.open(), place.open()
    with one.transaction(write=True) as tx:
        people = [Account(0, i, guest=True, name=i, time_zone="UTC") for i in ("a", "b")]
        keys = [insert_account(tx, account, 0) or 0 for account in people]
        request = Request("req-1", keys[0], "user", "b", None, 0, 60_000)
        key = request_store.insert(tx, request, keys[1:])
    yes, no = (Answer(key, keys[1], accepted, None, 1) for accepted in (True, False))
    with other.transaction(write=True) as late:
        found = request_store.asked(late, "req-1", keys[1])
        with one.transaction(write=True) as tx:
            first = request_store.answer(tx, yes)
        second = request_store.answer(late, no)
    assert found is not None
    assert (found.answered, first, second) == (False, True, False)


# Afterwards


def test_told_when_back(world: World, ada: Device, bob: Device) -> None:
    """Who was away learns on return what they were asked, and can answer it."""
    bob.drop()
    ask(ada, bob)
    tablet = bob.another(last=0)
    (event,) = news(tablet)
    assert isinstance(event, HugRequestReceived)
    assert accept(tablet, event.request_id).hug_id


def test_survives(world: World, ada: Device, bob: Device) -> None:
    """A request that was acknowledged is there for the next writer."""
    request_id = ask(ada, bob).request_id
    world.turn(world.engine.die)
    assert accept(bob, request_id).hug_id


def kept(world: World) -> tuple[int, int, int]:
    """How many requests, targets and hugs are in the database."""
    with world.database.transaction(write=False) as tx:
        counts = [
            tx.rows(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 (a constant)
            for table in ("hug_request", "hug_request_target", "hug")
        ]
    return counts[0], counts[1], counts[2]


def test_forgotten(world: World, ada: Device, bob: Device) -> None:
    """Thirty days after it expired a request is deleted; the hug it brought is kept."""
    accept(bob, ask(ada, bob).request_id)
    world.clock.move(HOUR + 30 * DAY - 1)
    before = kept(world)
    world.clock.move(1)
    assert (before, kept(world)) == ((1, 1, 1), (0, 0, 1))


def test_forgotten_one_by_one(world: World, ada: Device, bob: Device) -> None:
    """Each request is deleted in its own time."""
    ask(ada, bob)
    world.clock.move(HOUR)
    ask(ada, bob)
    world.clock.move(30 * DAY)
    assert kept(world) == (1, 1, 0)
