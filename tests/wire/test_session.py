"""One connection's conversation: who may say what when, limits, deadlines, farewells."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hugmood import features
from hugmood.errors import CLOSINGS, CloseCode, Refusal
from hugmood.wire import codec
from hugmood.wire.limits import Settings
from hugmood.wire.session import MAX_WAITING, Effect, Forward, Hang, Phase, Send, Session, Slot
from tests.fakes import Clock, FakeAmbient

START: Final = "2023-08-25T14:30:00.000Z"
SECOND: Final = 1000
DAY: Final = 24 * 3600 * SECOND
TOLERATED: Final = 10
"""Malformed messages, and commands before authentication; one more closes."""
IN_A_ROW: Final = 100
"""Refused messages, one after the other, that close."""
DEFAULTS: Final = Settings()
UNLIMITED: Final = Settings(limited=False)

Message = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _messages() -> None:
    """Types are told apart by what is registered."""
    features.load_messages()


def read(prefix: bytes) -> Message:
    """A message of the server's, with the number it would get at position 7."""
    message: Message = msgspec.json.decode(prefix + codec.suffix(7))
    return message


class Chat:
    """A session, its clock, and what came of it."""

    def __init__(
        self,
        session_settings: Settings = DEFAULTS,
        *,
        luck: float = 0.5,
        reading: codec.Reading = codec.JSON,
    ) -> None:
        self.clock = Clock(START)
        self.ambient = FakeAmbient(self.clock)
        self.ambient.luck = luck
        self.session = Session(session_settings, self.ambient, self.clock.now(), reading)
        self.forwarded: list[Forward] = []
        self.hung: Hang | None = None

    def take(self, effects: list[Effect]) -> list[Message]:
        """Keep what is to be forwarded and the end; return what is sent."""
        sent = []
        for effect in effects:
            assert self.hung is None, "an effect after the end"
            if isinstance(effect, Send):
                sent.append(read(effect.prefix))
            elif isinstance(effect, Forward):
                self.forwarded.append(effect)
            else:
                self.hung = effect
        return sent

    def raw(self, message: bytes) -> list[Message]:
        """Receive these bytes."""
        return self.take(self.session.receive(message, self.clock.now()))

    def say(self, kind: str, message_id: str = "msg-1", data: object = None) -> list[Message]:
        """Receive a valid envelope."""
        envelope = {"type": kind, "id": message_id, "data": data or {}}
        return self.raw(msgspec.json.encode(envelope))

    def answer(
        self, message_id: str, data: object = None, refusal: Refusal | None = None
    ) -> list[Message]:
        """Let the engine answer what was forwarded under this id."""
        forward = next(one for one in self.forwarded if one.slot.id == message_id)
        self.forwarded.remove(forward)
        text = msgspec.json.encode({"success": True, **(data if isinstance(data, dict) else {})})
        return self.take(self.session.answered(forward.slot, text, refusal))

    def sign_in(self, lasting: int = DAY) -> list[Message]:
        """Authenticate for so many ms."""
        self.say("auth", "auth-1")
        self.session.signed_in(self.clock.now() + lasting)
        return self.answer("auth-1", {"userId": "user-1"})

    def tick_after(self, seconds: float) -> list[Message]:
        """Let time pass and do what is due."""
        self.clock.move(seconds)
        return self.take(self.session.tick(self.clock.now()))

    @property
    def forwarded_ids(self) -> list[str]:
        """What waits for the engine."""
        return [forward.slot.id for forward in self.forwarded]


def signed_in(session_settings: Settings = DEFAULTS, *, luck: float = 0.5) -> Chat:
    """A session that is authenticated for a day."""
    chat = Chat(session_settings, luck=luck)
    chat.sign_in()
    return chat


def refusal_of(message: Message) -> tuple[str, str | None]:
    """An error's code, and the id of the message that it is about."""
    assert message["type"] == "error"
    return message["data"]["code"], message["data"].get("originalMessageId")


def answered_ids(messages: list[Message]) -> list[str]:
    """The ids of the messages that these answer."""
    return [_answered_id(message) or "" for message in messages]


def _answered_id(message: Message) -> str | None:
    if message["type"] == "error":
        found: str | None = message["data"].get("originalMessageId")
        return found
    return str(message["id"]).removesuffix("-resp")


# Before authentication


@pytest.mark.parametrize("kind", ["mood_update", "fetch", "send_hug", "no_such_type"])
def test_command_before_authentication(kind: str) -> None:
    """Anything but the four allowed types is `auth_required`; the socket stays open."""
    chat = Chat()
    assert [("auth_required", "msg-1")] == [refusal_of(m) for m in chat.say(kind)]
    assert (None, []) == (chat.hung, chat.forwarded)


