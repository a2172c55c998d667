"""What a client is told when it is made, and what it tells of itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Literal
from urllib.parse import urlsplit

from hugmood.ambient import Instant


@dataclass(frozen=True)
class Credentials:
    """An account's address and password; `remember_me` for 31 days instead of one."""

    email: str
    password: str = field(repr=False)
    remember_me: bool = True


@dataclass(frozen=True)
class Registration:
    """A new account, opened at the first sign-in; `time_zone` is an IANA name."""

    email: str
    password: str = field(repr=False)
    name: str
    time_zone: str | None = None
    remember_me: bool = True


@dataclass(frozen=True)
class Guest:
    """Nobody in particular; the same guest again for as long as the token is kept.

    `device_id` is not secret; it is made up if left out, and kept in the state file.
    """

    nickname: str | None = None
    device_id: str | None = None


Identity = Credentials | Registration | Guest

Phase = Literal["connecting", "connected", "waiting", "closed"]


@dataclass(frozen=True)
class State:
    """Where a client stands.

    While `waiting` it connects again in `retry_in` seconds; `reason` says in words why
    the last connection ended.
    """

    phase: Phase
    reason: str = ""
    retry_in: float = 0.0


@dataclass(frozen=True)
class Timing:
    """How patient a client is, all in seconds; the defaults suit people.

    It connects again after up to `backoff` seconds, doubled with each failure, never
    more than `backoff_cap` beyond what the server asks for; a connection that held for
    `stable` seconds makes it begin anew. It sends a `heartbeat` when it has sent
    nothing for so long, and takes a connection for dead after `silence`.
    """

    backoff: float = 0.5
    backoff_cap: float = 30.0
    stable: float = 10.0
    heartbeat: float = 30.0
    silence: float = 75.0
    open: float = 10.0
    sign_in: float = 15.0
    send: float = 30.0
    close: float = 5.0


@dataclass(frozen=True)
class Options:
    """All that `connect` takes; its docstring says what each means."""

    url: str
    token: str | None = field(default=None, repr=False)
    identity: Identity | None = None
    position: int | None = None
    state: Path | None = None
    queue_limit: int = 1000
    buffer_limit: int = 1000
    request_timeout: float = 30.0
    connect_timeout: float | None = 30.0
    packed: bool = False
    batch: bool = False
    ssl: SSLContext | None = None
    timing: Timing = Timing()
    on_state: Callable[[State], None] | None = None
    on_token: Callable[[str, Instant], None] | None = None

    def __post_init__(self) -> None:
        """Refuse an address that is no WebSocket's; raises ValueError."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            message = "url must look like ws://localhost:5000/ws or wss://host/ws"
            raise ValueError(message)
