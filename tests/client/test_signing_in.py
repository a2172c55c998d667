"""Who one is: tokens, passwords, guests, registration, renewal."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hugmood.ambient import Instant, System
from hugmood.client import (
    AuthFailed,
    Credentials,
    Guest,
    Registration,
    StateError,
    Timing,
    connect,
)
from tests.client.conftest import FAST, Joining
from tests.client.fake_server import DAY, Ask, FakeServer, Peer, eventually
from tests.client.test_client import HUG, first, texts

JO = Credentials("jo@example.com", "correct horse")
EXPIRED = {"error": "auth_expired"}


class Clock(System):
    """A clock that a test sets forward."""

    ahead = 0

    def now(self) -> int:
        """Milliseconds since 1970-01-01 UTC, and so many more."""
        return super().now() + self.ahead


def methods(server: FakeServer) -> list[object]:
    """How it was tried to sign in."""
    return [ask.data["method"] for ask in server.asked("auth")]


async def test_a_password_is_used_once(join: Joining, server: FakeServer) -> None:
    """From then on there is a token."""
    async with join(credentials=JO) as hug:
        assert "user-jo@example.com" == hug.user_id
        server.cut()
        await eventually(lambda: server.connections == 2 and hug.connected)
    assert ["credentials", "token"] == methods(server)


async def test_with_a_token_that_is_no_longer_good_the_password_helps(
    join: Joining, server: FakeServer
) -> None:
    """Over the same connection, and with the position."""
    server.auth_errors = [EXPIRED]
    async with join(token="old", credentials=JO, position=0) as hug:
        assert hug.connected
    assert ["token", "credentials"] == methods(server)
    assert 0 == server.asked("auth")[1].data["lastSequenceNumber"]
    assert 1 == server.connections


async def test_without_a_password_it_has_failed(join: Joining) -> None:
    """The code says why."""
    with pytest.raises(AuthFailed) as failure:
        async with join(token="forged"):
            pass
    assert "invalid_auth" == failure.value.code
    assert not failure.value.retryable


async def test_a_token_that_is_no_longer_good_is_not_kept(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """To try it again would only count as another failure."""
    async with join(state=tmp_path / "state"):
        pass
    server.tokens.clear()
    for code in ("invalid_auth", "auth_required"):
        with pytest.raises(AuthFailed) as failure:
            async with connect(server.url, state=tmp_path / "state", timing=FAST):
                pass
        assert code == failure.value.code


async def test_a_wrong_password_has_failed(join: Joining) -> None:
    """It is not tried again and again, which would lock the account."""
    with pytest.raises(AuthFailed, match="invalid_credentials"):
        async with join(credentials=replace(JO, password="wrong")):
            pass


async def test_failing_later_ends_the_session(join: Joining, server: FakeServer) -> None:
    """Whoever waits is told; commands stay queued in the state file."""
    async with join() as hug:
        server.tokens.clear()
        server.cut()
        with pytest.raises(AuthFailed):
            await first(hug, 1)
        with pytest.raises(AuthFailed):
            await hug.request(HUG)


async def test_too_many_failures_wait(join: Joining, server: FakeServer) -> None:
    """`rate_limit_exceeded` passes, and is no reason to give up."""
    server.auth_errors = [{"error": "rate_limit_exceeded", "details": {"retryAfter": 0}}]
    async with join() as hug:
        assert hug.connected
    assert 2 == server.connections


async def test_a_guest_comes_back_as_the_same(join: Joining, server: FakeServer) -> None:
    """By the token, also an expired one; and does not miss anything."""
    async with join(guest=Guest("Robin")) as hug:
        user_id = hug.user_id
        server.cut()
        await eventually(lambda: server.connections == 2 and hug.connected)
        assert user_id == hug.user_id
    one, two = server.asked("auth")
    assert "Robin" == one.data["nickname"]
    assert one.data["deviceId"] == two.data["deviceId"]
    assert two.data["token"].startswith("token-")
    assert 0 == two.data["lastSequenceNumber"]


async def test_a_guest_who_was_away_too_long_is_a_new_one(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """With a new stream, and what was queued is not lost."""
    state = tmp_path / "guest"
    await server.hug("one")
    async with join(guest=Guest("Robin"), state=state) as hug:
        await server.stop()
        await eventually(lambda: not hug.connected)
        hug.send(HUG)
    server.tokens.clear()
    server.events.clear()
    await server.start()
    async with join(guest=Guest("Robin"), state=state) as hug:
        await first(hug, 1)
        assert 0 == hug.position
    assert 1 == len(server.effects)
    assert 1 == len({ask.data["deviceId"] for ask in server.asked("auth")})


async def test_a_guest_may_become_another_while_running(join: Joining, server: FakeServer) -> None:
    """What came before is still there to be handled, and positions are those from now on."""
    async with join(guest=Guest("Robin")) as hug:
        for text in ("one", "two"):
            await server.hug(text)
        await hug.request(HUG)
        server.tokens.clear()
        server.events.clear()
        server.cut()
        await eventually(lambda: len(methods(server)) == 3 and hug.connected)
        assert ["one", "two"] == texts(await first(hug, 2))
        assert hug.position is None
        await server.hug("three")
        assert ["three"] == texts(await first(hug, 1))
    assert 1 == hug.position


async def test_a_state_file_knows_that_it_is_a_guests(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """Guests may come back with a token that has expired, others may not."""
    state = tmp_path / "guest"
    async with join(guest=Guest("Robin"), state=state):
        pass
    async with connect(server.url, state=state, timing=FAST):
        pass
    assert ["anonymous", "anonymous"] == methods(server)


async def test_registering_opens_an_account(join: Joining, server: FakeServer) -> None:
    """Once; afterwards there is a token."""
    account = Registration("al@example.com", "a long password", "Al")
    async with join(register=account) as hug:
        server.cut()
        await eventually(lambda: server.connections == 2 and hug.connected)
    assert ["register", "token"] == methods(server)
    assert "Al" == server.asked("auth")[0].data["name"]


async def test_an_answer_to_registering_may_get_lost(join: Joining, server: FakeServer) -> None:
    """Then the account exists, and one signs in."""

    async def cut_off(_: Peer, ask: Ask) -> None:
        if ask.data.get("method") == "register":
            server.passwords[ask.data["email"]] = ask.data["password"]
            server.cut()

    server.on_ask = cut_off
    async with join(register=Registration("al@example.com", "a long password", "Al")) as hug:
        assert hug.connected
    assert ["register", "credentials"] == methods(server)


async def test_an_address_that_is_taken_has_failed(join: Joining, server: FakeServer) -> None:
    """Nothing else can be tried."""
    details = {"field": "data.email", "issue": "unknown_value"}
    server.auth_errors = [{"error": "invalid_request", "details": details}]
    with pytest.raises(AuthFailed) as failure:
        async with join(register=Registration("jo@example.com", "a long password", "Jo")):
            pass
    assert "data.email" == failure.value.field


async def test_a_token_is_renewed_before_it_ends(join: Joining, server: FakeServer) -> None:
    """Over the live connection; whoever keeps tokens is told."""
    clock, tokens = Clock(), list[str]()
    async with join(
        credentials=JO,
        ambient=clock,
        timing=Timing(heartbeat=0.01),
        on_token=lambda token, _: tokens.append(token),
    ) as hug:
        clock.ahead = int(DAY * 0.7)
        await asyncio.sleep(0.05)
        assert ["credentials"] == methods(server)
        clock.ahead = int(DAY * 0.9)
        await eventually(lambda: len(tokens) == 2)
        assert tokens[-1] == hug.token
    assert ["credentials", "refresh"] == methods(server)
    assert tokens[0] == server.asked("auth")[1].data["token"]
    assert 1 == server.connections


async def test_a_renewal_that_fails_is_tried_later(join: Joining, server: FakeServer) -> None:
    """The old token is still good for a while."""
    clock = Clock()
    async with join(ambient=clock, timing=Timing(heartbeat=0.01)) as hug:
        server.auth_errors = [{"error": "rate_limit_exceeded"}]
        clock.ahead = int(DAY * 0.9)
        await eventually(lambda: len(methods(server)) == 2)
        await asyncio.sleep(0.05)
        assert 2 == len(methods(server))
        clock.ahead = int(DAY * 0.92)
        await eventually(lambda: hug.token != "token-0")


async def test_a_wrong_clock_is_corrected(join: Joining, server: FakeServer) -> None:
    """The server refuses entries of tomorrow; a right clock's times stay as they are."""
    clock = Clock()
    clock.ahead = DAY
    async with join(ambient=clock) as hug:
        await hug.request(HUG)
    sent = Instant.parse(server.effects[0].timestamp)
    assert abs(sent - System().now()) < 60_000