@pytest.mark.parametrize("kind", ["pong", "heartbeat"])
def test_unanswered_before_authentication(kind: str) -> None:
    """A `pong` and a `heartbeat` get no answer, and count for nothing."""
    chat = Chat()
    assert [] == [message for _ in range(200) for message in chat.say(kind)]
    assert chat.hung is None


def test_disconnect_before_authentication() -> None:
    """A client may leave without ever having been known."""
    chat = Chat()
    assert [] == chat.say("disconnect")
    assert Hang(1000, "") == chat.hung


def test_eleventh_command_before_authentication() -> None:
    """Ten are refused; one more closes, by `protocol_error` alone."""
    chat = Chat()
    for number in range(TOLERATED):
        assert [("auth_required", f"m{number}")] == [
            refusal_of(m) for m in chat.say("mood_update", f"m{number}")
        ]
    (notice,) = chat.say("mood_update")
    assert ("connection_close", "protocol_error") == (notice["type"], notice["data"]["code"])
    assert Hang(4400, "protocol_error") == chat.hung


def test_auth_is_forwarded() -> None:
    """An `auth` goes to the engine, envelope and all."""
    chat = Chat()
    assert [] == chat.say("auth", "auth-1", {"method": "token", "token": "x"})
    assert "auth-1" == chat.forwarded[0].envelope.id
    assert {"method": "token", "token": "x"} == msgspec.json.decode(
        bytes(chat.forwarded[0].envelope.data or b"")
    )


def test_auth_succeeds() -> None:
    """The reply takes the id of the request and `-resp`, and has all five fields."""
    (reply,) = Chat().sign_in()
    assert {
        "type": "auth_response",
        "id": "auth-1-resp",
        "data": {"success": True, "userId": "user-1"},
        "timestamp": START,
        "sequenceNumber": 7,
    } == reply


@pytest.mark.parametrize(
    "code",
    [
        "invalid_credentials",
        "invalid_auth",
        "auth_expired",
        "invalid_request",
        "rate_limit_exceeded",
    ],
)
def test_auth_fails(code: str) -> None:
    """A failed `auth` is an `auth_response` that says no, and may say where."""
    chat = Chat()
    chat.say("auth", "auth-1")
    (reply,) = chat.answer("auth-1", refusal=Refusal(code, "No", "data.token", "expired", 9))
    assert ("auth_response", "auth-1-resp") == (reply["type"], reply["id"])
    details = {"field": "data.token", "issue": "expired", "retryAfter": 9}
    expected = {"success": False, "error": code, "message": "No", "details": details}
    assert expected == reply["data"]


def test_auth_fails_without_details() -> None:
    """A failed `auth` looks as in the seed where there is nothing to add."""
    chat = Chat()
    chat.say("auth", "auth-1")
    (reply,) = chat.answer("auth-1", refusal=Refusal("invalid_credentials", "No"))
    assert {"success": False, "error": "invalid_credentials", "message": "No"} == reply["data"]


def test_auth_meets_a_fault_of_ours() -> None:
    """`server_error` is none of the five words of `auth_response`: it is an `error`."""
    chat = Chat()
    chat.say("auth", "auth-1")
    refusal = Refusal("server_error", "Oops", error_id="err-logged")
    (reply,) = chat.answer("auth-1", refusal=refusal)
    assert ("error", "err-logged") == (reply["type"], reply["id"])
    assert {"code": "server_error", "message": "Oops", "originalMessageId": "auth-1"} == reply[
        "data"
    ]


def test_auth_may_be_tried_again() -> None:
    """A failure leaves the socket as it was."""
    chat = Chat()
    chat.say("auth", "auth-0")
    chat.answer("auth-0", refusal=Refusal("invalid_credentials", "No"))
    assert ["auth-1"] == answered_ids(chat.sign_in())
    chat.say("mood_update")
    assert ["msg-1"] == chat.forwarded_ids


def test_one_auth_at_a_time() -> None:
    """A second `auth` waits for the outcome of the first."""
    chat = Chat()
    chat.say("auth", "auth-1")
    chat.say("auth", "auth-2")
    assert ["auth-1"] == chat.forwarded_ids
    chat.answer("auth-1", refusal=Refusal("invalid_auth", "No"))
    assert ["auth-2"] == chat.forwarded_ids


