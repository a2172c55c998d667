"""The Python SDK of HugMood: one session over as many connections as it takes.

    async with connect("ws://localhost:5000/ws", guest=Guest("Robin")) as hug:
        await hug.request(MoodUpdate(mood="happy", intensity=0.8, is_public=True))
        async for event in hug.events():
            match event:
                case HugReceived(sender_name=name):
                    print(f"A hug from {name}")

Commands and events are the structs of `hugmood.features.*.messages`; the type of a
reply follows from the command. Commands given while there is no connection wait in a
queue, and take effect once, in order. The session ends when it is closed, when the
server ends it for good (`SessionEnded`), or when signing in fails (`AuthFailed`).

To get some events only, `await hug.request(Subscribe(types=["hug_received"]))`. The
client asks for it again over each new connection, until `Unsubscribe` or another
`Subscribe` is answered; but what was missed between two connections comes whole.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from ssl import SSLContext
from typing import Literal

from hugmood.ambient import Ambient, Instant, System
from hugmood.client.client import Client, opened
from hugmood.client.errors import (
    AuthFailed,
    HugMoodError,
    QueueFull,
    RequestFailed,
    SessionEnded,
    StateError,
    Unreachable,
)
from hugmood.client.incoming import (
    ClientEvent,
    CommandDone,
    CommandFailed,
    HistoryLost,
    Received,
    Unknown,
)
from hugmood.client.options import (
    Credentials,
    Guest,
    Options,
    Registration,
    State,
    Timing,
)

__all__ = [
    "AuthFailed",
    "Client",
    "ClientEvent",
    "CommandDone",
    "CommandFailed",
    "Credentials",
    "Guest",
    "HistoryLost",
    "HugMoodError",
    "QueueFull",
    "Received",
    "Registration",
    "RequestFailed",
    "SessionEnded",
    "State",
    "StateError",
    "Timing",
    "Unknown",
    "Unreachable",
    "connect",
]


def connect(  # noqa: PLR0913 (keywords, each with a default)
    url: str,
    *,
    token: str | None = None,
    credentials: Credentials | None = None,
    guest: Guest | None = None,
    register: Registration | None = None,
    position: int | None = None,
    state: str | Path | None = None,
    queue_limit: int = 1000,
    buffer_limit: int = 1000,
    request_timeout: float = 30.0,
    connect_timeout: float | None = 30.0,
    codec: Literal["json", "msgpack"] = "json",
    batch: bool = False,
    ssl: SSLContext | None = None,
    timing: Timing | None = None,
    on_state: Callable[[State], None] | None = None,
    on_token: Callable[[str, Instant], None] | None = None,
    ambient: Ambient | None = None,
) -> AbstractAsyncContextManager[Client]:
    """Open a session with the server at this WebSocket address.

    Args:
        url: Such as `ws://localhost:5000/ws`, in production `wss://`.
        token: Of an earlier session; tried before the password.
        credentials: Sign in with address and password, now and whenever needed.
        guest: Take part without an account.
        register: Open an account.
        position: Resume after this number: what `Client.position` was. Without it, and
            without one in the state file, events begin with what happens from now on.
        state: A file that keeps the token, the position and the queue of commands from
            one run to the next; for its owner alone, for one client at a time.
        queue_limit: How many messages may wait to be sent or answered; then `QueueFull`.
        buffer_limit: How many events may wait to be asked for. Then the connection is
            not read on; but if a reply is awaited, further events are let go and
            fetched again from the stream when half the buffer is free.
        request_timeout: Seconds that a request may take; `Client.request` says how.
        connect_timeout: Seconds to wait at the beginning; None is for ever, 0 not at
            all: then it connects in the background.
        codec: `msgpack` for binary frames, if the server speaks it.
        batch: Let the server join messages that come at once; nothing else changes.
        ssl: For `wss://` with certificates of one's own.
        timing: Delays and deadlines.
        on_state: Called with each new `State`. What a callback raises ends the client.
        on_token: Called with each new token and its end; keep it in place of the old
            one, for using a retired token ends the session. A state file does this.
        ambient: Clock, ids and chance, for tests.

    Entering raises `AuthFailed`, `Unreachable`, `SessionEnded`, `StateError`. Raises
    ValueError where these arguments make no sense.
    """
    identities = [one for one in (credentials, guest, register) if one]
    if len(identities) > 1:
        message = "give one of credentials, guest and register"
        raise ValueError(message)
    options = Options(
        url=url,
        token=token,
        identity=identities[0] if identities else None,
        position=position,
        state=Path(state) if state is not None else None,
        queue_limit=queue_limit,
        buffer_limit=buffer_limit,
        request_timeout=request_timeout,
        connect_timeout=connect_timeout,
        packed=codec == "msgpack",
        batch=batch,
        ssl=ssl,
        timing=timing or Timing(),
        on_state=on_state,
        on_token=on_token,
    )
    return opened(options, ambient or System())
