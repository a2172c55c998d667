"""Keeping connected: sign in, move messages, keep alive, and come back."""

import asyncio
import logging
from typing import Final

import msgspec
from msgspec import Struct, structs

from hugmood.ambient import Ambient
from hugmood.client.backoff import Backoff
from hugmood.client.connection import Connection, Lost, told
from hugmood.client.errors import AuthFailed, RequestFailed, StateError, Unreachable
from hugmood.client.exchange import Exchange
from hugmood.client.feed import Feed
from hugmood.client.inbox import HoleError
from hugmood.client.incoming import Incoming, auth_failed, decode, request_failed
from hugmood.client.journal import Journal
from hugmood.client.options import Guest, Options, Phase, State
from hugmood.client.signing import NOT_GOOD, AuthCommand, SignIn, Times
from hugmood.client.waking import Bell, race
from hugmood.errors import Rejected
from hugmood.features.auth.messages import AuthRefresh, AuthResponse, Disconnect
from hugmood.features.subscriptions.messages import Subscribe
from hugmood.wire import codec
from hugmood.wire.message import AuthFailure, ConnectionClose, Error

_LOG: Final = logging.getLogger(__name__)
_RATE_LIMITED: Final = 60.0
"""Seconds to wait after `rate_limit_exceeded` that does not say how long."""


class _Pong(Struct, rename="camel"):
    ping_id: str


class _Outcome(Struct):
    success: bool