def test_commands_wait_for_auth() -> None:
    """What was sent right after `auth` is handled, in order, once it succeeded."""
    chat = Chat()
    chat.say("auth", "auth-1")
    assert [] == chat.say("mood_update", "a") + chat.say("fetch", "b") + chat.say("send_hug", "c")
    assert ["auth-1"] == chat.forwarded_ids
    chat.session.signed_in(chat.clock.now() + DAY)
    assert ["auth-1"] == answered_ids(chat.answer("auth-1"))
    assert ["a", "b", "c"] == chat.forwarded_ids


def test_commands_that_waited_for_a_failed_auth() -> None:
    """They are refused one by one, after the reply to `auth`."""
    chat = Chat()
    chat.say("auth", "auth-1")
    chat.say("mood_update", "a")
    chat.say("mood_update", "b")
    replies = chat.answer("auth-1", refusal=Refusal("invalid_auth", "No"))
    assert ["auth-1", "a", "b"] == answered_ids(replies)
    assert ["auth_required"] * 2 == [refusal_of(reply)[0] for reply in replies[1:]]


def test_refusals_wait_for_auth() -> None:
    """A message refused at once is answered after those before it that still wait.

    It used to be answered right after `auth`, before them.
    """
    chat = Chat(Settings(burst=2))
    chat.say("auth", "auth-1")
    chat.say("mood_update", "a")
    assert [] == chat.raw(b'{"type": "mood_update", "id": "b", "data": 5}')
    assert [] == chat.say("mood_update", "c")
    replies = chat.answer("auth-1", refusal=Refusal("invalid_auth", "No"))
    assert ["auth-1", "a", "b", "c"] == answered_ids(replies)


def test_disconnect_waits_for_auth() -> None:
    """It is obeyed when what came before it was answered."""
    chat = Chat()
    chat.say("auth", "auth-1")
    chat.say("disconnect")
    chat.say("mood_update", "late")
    assert chat.hung is None
    chat.answer("auth-1", refusal=Refusal("invalid_auth", "No"))
    assert Hang(1000, "") == chat.hung


def test_too_many_wait_for_auth() -> None:
    """Waiting is bounded, and so are refusals: then the connection is closed."""
    chat = Chat(UNLIMITED)
    chat.say("auth", "auth-1")
    for _ in range(MAX_WAITING + IN_A_ROW - 1):
        assert [] == chat.say("mood_update")
    assert ["rate_limit_exceeded"] == [m["data"]["code"] for m in chat.say("mood_update")]
    assert Hang(4429, "rate_limit_exceeded") == chat.hung


# The deadline


def test_auth_deadline() -> None:
    """After 30 s without authentication the connection is closed."""
    chat = Chat()
    assert [] == chat.tick_after(29.999)
    (notice,) = chat.tick_after(0.001)
    assert ("connection_close", "auth_timeout", 1000) == (
        notice["type"],
        notice["data"]["code"],
        notice["data"]["reconnectDelay"],
    )
    assert Hang(4408, "auth_timeout") == chat.hung


def test_auth_deadline_is_absolute() -> None:
    """However busy the client is, and whatever it tries."""
    chat = Chat()
    for number in range(29):
        chat.say("heartbeat")
        chat.say("auth", f"a{number}")
        chat.answer(f"a{number}", refusal=Refusal("invalid_auth", "No"))
        chat.session.alive(chat.clock.now())
        assert [] == chat.tick_after(1)
    chat.say("auth", "late")
    chat.tick_after(1)
    assert Hang(4408, "auth_timeout") == chat.hung


def test_auth_succeeds_after_the_deadline() -> None:
    """An answer that comes too late opens nothing."""
    chat = Chat()
    chat.say("auth", "auth-1")
    chat.tick_after(30)
    chat.session.signed_in(chat.clock.now() + DAY)
    assert chat.session.over
    assert [] == chat.answer("auth-1")


# The order of replies


def test_replies_in_order_of_commands() -> None:
    """An answer that overtook another waits for it."""
    chat = signed_in()
    for name in "abc":
        chat.say("mood_update", name)
    assert [] == chat.answer("c")
    assert [] == chat.answer("b")
    assert ["a", "b", "c"] == answered_ids(chat.answer("a"))


def test_fetch_may_overtake() -> None:
    """A reply to `fetch` waits for nobody, and nobody waits for it."""
    chat = signed_in()
    chat.say("fetch", "f")
    chat.say("mood_update", "a")
    chat.say("fetch", "g")
    assert ["g"] == answered_ids(chat.answer("g"))
    assert ["a"] == answered_ids(chat.answer("a"))
    assert ["f"] == answered_ids(chat.answer("f", refusal=Refusal("not_found", "No")))


