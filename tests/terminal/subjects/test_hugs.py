"""Requests for hugs, from both sides."""

from collections.abc import AsyncGenerator

from hugmood.ambient import Instant, System, iso
from hugmood.features.hugs.messages import (
    FetchHugRequests,
    HugReceived,
    HugRequested,
    HugRequestItem,
    HugRequestPage,
    HugRequestReceived,
    RequestHug,
)
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.display import Display
from hugmood.terminal.session import PIPED, converse
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, talk, text

LATER = Instant(NOON + 3600 * 1000)


def request(number: int) -> dict[str, object]:
    """One that was received and is open."""
    now = System().now()
    return {
        "id": f"req-{number}",
        "direction": "received",
        "status": "open",
        "userId": "user-7",
        "userName": "Robin",
        "message": "Please",
        "createdAt": iso(now - 1000 + number),
        "expiresAt": iso(now + 3600_000),
    }


async def test_the_newest_request_is_answered(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """Also where it came before this client did, then the one before it."""
    server.answers["hug_requests"] = {"totalCount": 2, "items": [request(2), request(1)]}
    server.answers["respond_hug_request"] = {"requestId": "req-2", "hugId": "hug-1"}
    async with join() as hug:
        await talk(hug, shown, "/yes warm Here I am", "/no", "/no 1")
    assert "· 2 asked: /requests" == shown[0]
    assert ["✓ You gave the hug", "✓ Declined; nobody is told"] == shown[1:3]
    asked = [ask.data for ask in server.asked("respond_hug_request")]
    assert {
        "requestId": "req-2", "accept": True, "hugType": "warm", "message": "Here I am",
    } == asked[0]  # fmt: skip
    assert {"requestId": "req-1", "accept": False} == asked[1] == asked[2]


async def test_what_is_over_is_not_meant_any_more(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """Someone answered on another device: the next is the one before."""
    server.answers["hug_requests"] = {"totalCount": 2, "items": [request(2), request(1)]}
    server.answers["respond_hug_request"] = {"requestId": "req-1"}
    answered = {"field": "data.requestId", "issue": "already_responded"}

    async def lines() -> AsyncGenerator[str, None]:
        server.refusals = [{"code": "invalid_request", "message": "x", "details": answered}]
        yield "/no"
        yield "/no"

    async with join() as hug:
        await converse(Conversation(hug, shown, System()), lines(), PIPED)
    assert ["! You have answered that already", "✓ Declined; nobody is told"] == shown[1:]
    assert ["req-1"] == [ask.data["requestId"] for ask in server.effects]


def test_a_request_says_how_to_answer(display: Display) -> None:
    """By its number, and until when."""
    event = HugRequestReceived(
        request_id="req-9",
        requester_id="user-3",
        requester_name="Robin",
        message="Please",
        created_at=NOON,
        expires_at=LATER,
    )
    (line,) = display.event(event, NOON, NOON)
    assert "Robin asks you for a hug: Please  #2, until TIME: /yes or /no" == text(line)


def test_a_hug_that_was_asked_for_says_so(display: Display) -> None:
    """It answers something."""
    event = HugReceived(
        hug_id="hug-1",
        request_id="req-1",
        sender_id="user-2",
        sender_name="Jane",
        hug_type="warm",
        sent_at=NOON,
    )
    assert "🤗 Jane hugs you as you asked, warm" == text(display.event(event, NOON, NOON)[0])


def test_whom_one_asked_is_said(display: Display) -> None:
    """A person, those in a group hug, or all followers."""
    reply = HugRequested(request_id="req-5", expires_at=LATER)
    commands = [
        RequestHug(target_type="user", target_id="user-2"),
        RequestHug(target_type="group", target_id="group-1"),
        RequestHug(target_type="followers"),
    ]
    assert [
        "✓ You asked Jane Smith, who can answer until TIME",
        "✓ You asked those in Tea time, who can answer until TIME",
        "✓ You asked your followers, who can answer until TIME",
    ] == [text(display.answer(command, reply, NOON)[0]) for command in commands]


def test_requests_say_what_came_of_them(display: Display) -> None:
    """Those of others with the number to answer by."""
    items = [
        HugRequestItem(
            id="req-8", direction="sent", status="open", target_type="followers",
            accepted_count=2, created_at=NOON, expires_at=LATER,
        ),
        HugRequestItem(
            id="req-7", direction="sent", status="expired", target_type="user",
            target_id="user-2", user_id="user-2", user_name="Jane", message="Please",
            accepted_count=0, created_at=NOON, expires_at=NOON,
        ),
        HugRequestItem(
            id="req-1", direction="received", status="declined", user_id="user-3",
            user_name="Robin", created_at=NOON, expires_at=LATER,
        ),
    ]  # fmt: skip
    page = HugRequestPage(data_type="hug_requests", total_count=9, as_of_sequence=1, items=items)
    assert [
        "#1  Robin asked you  declined",
        "you asked Jane: Please  expired",
        "you asked your followers  open until TIME, 2 hugs",
        "3 of 9",
    ] == [text(line) for line in display.answer(FetchHugRequests(), page, NOON)]