class Link:
    """One connection after the other, until the user leaves or coming back is useless."""

    def __init__(
        self,
        options: Options,
        ambient: Ambient,
        journal: Journal,
        feed: Feed,
        exchange: Exchange,
        bell: Bell,
    ) -> None:
        """Begin unconnected."""
        self._options = options
        self._ambient = ambient
        self._journal = journal
        self._feed = feed
        self._exchange = exchange
        self._bell = bell
        self._backoff = Backoff(options.timing.backoff, options.timing.backoff_cap)
        self._connection: Connection | None = None
        self._refreshing: tuple[str, AuthCommand] | None = None
        self._leaving = False
        self._goodbye = ""
        self._since: float | None = None
        self.sign_in = SignIn(options.identity, journal.kept.token, options.token)
        self.state = State("connecting")
        self.ready = asyncio.Event()
        """Set once signed in for the first time."""

    async def run(self) -> None:
        """Connect again and again; raises what ends it for good."""
        while not self._leaving:
            lost = await self._until_lost()
            if not self._leaving:
                await self._come_back(lost)

    async def leave(self, reason: str) -> bool:
        """Say goodbye and wait for the close; False if there was nobody to tell."""
        self._leaving = True
        connection = self._connection
        if connection is None:
            return False
        try:
            async with asyncio.timeout(self._options.timing.close):
                goodbye = codec.encode(Disconnect(reason=reason))
                self._goodbye = await connection.say("disconnect", goodbye)
                await connection.gone()
        except (Lost, TimeoutError):
            return False
        return self._goodbye != ""

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is signed in."""
        return self._connection is not None

    def tell(self, phase: Phase, reason: str = "", retry_in: float = 0.0) -> None:
        """Let the user know where we stand."""
        self.state = State(phase, reason, retry_in)
        if self._options.on_state:
            self._options.on_state(self.state)

    # From one connection to the next

    async def _until_lost(self) -> Lost:
        self._since = None
        try:
            await self._live()
        except Lost as lost:
            return lost
        except HoleError:
            return Lost("messages are missing")
        except Rejected:
            return Lost("the server sent what cannot be understood")
        return Lost("the connection has ended")

    async def _live(self) -> None:
        """Connect, sign in, and do everything that one connection is there for."""
        self.tell("connecting", self.state.reason)
        async with Connection.open(self._options, self._ambient) as connection:
            await self._sign_in(connection)
            self._connection = connection
            try:
                await race(
                    self._read(connection),
                    self._write(connection),
                    self._keep_alive(connection),
                    self._watch_for_room(),
                )
            finally:
                self._connection = None
                self._refreshing = None
                self._exchange.disconnected()

    async def _come_back(self, lost: Lost) -> None:
        passing = isinstance(lost.end, Unreachable) and self.ready.is_set()
        if lost.end and not passing:
            raise lost.end
        if lost.planned:
            return
        now = asyncio.get_running_loop().time()
        if self._since and now - self._since >= self._options.timing.stable:
            self._backoff.reset()
        delay = self._backoff.delay(self._ambient.chance(), lost.delay)
        _LOG.info("%s; connecting again in %.1f s", lost.reason, delay)
        self.tell("waiting", lost.reason, delay)
        await asyncio.sleep(delay)

    # Signing in

    async def _sign_in(self, connection: Connection) -> None:
        refusal = AuthFailed("invalid_auth", "There is neither a good token nor a password")
        try:
            async with asyncio.timeout(self._options.timing.sign_in):
                for command in self.sign_in.choices(self._feed.received):
                    outcome = await self._try(connection, command)
                    if outcome is None:
                        return
                    refusal = outcome
        except TimeoutError as error:
            reason = "the server did not answer in time"
            raise Lost(reason) from error
        raise refusal

    async def _try(self, connection: Connection, command: AuthCommand) -> AuthFailed | None:
        """Try one way; None if it works, the refusal if another way may work."""
        self.sign_in.trying(command)
        able = structs.replace(command, capabilities=["batch"]) if self._options.batch else command
        message_id = await connection.say("auth", codec.encode(able), prefix="msg")
        message = await self._reply_to(connection, message_id)
        outcome = _auth_outcome(message)
        if isinstance(outcome, AuthResponse):
            self._welcome(command, outcome, message)
            if self._exchange.narrowing:
                again = codec.encode(self._exchange.narrowing)
                await connection.say(Subscribe.wire_type, again, prefix="msg")
            return None
        if outcome.retryable:
            after = outcome.retry_after
            raise Lost(outcome.message, delay=_RATE_LIMITED if after is None else after)
        if outcome.code not in NOT_GOOD:
            raise outcome
        self.sign_in.refused(command)
        self._journal.token(self.sign_in.token)
        return outcome

    async def _reply_to(self, connection: Connection, message_id: str) -> Incoming:
        while True:
            message = await connection.receive()
            if message.id == f"{message_id}-resp":
                return message
            if message.type == "error":
                if decode(Error, message.data).original_message_id == message_id:
                    return message
            else:
                await self._serve(connection, message)

    def _welcome(self, command: AuthCommand, response: AuthResponse, message: Incoming) -> None:
        self._check_account(response.user_id)
        self._take_token(command, response, message)
        self._feed.begin(message.sequence_number)
        self._since = asyncio.get_running_loop().time()
        self.tell("connected")
        self.ready.set()

    def _check_account(self, user_id: str) -> None:
        account = self._journal.kept.account
        known = account.user_id if account else None
        guest = self._options.identity if isinstance(self._options.identity, Guest) else None
        if known and known != user_id:
            if guest is None:
                message = "the state file belongs to another account"
                raise StateError(message)
            self._feed.restart()
        device_id = guest.device_id if guest else None
        self._journal.account(self._options.url, user_id, device_id)

    def _take_token(self, command: AuthCommand, response: AuthResponse, message: Incoming) -> None:
        times = Times(message.timestamp, self._ambient.now(), self._ambient.chance())
        self._exchange.set_clock(times.server - times.now)
        new = self.sign_in.accepted(command, response, times)
        token = self.sign_in.token
        self._journal.token(token)
        if new and token and self._options.on_token:
            self._options.on_token(token, response.expires)

    # While connected

    async def _read(self, connection: Connection) -> None:
        while True:
            while self._feed.full and not (self._exchange.expecting or self._refreshing):
                await self._bell.heard()
            message = await connection.receive()
            await self._serve(connection, message)
            self._feed.take(message)

    async def _serve(self, connection: Connection, message: Incoming) -> None:
        """Do what a message asks of the client itself."""
        if message.type == "ping":
            await connection.say("pong", msgspec.json.encode(_Pong(message.id)))
        elif message.type == "connection_close":
            raise told(decode(ConnectionClose, message.data))
        elif self._refreshing and self._is_refresh(message):
            self._refreshed(self._refreshing[1], message)
        elif message.type == "error":
            self._take_error(decode(Error, message.data))
        elif message.id.endswith("-resp"):
            self._exchange.replied(message)

    def _take_error(self, error: Error) -> None:
        if self._goodbye and error.original_message_id == self._goodbye:
            self._goodbye = ""
            raise Lost(error.message)
        self._exchange.refused(error)

    async def _write(self, connection: Connection) -> None:
        while True:
            message = self._exchange.next()
            if message:
                await connection.send(message)
            else:
                await self._exchange.more()

    async def _keep_alive(self, connection: Connection) -> None:
        interval = self._options.timing.heartbeat
        while True:
            idle = asyncio.get_running_loop().time() - connection.last_sent
            if idle >= interval:
                await connection.say("heartbeat")
                idle = 0.0
            refresh_at = self.sign_in.refresh_at or self._ambient.now()
            until = (refresh_at - self._ambient.now()) / 1000
            if until <= 0 and not self._refreshing:
                await self._refresh(connection)
            await asyncio.sleep(min(interval - idle, until) if until > 0 else interval - idle)

    async def _watch_for_room(self) -> None:
        while not self._feed.wants_more:
            await self._bell.heard()
        reason = "there is room again for what was left"
        raise Lost(reason, planned=True)

    async def _refresh(self, connection: Connection) -> None:
        if self.sign_in.token:
            command = AuthRefresh(token=self.sign_in.token)
            message_id = await connection.say("auth", codec.encode(command), prefix="msg")
            self._refreshing = message_id, command

    def _is_refresh(self, message: Incoming) -> bool:
        """Whether this answers the request for a new token."""
        if self._refreshing is None:
            return False
        message_id, _ = self._refreshing
        return message.id == f"{message_id}-resp" or (
            message.type == "error"
            and decode(Error, message.data).original_message_id == message_id
        )

    def _refreshed(self, command: AuthCommand, message: Incoming) -> None:
        self._refreshing = None
        outcome = _auth_outcome(message)
        if isinstance(outcome, AuthResponse):
            self._take_token(command, outcome, message)
        else:
            _LOG.warning("the token was not renewed: %s", outcome.code)
            self.sign_in.put_off(self._ambient.now())


def _auth_outcome(message: Incoming) -> AuthResponse | AuthFailed:
    """Read the answer to an `auth`, of whichever kind."""
    if message.type == "error":
        failed: RequestFailed = request_failed(decode(Error, message.data))
        return AuthFailed(failed.code, failed.message, retry_after=failed.retry_after)
    if decode(_Outcome, message.data).success:
        return decode(AuthResponse, message.data)
    return auth_failed(decode(AuthFailure, message.data))