def test_errors_keep_the_order() -> None:
    """What is refused at once is answered in its turn."""
    chat = signed_in()
    chat.say("mood_update", "a")
    assert [] == chat.raw(b'{"type": "mood_update", "id": "b", "data": []}')
    assert [] == chat.raw(b"nonsense")
    chat.say("mood_update", "c")
    assert ["a", "b", ""] == answered_ids(chat.answer("a"))
    assert ["c"] == answered_ids(chat.answer("c"))


def test_error_form() -> None:
    """An error says what was wrong with which message, and where."""
    chat = signed_in()
    chat.say("mood_update", "a")
    (error,) = chat.answer("a", refusal=Refusal("invalid_request", "No", "data.mood", "too_long"))
    assert error["id"].startswith("err-")
    assert {
        "code": "invalid_request",
        "message": "No",
        "originalMessageId": "a",
        "details": {"field": "data.mood", "issue": "too_long"},
    } == error["data"]


def test_error_without_original() -> None:
    """`originalMessageId` is left out when unknown, details when there are none."""
    (error,) = signed_in().raw(b"[]")
    assert {
        "code": "invalid_request",
        "message": "The request format is invalid",
        "details": {"issue": "invalid_type"},
    } == error["data"]


# Malformed messages


def test_eleventh_malformed_message() -> None:
    """Ten are refused; one more closes, by `protocol_error` alone."""
    chat = signed_in()
    for _ in range(TOLERATED):
        assert [("invalid_request", None)] == [refusal_of(m) for m in chat.raw(b"{")]
    (notice,) = chat.raw(b"{")
    assert {"code": "protocol_error", "message": CLOSINGS["protocol_error"].message} == notice[
        "data"
    ]
    assert Hang(4400, "protocol_error") == chat.hung


def test_eleventh_malformed_message_in_messagepack() -> None:
    """What could not even be rewritten in JSON counts as well."""
    chat = Chat(reading=codec.PACKED)
    for _ in range(TOLERATED):
        assert len(chat.raw(b"\xc1")) == 1
    chat.raw(b"\xc1")
    assert Hang(4400, "protocol_error") == chat.hung


def test_bad_data_is_not_malformed() -> None:
    """A good envelope with bad text in its data is refused, and not counted."""
    chat = signed_in()
    for _ in range(2 * TOLERATED):
        replies = chat.raw(b'{"type": "mood_update", "id": "a", "data": {"note": "\\u0000"}}')
        assert [("invalid_request", "a")] == [refusal_of(m) for m in replies]
    assert chat.hung is None


def test_unknown_type_is_not_malformed() -> None:
    """What the type means is the engine's business."""
    chat = signed_in()
    for number in range(2 * TOLERATED):
        chat.say("no_such_type", f"m{number}")
    assert (20, None) == (len(chat.forwarded), chat.hung)


# Rate limits


def test_burst() -> None:
    """Forty messages at once, then one every half a second."""
    chat = Chat()  # the `auth` is one of them
    chat.sign_in()
    for number in range(39):
        assert [] == chat.say("fetch", f"m{number}")
    (refused,) = chat.say("fetch", "over")
    assert {
        "code": "rate_limit_exceeded",
        "message": "Too many requests",
        "originalMessageId": "over",
        "details": {"retryAfter": 1},
    } == refused["data"]
    chat.clock.move(0.5)
    assert [] == chat.say("fetch", "again")
    assert [("rate_limit_exceeded", "msg-1")] == [refusal_of(m) for m in chat.say("fetch")]


@pytest.mark.parametrize("kind", ["pong", "heartbeat"])
def test_keep_alive_is_exempt(kind: str) -> None:
    """Signs of life are not limited and take nothing from what is."""
    chat = signed_in()
    for _ in range(500):
        assert [] == chat.say(kind)
    assert [] == chat.say("fetch")


def test_limit_switched_off() -> None:
    """`HUGMOOD_RATE_LIMIT=off` lets everything through."""
    chat = signed_in(UNLIMITED)
    for number in range(500):
        assert [] == chat.say("fetch", f"m{number}")


def test_bad_data_is_limited() -> None:
    """Messages with bad text are no way around the limit.

    They used to be answered without end, each by an error.
    """
    chat = signed_in(Settings(burst=2))
    bad = b'{"type": "mood_update", "id": "a", "data": {"note": "\\u0000"}}'
    replies = [refusal_of(m)[0] for _ in range(3) for m in chat.raw(bad)]
    assert ["invalid_request", "rate_limit_exceeded", "rate_limit_exceeded"] == replies


