"""The client itself: what `connect` gives its user."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import urlsplit

from hugmood.ambient import Ambient, Instant
from hugmood.client.errors import AuthFailed, HugMoodError, SessionEnded, StateError, Unreachable
from hugmood.client.exchange import Exchange
from hugmood.client.feed import Feed
from hugmood.client.incoming import ClientEvent, Received
from hugmood.client.journal import Journal
from hugmood.client.link import Link
from hugmood.client.options import Guest, Options, State
from hugmood.client.waking import Bell
from hugmood.features import load_messages
from hugmood.wire.message import AnyCommand, Command, Query, Reply

R = TypeVar("R", bound=Reply)

_LOG: Final = logging.getLogger(__name__)


class Client:
    """A session that outlives its connections.

    It belongs to one event loop. Any number of tasks may make requests; one at a time
    may ask for events.
    """

    def __init__(self, options: Options, ambient: Ambient, journal: Journal) -> None:
        """Prepare; nothing is sent before `start`."""
        bell = Bell()
        self._options = options
        self._journal = journal
        self._feed = Feed(journal, options.buffer_limit, ambient, bell)
        self._exchange = Exchange(journal, options.queue_limit, ambient, bell, self._feed.tell)
        self._link = Link(options, ambient, journal, self._feed, self._exchange, bell)
        self._task: asyncio.Task[None] | None = None
        self._ended: Exception | None = None

    # Asking

    async def request(self, command: Command[R], *, timeout: float | None = None) -> R:  # noqa: ASYNC109 (a context manager around it could not know when it is sent)
        """Send a command or a query and return its reply.

        While there is no connection it waits, and so does a command over the server's
        rate limit. `timeout` in seconds counts from now on. Without it, a query may
        take `request_timeout` seconds, and a command so many from the moment it is
        sent: the time offline does not count.

        Raises `RequestFailed`, `QueueFull`, `SessionEnded`, `AuthFailed`; TimeoutError,
        after which a command stays queued, and its outcome is an event (as after
        cancelling); ValueError if it is larger than a message may be.
        """
        self._check_open()
        message_id = self._exchange.put(command)
        patience = self._options.request_timeout
        if timeout is None and isinstance(command, Query):
            timeout = patience
        return await self._exchange.answer(message_id, command, timeout, patience)

    def send(self, command: AnyCommand) -> str:
        """Queue a command and return its message id; its outcome will be an event.

        The event is `CommandDone` or `CommandFailed`. Raises `QueueFull`,
        `SessionEnded`, `AuthFailed`, and ValueError for a query or too large a message.
        """
        self._check_open()
        if isinstance(command, Query):
            message = "a query is for request()"
            raise ValueError(message)  # noqa: TRY004 (of the right type, in the wrong place)
        return self._exchange.put(command)

    # Listening

    async def events(self) -> AsyncIterator[ClientEvent]:
        """Yield what happens, in order, each event once, across reconnections.

        An event counts as handled when the next one is asked for, or when the client
        is left without an exception; only then does `position` move past it. At the
        end of the session it raises `SessionEnded` or `AuthFailed`, but ends quietly
        if it was `close` that ended it.
        """
        async for received in self.messages():
            yield received.payload

    async def messages(self) -> AsyncIterator[Received]:
        """Yield the same as `events`, each with its envelope."""
        try:
            while True:
                yield await self._feed.next()
        except SessionEnded as error:
            if error is not self._ended or error.code != _CLOSED:
                raise

    # Knowing

    @property
    def user_id(self) -> str | None:
        """Who is signed in; None before the first time."""
        return self._link.sign_in.user_id

    @property
    def token(self) -> str | None:
        """The newest token: a secret."""
        return self._link.sign_in.token

    @property
    def expires(self) -> Instant | None:
        """When the session ends unless the token is renewed, on the local clock."""
        expires = self._link.sign_in.expires
        return None if expires is None else Instant(expires)

    @property
    def position(self) -> int | None:
        """The number up to which every event was handled: what to resume after."""
        return self._feed.position

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is signed in."""
        return self._link.connected

    @property
    def state(self) -> State:
        """Where the client stands."""
        return self._link.state

    @property
    def waiting(self) -> int:
        """How many commands wait to be sent or answered."""
        return self._exchange.waiting

    # Beginning and ending

    async def start(self) -> None:
        """Connect, and wait to be signed in for `connect_timeout` seconds."""
        self._task = asyncio.create_task(self._run(), name="hugmood client")
        patience = self._options.connect_timeout
        if patience != 0 and not await self.signed_in(patience):
            raise Unreachable(self.state.reason or "the server did not answer in time")

    async def signed_in(self, seconds: float | None = None) -> bool:
        """Wait for the first sign-in, at most for so many seconds; False if in vain.

        Raises `AuthFailed`, `SessionEnded`, `StateError`, `Unreachable` if it failed.
        """
        self._check_open()
        waiting = [self._task] if self._task else []
        ready = asyncio.create_task(self._link.ready.wait())
        try:
            await asyncio.wait(
                [ready, *waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ready.cancel()
        self._check_open()
        return self._link.ready.is_set()

    async def close(self) -> None:
        """Wait a moment for what is under way, say goodbye, and end.

        What is not answered within `Timing.close` seconds, or at once where there is no
        connection, stays in the state file; without one it is lost.
        """
        await self._finish("client_closed")

    async def log_out(self) -> bool:
        """Like `close`, and the token is revoked and forgotten here.

        False if the server could not be told: then it stays good until it expires.
        """
        told = await self._finish("user_logout")
        self._journal.token(None)
        return told

    async def abandon(self) -> None:
        """Like `close`, but wait for nothing, and the last event is not handled."""
        await self._leave("client_failed")

    # Within

    async def _finish(self, reason: str) -> bool:
        if self.connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.timing.close):
                    await self._exchange.drained()
        if self.waiting and not self._options.state:
            _LOG.warning("%d messages were not answered and are lost", self.waiting)
        self._feed.done()
        return await self._leave(reason)

    async def _leave(self, reason: str) -> bool:
        told = not self._ended and await self._link.leave(reason)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._end(_closed())
        return told

    async def _run(self) -> None:
        """Keep connected; whatever ends that ends the client, and is told to its user."""
        try:
            await self._link.run()
        except Exception as error:  # noqa: BLE001 (raised again wherever the user waits)
            if not isinstance(error, HugMoodError):
                _LOG.exception("the client has failed")
            self._end(error)
        else:
            self._end(_closed())

    def _end(self, error: Exception) -> None:
        if self._ended:
            return
        self._ended = error
        self._exchange.end(error)
        self._feed.end(error)
        self._link.tell("closed", str(error))

    def _check_open(self) -> None:
        if self._ended:
            raise self._ended


@asynccontextmanager
async def opened(options: Options, ambient: Ambient) -> AsyncIterator[Client]:
    """Give a started client and close it afterwards; raises what `connect` says."""
    load_messages()
    journal = Journal(options.state)
    try:
        client = Client(_completed(options, ambient, journal), ambient, journal)
        try:
            await client.start()
            yield client
        except BaseException:
            await client.abandon()
            raise
        await client.close()
    finally:
        journal.close()


_CLOSED: Final = "closed"


def _closed() -> SessionEnded:
    return SessionEnded(_CLOSED, "the client was closed", reconnect=True)


def _completed(options: Options, ambient: Ambient, journal: Journal) -> Options:
    """Put together what is asked for and what is kept; raises AuthFailed, StateError."""
    account = journal.kept.account
    if account and _server(account.url) != _server(options.url):
        message = "the state file belongs to an account on another server"
        raise StateError(message)
    if options.position is not None:
        journal.position(options.position)
    identity = options.identity
    if identity is None and account and account.device_id:
        identity = Guest(device_id=account.device_id)
    if isinstance(identity, Guest) and not identity.device_id:
        kept = account.device_id if account else None
        identity = replace(identity, device_id=kept or ambient.message_id("device"))
    if not (identity or options.token or journal.kept.token):
        message = "a token, credentials, a guest or a registration is needed to sign in"
        raise AuthFailed("auth_required", message)
    return replace(options, identity=identity)


def _server(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port