async def test_the_kept_token_comes_before_the_given_one(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """It may be its successor, and to use a retired token ends the session."""
    state, clock = tmp_path / "state", Clock()
    async with join(state=state, ambient=clock, timing=Timing(heartbeat=0.01)) as hug:
        clock.ahead = int(DAY * 0.9)
        await eventually(lambda: hug.token != "token-0")
        newer = hug.token
    async with join(state=state):
        pass
    assert newer == server.asked("auth")[-1].data["token"]


async def test_a_state_file_is_one_accounts(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """Nobody's commands are sent in another's name."""
    state = tmp_path / "state"
    async with join(credentials=JO, state=state):
        pass
    server.tokens.clear()
    server.tokens["token-7"] = "user-7"
    with pytest.raises(StateError, match="another account"):
        async with join(token="token-7", state=state):
            pass


async def test_a_state_file_is_one_servers(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """No token is sent to another server."""
    state = tmp_path / "state"
    async with join(state=state):
        pass
    with pytest.raises(StateError, match="another server"):
        async with connect("ws://elsewhere.example/ws", state=state, timing=FAST):
            pass


async def test_a_state_file_is_one_clients(join: Joining, tmp_path: Path) -> None:
    """Two would send the same commands, and hide each other's events."""
    async with join(state=tmp_path / "state"):
        with pytest.raises(StateError, match="another client"):
            async with join(state=tmp_path / "state"):
                pass


async def test_logging_out_forgets_the_token(
    join: Joining, server: FakeServer, tmp_path: Path
) -> None:
    """Here too."""
    state = tmp_path / "state"
    async with join(credentials=JO, state=state) as hug:
        await hug.log_out()
    with pytest.raises(AuthFailed, match="needed to sign in"):
        async with connect(server.url, state=state):
            pass
    assert b"correct horse" not in state.read_bytes()


async def test_something_to_sign_in_with_is_needed(server: FakeServer) -> None:
    """And not too much of it."""
    with pytest.raises(AuthFailed, match="needed to sign in"):
        async with connect(server.url):
            pass
    with pytest.raises(ValueError, match="one of"):
        connect(server.url, credentials=JO, guest=Guest())


def test_passwords_are_not_shown() -> None:
    """Not even by accident, in a traceback or a log line."""
    account = Registration("al@example.com", "a long password", "Al")
    assert "correct horse" not in repr(JO)
    assert "a long password" not in repr(account)