def test_auth_over_the_limit() -> None:
    """A refused `auth` is always an `auth_response`, by whatever it is refused."""
    chat = Chat(Settings(burst=1))
    chat.say("fetch")
    (reply,) = chat.say("auth", "auth-1")
    assert ("auth_response", "auth-1-resp") == (reply["type"], reply["id"])
    assert ("rate_limit_exceeded", {"retryAfter": 1}) == (
        reply["data"]["error"],
        reply["data"]["details"],
    )


def test_disconnect_over_the_limit() -> None:
    """A refused command has no effect, `disconnect` too."""
    chat = signed_in(Settings(burst=1))
    assert [("rate_limit_exceeded", "msg-1")] == [refusal_of(m) for m in chat.say("disconnect")]
    assert chat.hung is None


def test_hundred_refused_in_a_row() -> None:
    """Who does not listen is sent away for a minute."""
    chat = signed_in(Settings(burst=1))
    for _ in range(IN_A_ROW - 1):
        assert [("rate_limit_exceeded", "msg-1")] == [refusal_of(m) for m in chat.say("fetch")]
    refused, notice = chat.say("fetch")
    assert ("rate_limit_exceeded", "msg-1") == refusal_of(refused)
    assert ("rate_limit_exceeded", 60_000) == (
        notice["data"]["code"],
        notice["data"]["reconnectDelay"],
    )
    assert Hang(4429, "rate_limit_exceeded") == chat.hung


def test_hundred_refused_with_one_between() -> None:
    """One that is taken begins the count anew."""
    chat = signed_in(Settings(burst=1))
    for _ in range(IN_A_ROW - 1):
        chat.say("fetch")
    chat.clock.move(1)
    assert [] == chat.say("fetch", "taken")
    for _ in range(IN_A_ROW - 1):
        chat.say("fetch")
    assert chat.hung is None


# Keep-alive


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 30.0), (0.5, 15.0), (0.75, 7.5)])
def test_ping_at_a_random_phase(luck: float, seconds: float) -> None:
    """The first ping comes within the interval, for each connection at another moment."""
    chat = signed_in(luck=luck)
    assert [] == chat.tick_after(seconds - 0.001)
    (ping,) = chat.tick_after(0.001)
    assert ping["type"] == "ping"
    assert ping["id"].startswith("ping-")
    assert {"timestamp": ping["timestamp"]} == ping["data"]


