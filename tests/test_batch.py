"""`batch` through the front door: both ways, in JSON and in MessagePack."""

from typing import Any

import pytest

from hugmood.features.auth.messages import AuthRefresh, AuthToken, Disconnect
from hugmood.features.follows.messages import FollowUser
from hugmood.features.hugs.messages import HugReceived, SendHug
from hugmood.features.moods.messages import FetchMoodHistory, MoodChanged, MoodUpdate
from hugmood.features.subscriptions.messages import Subscribe
from hugmood.wire.limits import Settings
from hugmood.wire.message import Error, ErrorDetails, MissedMessages
from tests.conftest import MakeWorld
from tests.device import Device
from tests.features.people import feel, hug
from tests.world import World

MOOD = MoodUpdate(mood="calm", intensity=0.5)
WRONG = MoodUpdate(mood="no such mood", intensity=0.5)

every_codec = pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])


def able(world: World, name: str = "Ada", *, binary: bool = False) -> Device:
    """Somebody whose client can take batches, with nothing told yet."""
    return world.register(name).another(binary=binary, batch=True)


# From the client


@every_codec
def test_commands_in_a_batch(world: World, *, binary: bool) -> None:
    """Each is done and answered, in order; what is wrong with one is its own."""
    ada = world.register(binary=binary)
    before = len(ada.received)
    good, wrong, fetch, last = ada.send_batch(MOOD, WRONG, FetchMoodHistory(), MOOD)
    assert good.reply().mood_id != last.reply().mood_id
    error = wrong.refusal()
    assert ErrorDetails(field="data.mood", issue="unknown_value") == error.details
    assert 0 <= fetch.reply().total_count <= 2
    answers = [m.type for m in ada.received[before:] if m.type != "fetch_response"]
    answers = [kind for kind in answers if kind not in {"mood_changed", "notification"}]
    assert ["mood_update_response", "error", "mood_update_response"] == answers


def test_no_batch_unless_asked(world: World) -> None:
    """A client that sends batches gets messages one by one all the same."""
    ada = world.register()
    ada.send_batch(*[MOOD] * 3)
    assert [] == ada.batches


def test_sign_in_and_commands_in_a_batch(world: World) -> None:
    """What follows the `auth` is done once that has worked."""
    ada = world.register()
    phone = world.connect()
    signed_in, mood = phone.send_batch(AuthToken(token=ada.token), MOOD)
    assert (signed_in.reply().user_id, True) == (ada.user_id, mood.reply().success)


def test_goodbye_in_a_batch(world: World) -> None:
    """What stands before it is answered first."""
    ada = world.register()
    mood, _ = ada.send_batch(MOOD, Disconnect())
    assert (True, 1000) == (mood.reply().success, ada.closed and ada.closed.code)


def test_user_limit_in_a_batch(world: World) -> None:
    """A batch is no way round the limits of a person either."""
    ada, bob = world.register("Ada"), world.register("Bob")
    sent = ada.send_batch(*[SendHug(recipient_id=bob.user_id, hug_type="warm")] * 33)
    assert ["rate_limit_exceeded"] * 3 == [
        error.code for one in sent[30:] if isinstance(error := one.refusal(), Error)
    ]
    assert 30 == len([event for event in bob.events() if isinstance(event, HugReceived)])


def test_connection_limit_in_a_batch(make_world: MakeWorld) -> None:
    """Each message in it counts as one."""
    ada = make_world(settings=Settings(burst=3)).register()  # one was for signing in
    *done, refused = ada.send_batch(MOOD, MOOD, MOOD)
    assert [True, True] == [one.reply().success for one in done]
    assert ErrorDetails(retry_after=1) == refused.refusal().details


# From the server


@every_codec
@pytest.mark.parametrize("deflate", [False, True])
def test_answers_in_a_batch(world: World, *, binary: bool, deflate: bool) -> None:
    """What one loop turn brings is one message."""
    ada = world.register()
    feel(ada)  # a first one earns a badge
    phone = world.connect(binary=binary, deflate=deflate)
    phone.sign_in(AuthToken(token=ada.token, capabilities=["batch", "telepathy"]))
    with world.batch():
        sent = [phone.send(MOOD) for _ in range(3)]
    assert [["mood_update_response"] * 3 + ["mood_changed"] * 3] == phone.batches
    assert all(one.answered for one in sent)


def test_one_goes_alone(world: World) -> None:
    """A single message is what it always was."""
    ada = able(world)
    ada.request(FetchMoodHistory())
    assert [] == ada.batches


def test_other_devices_get_no_batch(world: World) -> None:
    """Only the connection that said it can."""
    ada = world.register()
    feel(ada)  # a first one earns a badge
    phone = ada.another(batch=True)
    for _ in range(2):
        with world.batch():
            ada.send(MOOD)
            ada.send(MOOD)
    assert ([], [["mood_changed"] * 2] * 2) == (ada.batches, phone.batches)


def test_numbers_in_a_batch(world: World) -> None:
    """Live events, replies between them, and a page before: no hole and none twice."""
    bob, ada = world.register("Bob"), world.register("Ada")
    bob.request(FollowUser(target_user_id=ada.user_id, action="follow"))
    last = bob.position
    feel(ada, is_public=True)
    phone = world.connect()
    token = AuthToken(token=bob.token, last_sequence_number=last, capabilities=["batch"])
    world.engine.hold("read")
    phone.sign_in(token)
    with world.batch():
        ada.send(MoodUpdate(mood="calm", intensity=1, is_public=True))
    world.engine.release("read")
    world.settle()
    assert 2 == len([event for event in phone.events() if isinstance(event, MoodChanged)])


def test_more_than_fifty(make_world: MakeWorld) -> None:
    """They go in two."""
    world = make_world(limited=False)
    ada = able(world)
    with world.batch():
        for _ in range(2):
            ada.send_batch(*[WRONG] * 30)
    assert [50, 10] == [len(batch) for batch in ada.batches]


def test_able_after_refreshing(world: World) -> None:
    """What it could do before it can still do, though it does not say so again."""
    ada = able(world)
    ada.request(AuthRefresh(token=ada.token))
    with world.batch():
        ada.send(WRONG)
        ada.send(WRONG)
    assert [["error", "error"]] == ada.batches


def test_failed_sign_in_promises_nothing(world: World) -> None:
    """Who could not sign in has not said anything."""
    ada = world.register()
    phone = world.connect()
    phone.refusal(AuthToken(token="forged", capabilities=["batch"]))
    phone.sign_in(AuthToken(token=ada.token))
    with world.batch():
        phone.send(WRONG)
        phone.send(WRONG)
    assert [] == phone.batches


def test_the_end_in_a_batch(world: World) -> None:
    """What waits goes out before the close, and with the goodbye."""
    ada = able(world)
    many = [{"type": "x", "id": "", "data": {}}] * 11
    ada.raw({"type": "batch", "id": "b", "data": {"messages": many}})
    assert [["error"] * 10 + ["connection_close"]] == ada.batches
    assert (4400, "protocol_error") == ada.closed


def test_a_page_goes_alone(world: World) -> None:
    """History that is larger than a batch is not in one."""
    bob, ada = world.register("Bob"), world.register("Ada")
    for _ in range(3):
        hug(bob, ada)
    phone = ada.another(last=0, batch=True)
    assert 1 == len(phone.pushes(MissedMessages))


@every_codec
def test_narrowed_and_batched(world: World, *, binary: bool) -> None:
    """Both together: the numbers add up."""
    bob, ada = world.register("Bob"), world.register("Ada").another(binary=binary, batch=True)
    ada.request(Subscribe(types=["hug_received"]))
    command = SendHug(recipient_id=ada.user_id, hug_type="warm")
    with world.batch():
        bob.send(command)
        ada.send(MOOD)
        bob.send(command)
    assert [["mood_update_response", "hug_received", "hug_received"]] == ada.batches


@pytest.mark.parametrize(
    ("capabilities", "field", "issue"),
    [
        ("batch", "data.capabilities", "invalid_type"),
        ([1], "data.capabilities[0]", "invalid_type"),
        (["x"] * 21, "data.capabilities", "too_long"),
    ],
)
def test_bad_capabilities(world: World, capabilities: Any, field: str, issue: str) -> None:  # noqa: ANN401
    """They are a short list of words."""
    ada = world.register()
    data = {"method": "token", "token": ada.token, "capabilities": capabilities}
    (failed,) = world.connect().raw({"type": "auth", "id": "a", "data": data})
    assert {"field": field, "issue": issue} == failed.data["details"]