def test_ping_at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two times were read one after the other, and differed by a ms now and then."""
    chat = signed_in(luck=0.0)
    moments = iter(range(chat.clock.now(), chat.clock.now() + 10))
    monkeypatch.setattr(chat.ambient, "now", lambda: next(moments))
    (ping,) = chat.tick_after(30)
    assert {"timestamp": ping["timestamp"]} == ping["data"]


def test_ping_every_interval() -> None:
    """Then one every 30 s, and none in between."""
    chat = signed_in(luck=0.0)
    seconds = [s for s in range(1, 65) for _ in chat.tick_after(1) if not chat.say("pong")]
    assert [30, 60] == seconds


def test_no_ping_before_authentication() -> None:
    """A connection that nobody vouches for gets no pings, only its deadline."""
    chat = Chat(Settings(auth_timeout=100_000), luck=0.99)
    assert [] == chat.tick_after(99)


def test_silence() -> None:
    """75 s without a sign of life close the connection; pings are no sign."""
    chat = signed_in(luck=0.0)
    pings = [m["type"] for _ in range(74) for m in chat.tick_after(1)]
    assert ["ping", "ping"] == pings
    (notice,) = chat.tick_after(1)
    assert ("keepalive_timeout", 1000) == (
        notice["data"]["code"],
        notice["data"]["reconnectDelay"],
    )
    assert Hang(4408, "keepalive_timeout") == chat.hung


@pytest.mark.parametrize("life", ["frame", "pong", "heartbeat", "fetch", "nonsense"])
def test_any_frame_is_a_sign_of_life(life: str) -> None:
    """Whatever a client sends, even nonsense, shows that it is there."""
    chat = signed_in()
    chat.clock.move(70)
    if life == "frame":
        chat.session.alive(chat.clock.now())
    elif life == "nonsense":
        chat.raw(b"{")
    else:
        chat.say(life)
    chat.tick_after(74.9)
    assert chat.hung is None


# The end of the session


def test_session_expires() -> None:
    """At the very moment of `exp`, with an invitation to come back."""
    chat = Chat()
    chat.sign_in(lasting=20_000)
    chat.tick_after(19.999)
    assert chat.hung is None
    (notice,) = chat.tick_after(0.001)
    assert ("session_expired", 1000) == (notice["data"]["code"], notice["data"]["reconnectDelay"])
    assert Hang(4401, "session_expired") == chat.hung


def test_session_extended_in_place() -> None:
    """A later `auth` of the same user moves the end."""
    chat = Chat()
    chat.sign_in(lasting=20_000)
    chat.say("auth", "auth-2")
    chat.session.signed_in(chat.clock.now() + DAY)
    assert ["auth-2"] == answered_ids(chat.answer("auth-2"))
    chat.tick_after(21)
    assert chat.hung is None


def test_failed_auth_on_a_live_session() -> None:
    """The old session stays, and its commands go on meanwhile."""
    chat = signed_in()
    chat.say("auth", "auth-2")
    chat.say("mood_update", "a")
    assert ["auth-2", "a"] == chat.forwarded_ids
    (reply,) = chat.answer("auth-2", refusal=Refusal("invalid_auth", "No"))
    assert "invalid_auth" == reply["data"]["error"]
    assert ["a"] == answered_ids(chat.answer("a"))


def test_disconnect() -> None:
    """The engine is told; then, after all replies before it, WebSocket close 1000."""
    chat = signed_in()
    chat.say("mood_update", "a")
    chat.say("disconnect", "bye", {"reason": "user_logout"})
    chat.say("mood_update", "late")
    assert [] == chat.answer("late") + chat.answer("bye")
    assert ["a"] == answered_ids(chat.answer("a"))
    assert Hang(1000, "") == chat.hung


def test_refused_disconnect() -> None:
    """Who could not be logged out is told, and may say it again.

    It used to close as if it had worked, and the token was still good.
    """
    chat = signed_in()
    chat.say("disconnect", "bye", {"reason": "user_logout"})
    (error,) = chat.answer("bye", refusal=Refusal("server_error", "Oops"))
    assert ("server_error", "bye") == refusal_of(error)
    assert chat.hung is None
    chat.say("disconnect", "again")
    chat.answer("again")
    assert Hang(1000, "") == chat.hung


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_set(hours: int) -> None:
    """Nobody is cut off for it: deadlines go by a clock that is never set."""
    chat, newcomer = signed_in(), Chat()
    for each in (chat, newcomer):
        each.ambient.wrong = hours * 3600 * SECOND
        each.tick_after(1)
    assert (None, None) == (chat.hung, newcomer.hung)
    newcomer.tick_after(29)
    assert Hang(4408, "auth_timeout") == newcomer.hung


def test_time_of_a_clock_that_is_set() -> None:
    """What people are told is the time as it is now."""
    chat = signed_in()
    chat.ambient.wrong = -3600 * SECOND
    (ping,) = chat.tick_after(15)
    assert "2023-08-25T13:30:15.000Z" == ping["timestamp"] == ping["data"]["timestamp"]


@pytest.mark.parametrize(
    ("code", "websocket_code", "comes_back"),
    [
        ("auth_timeout", 4408, True),
        ("keepalive_timeout", 4408, True),
        ("session_expired", 4401, True),
        ("session_revoked", 4401, False),
        ("session_replaced", 4409, False),
        ("rate_limit_exceeded", 4429, True),
        ("protocol_error", 4400, False),
        ("slow_consumer", 4413, True),
        ("server_shutdown", 1001, True),
    ],
)
def test_closing(code: CloseCode, websocket_code: int, *, comes_back: bool) -> None:
    """Each code has its WebSocket code, and a delay unless coming back is useless."""
    chat = signed_in()
    (notice,) = chat.take(chat.session.close(code))
    assert notice["id"].startswith("close-")
    assert (code, comes_back) == (notice["data"]["code"], "reconnectDelay" in notice["data"])
    assert Hang(websocket_code, code) == chat.hung


def test_every_closing_is_tried() -> None:
    """The table above has them all."""
    assert len(CLOSINGS) == 9


def test_closing_with_a_delay() -> None:
    """Who closes may say when to come back, also at once."""
    chat = signed_in()
    (notice,) = chat.take(chat.session.close("server_shutdown", 0))
    assert notice["data"]["reconnectDelay"] == 0


def test_nothing_after_the_end() -> None:
    """Whatever still comes has no effect."""
    chat = signed_in()
    chat.say("mood_update", "a")
    now = chat.clock.now()
    chat.take(chat.session.close("server_shutdown"))
    assert [] == chat.say("mood_update", "b") + chat.raw(b"{") + chat.answer("a")
    assert [] == chat.session.tick(now + DAY) + chat.session.close("slow_consumer")


def test_signed_in_after_the_connection_went() -> None:
    """An `auth` whose client has gone meanwhile does not bring it back.

    The connection used to count as online, with nobody there, until the server stopped.
    """
    chat = Chat()
    chat.say("auth", "auth-1")
    chat.session.lost()
    chat.session.signed_in(chat.clock.now() + DAY)
    assert (True, Phase.OVER) == (chat.session.over, chat.session.phase)


# All of it, in any order

ENGINE_REFUSALS: Final = [
    Refusal("invalid_request", "No", "data.x", "too_long"),
    Refusal("server_error", "Oops"),
    Refusal("rate_limit_exceeded", "Slow", retry_after=3),
]
BAD: Final = {
    "nonsense": b'{"type": "mood_update", "id": ',
    "no_object": b"[1]",
    "bad_data": b'{"type": "mood_update", "id": "%b", "data": 5}',
    "bad_text": b'{"type": "mood_update", "id": "%b", "data": {"x": "\\u0000"}}',
}


class Conversation(RuleBasedStateMachine):
    """A client without manners, an engine without order, and time that jumps."""

    @initialize(
        limited=st.booleans(),
        burst=st.integers(1, 30),
        luck=st.floats(0, 1, exclude_max=True),
    )
    def begin(self, *, limited: bool, burst: int, luck: float) -> None:
        """Open a connection."""
        self.settings = Settings(limited=limited, burst=burst)
        self.clock = Clock(START)
        ambient = FakeAmbient(self.clock)
        ambient.luck = luck
        self.began = self.heard = self.clock.now()
        self.session = Session(self.settings, ambient, self.began)
        self.count = 0
        self.outstanding: list[Slot] = []
        self.ordered: list[str] = []
        """Messages whose replies must come in this order; "" where the id is unknown."""
        self.queries: set[str] = set()
        self.goodbyes: set[str] = set()
        self.replied: list[str] = []
        self.hang: Hang | None = None
        self.closing = ""
        self.expires: int | None = None
        self.last_ping: int | None = None
        self.malformed = self.early = 0

    # What happens

    @rule(kind=st.sampled_from(["mood_update", "no_such_type", "auth", "fetch", "disconnect"]))
    def command(self, kind: str) -> None:
        """A message that is as it should be."""
        message_id = self.new_id()
        if kind == "fetch":
            self.queries.add(message_id)
        elif not self.session.over:
            self.ordered.append(message_id)
        if kind == "disconnect":
            self.goodbyes.add(message_id)
        self.early += self.expires is None and kind not in {"auth", "disconnect"}
        self.receive(msgspec.json.encode({"type": kind, "id": message_id}))

    @rule(times=st.sampled_from([12, 40, 110, 260]), kind=st.sampled_from(["fetch", "mood_update"]))
    def flood(self, times: int, kind: str) -> None:
        """Many messages at once."""
        for _ in range(times):
            self.command(kind)

    @rule(kind=st.sampled_from(["pong", "heartbeat"]))
    def keep_alive(self, kind: str) -> None:
        """A message that gets no answer."""
        self.receive(msgspec.json.encode({"type": kind, "id": self.new_id()}))

    @rule(bad=st.sampled_from(sorted(BAD)))
    def bad_message(self, bad: str) -> None:
        """A message that cannot be read, or not all of it."""
        message_id = self.new_id()
        text = BAD[bad]
        if not self.session.over:
            self.ordered.append(message_id if b"%b" in text else "")
            self.malformed += bad != "bad_text"
        self.receive(text % message_id.encode() if b"%b" in text else text)

    @rule()
    def frame(self) -> None:
        """A sign of life that is no message."""
        self.heard = self.clock.now()
        self.session.alive(self.heard)

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data(), refused=st.booleans(), lasting=st.sampled_from([5, 100, 100_000]))
    def answer(self, data: Any, lasting: int, *, refused: bool) -> None:  # noqa: ANN401
        """The engine answers something, in any order."""
        slot = self.outstanding.pop(data.draw(st.integers(0, len(self.outstanding) - 1)))
        refusal = data.draw(st.sampled_from(ENGINE_REFUSALS)) if refused else None
        self.answer_slot(slot, refusal, lasting)

    @rule(seconds=st.sampled_from([0, 0.001, 1, 14, 29, 31, 80]), punctual=st.booleans())
    def time(self, seconds: float, *, punctual: bool) -> None:
        """Time passes; a punctual gateway looks whenever something is due."""
        target = self.clock.now() + round(seconds * SECOND)
        while punctual and not self.session.over and self.session.due() < target:
            self.clock.move((max(self.session.due(), self.clock.now()) - self.clock.now()) / SECOND)
            self.tick()
        self.clock.move((target - self.clock.now()) / SECOND)
        self.tick()

    @rule(chance=st.integers(0, 30))
    def close(self, chance: int) -> None:
        """Now and then the server closes the connection, or it is lost."""
        if chance == 30:
            self.do(self.session.close("server_shutdown"))
        elif chance == 29:
            self.session.lost()

    # How it is carried out

    def new_id(self) -> str:
        """An id that no other message has."""
        self.count += 1
        return f"m{self.count}"

    def receive(self, message: bytes) -> None:
        """Give it to the session."""
        if not self.session.over:
            self.heard = self.clock.now()
        self.do(self.session.receive(message, self.clock.now()))

    def answer_slot(self, slot: Slot, refusal: Refusal | None, lasting: int) -> None:
        """Answer; an `auth` that succeeds signs in first."""
        if slot.type == "auth" and refusal is None and not self.session.over:
            self.expires = self.clock.now() + lasting * SECOND
            self.session.signed_in(self.expires)
        self.do(self.session.answered(slot, b"{}", refusal))

    def tick(self) -> None:
        """Do what is due, and see that it was done."""
        now = self.clock.now()
        self.do(self.session.tick(now))
        if self.session.over:
            return
        assert self.session.due() > now, "the gateway would look again and again"
        if self.expires is None:
            assert now < self.began + self.settings.auth_timeout
        else:
            assert now < self.expires
            assert now < self.heard + self.settings.silence_timeout
            last = self.began if self.last_ping is None else self.last_ping
            assert now < last + self.settings.ping_interval

    def do(self, effects: list[Effect]) -> None:
        """Carry out the effects, and look at each."""
        for effect in effects:
            assert self.hang is None
            if isinstance(effect, Hang):
                self.hang_up(effect)
            elif isinstance(effect, Forward):
                self.forward(effect)
            else:
                self.send(read(effect.prefix))

    def hang_up(self, hang: Hang) -> None:
        """See that there is a reason."""
        self.hang = hang
        if hang.websocket_code == 1000:
            assert self.ordered[len(self.replied)] in self.goodbyes
            assert self.closing == ""
        else:
            assert self.closing == hang.reason
        if self.closing == "protocol_error" and self.expires is not None:
            assert self.malformed == TOLERATED + 1

    def forward(self, forward: Forward) -> None:
        """See that it may go to the engine."""
        if self.expires is None:
            assert forward.slot.type == "auth"
            assert [slot for slot in self.outstanding if slot.type == "auth"] == []
        self.outstanding.append(forward.slot)

    def send(self, message: Message) -> None:
        """See that it is in its place."""
        assert self.closing == "", "only the end comes after a notice"
        if message["type"] == "connection_close":
            self.closing = message["data"]["code"]
        elif message["type"] == "ping":
            now = self.clock.now()
            assert self.last_ping is None or now - self.last_ping >= self.settings.ping_interval
            self.last_ping = now
        else:
            self.reply(_answered_id(message) or "")

    def reply(self, message_id: str) -> None:
        """Strike it off."""
        if message_id in self.queries:
            self.queries.remove(message_id)
            return
        self.replied.append(message_id)
        assert self.ordered[len(self.replied) - 1] == message_id

    # What must hold

    @invariant()
    def counts(self) -> None:
        """The eleventh malformed message, or early command, was the last message."""
        if self.malformed > TOLERATED:
            assert self.session.over
        if self.closing == "protocol_error" and self.malformed <= TOLERATED:
            assert self.early > TOLERATED
        unheld = not self.outstanding and self.expires is None
        if unheld and self.early > TOLERATED and not self.settings.limited:
            assert self.session.over

    @invariant()
    def over_at_the_end(self) -> None:
        """After hanging up the session says that it is over."""
        assert self.hang is None or self.session.over

    def teardown(self) -> None:
        """Let the engine answer everything: every message got its one reply."""
        if not hasattr(self, "session"):
            return
        while self.outstanding:
            self.answer_slot(self.outstanding.pop(), None, 1000)
        if not self.session.over:
            assert (self.ordered, set()) == (self.replied, self.queries)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
