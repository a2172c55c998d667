"""One connection's conversation, without I/O: messages in, effects out.

The gateway feeds it whole messages, answers from the engine and the time, and carries
out the effects it returns. It knows the envelope, who may say what when, the limits and
the deadlines; it knows no feature.
"""

from collections import deque
from enum import Enum
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType

from hugmood.ambient import Ambient, Instant
from hugmood.errors import (
    AUTH_CODES,
    CLOSINGS,
    CloseCode,
    Refusal,
    Rejected,
    invalid,
    too_many,
)
from hugmood.wire import codec
from hugmood.wire.bucket import Bucket
from hugmood.wire.faults import Unreadable
from hugmood.wire.limits import Settings
from hugmood.wire.message import (
    LANES,
    AuthFailure,
    ConnectionClose,
    Envelope,
    Error,
    ErrorDetails,
    Ping,
    Push,
)

NORMAL: Final = 1000
"""The WebSocket close code of a connection that has done its work."""

MAX_MALFORMED: Final = 10
MAX_UNAUTHENTICATED: Final = 10
MAX_REFUSED_IN_A_ROW: Final = 100
MAX_WAITING: Final = 256
"""Messages that may wait for the outcome of an `auth`."""

_UNANSWERED: Final = frozenset({"pong", "heartbeat"})
_RECONNECT_DELAYS: Final[dict[CloseCode, int]] = {
    "rate_limit_exceeded": 60_000,
    "slow_consumer": 5_000,
}
_RECONNECT_DELAY: Final = 1_000


class Phase(Enum):
    """Where the conversation stands."""

    NEW = "new"
    CHECKING = "checking"
    SIGNED_IN = "signed in"
    OVER = "over"


class Slot:
    """A place in the order of replies; `reply` is filled when the answer is there."""

    __slots__ = ("id", "reply", "type")

    def __init__(self, kind: str, message_id: str) -> None:
        """Reserve the place of the reply to this message."""
        self.type = kind
        self.id = message_id
        self.reply: bytes | None = None


class Send(NamedTuple):
    """Send this message, less its number: the position is put in as it goes out."""

    prefix: bytes


class Forward(NamedTuple):
    """Ask the engine; give its answer to `answered` with the same slot."""

    slot: Slot
    envelope: Envelope


class Hang(NamedTuple):
    """Close the WebSocket; whatever was sent before goes out first."""

    websocket_code: int
    reason: str


Effect = Send | Forward | Hang


class Session:
    """The state of one connection; its methods return effects.

    They take `now` in ms of `Ambient.steady`: nobody's deadline moves when the clock is
    set. What is told to people is the time of `Ambient.now`.
    """

    __slots__ = (
        "_ambient",
        "_auth_deadline",
        "_bucket",
        "_heard",
        "_malformed",
        "_next_ping",
        "_reading",
        "_refused",
        "_settings",
        "_slots",
        "_unauthenticated",
        "_waiting",
        "expires",
        "phase",
    )

    def __init__(
        self,
        settings: Settings,
        ambient: Ambient,
        now: int,
        reading: codec.Reading = codec.JSON,
    ) -> None:
        """Begin unauthenticated; the first ping comes at a random phase."""
        self._settings = settings
        self._ambient = ambient
        self._reading = reading
        self._bucket = Bucket(settings.messages_per_minute, settings.burst, now)
        self._auth_deadline = now + settings.auth_timeout
        self._heard = now
        self._next_ping = now + int(settings.ping_interval * (1 - ambient.chance()))
        self._malformed = 0
        self._unauthenticated = 0
        self._refused = 0
        self._slots: deque[Slot] = deque()
        self._waiting: deque[Envelope | Slot] | None = None
        self.expires: int | None = None
        self.phase = Phase.NEW

    # What arrives

    def alive(self, now: int) -> None:
        """Note a sign of life that is no message."""
        self._heard = now

    def receive(self, message: bytes, now: int) -> list[Effect]:
        """Take one whole message."""
        if self.phase is Phase.OVER:
            return []
        self._heard = now
        return self._take(message, now)

    def answered(self, slot: Slot, data: bytes, refusal: Refusal | None) -> list[Effect]:
        """Take the engine's answer to what was forwarded: a reply, or why not."""
        if self.phase is Phase.OVER:
            return []
        slot.reply = self._reply(slot, data, refusal)
        if refusal is not None and slot.type == "disconnect":
            slot.type = "error"  # nobody was logged out: say so, and stay
        if slot.type == "auth":
            return self._auth_answered()
        if LANES.get(slot.type) == "read":
            return [Send(slot.reply)]
        return self._release()

    def signed_in(self, expires: int) -> None:
        """Know who this is until `expires` (ms since 1970), before `answered` for its auth."""
        if self.phase is Phase.OVER:
            return
        self.expires = expires - self._ambient.now() + self._ambient.steady()
        self.phase = Phase.SIGNED_IN

    # Time

    def due(self) -> int:
        """Return when `tick` has something to do, in ms as `now`."""
        if self.expires is None:
            return self._auth_deadline
        silence = self._heard + self._settings.silence_timeout
        return min(self.expires, self._next_ping, silence)

    def tick(self, now: int) -> list[Effect]:
        """Do what is due: a deadline that passed, or a ping."""
        if self.phase is Phase.OVER:
            return []
        if self.expires is None:
            return self.close("auth_timeout") if now >= self._auth_deadline else []
        if now >= self.expires:
            return self.close("session_expired")
        if now >= self._heard + self._settings.silence_timeout:
            return self.close("keepalive_timeout")
        if now < self._next_ping:
            return []
        self._next_ping = now + self._settings.ping_interval
        at = self._ambient.now()
        return [self._push(Ping(timestamp=Instant(at)), at=at)]

    # The end

    def close(self, code: CloseCode, delay: int | None = None) -> list[Effect]:
        """Say why, then close; `delay` (ms) is when to come back, if that helps."""
        if self.phase is Phase.OVER:
            return []
        closing = CLOSINGS[code]
        wait = _RECONNECT_DELAYS.get(code, _RECONNECT_DELAY) if delay is None else delay
        notice = ConnectionClose(
            code=code,
            message=closing.message,
            reconnect_delay=wait if closing.reconnect else UNSET,
        )
        return [self._push(notice), self._hang(closing.websocket_code, code)]

    @property
    def over(self) -> bool:
        """Tell that nothing more will be said."""
        return self.phase is Phase.OVER

    def lost(self) -> None:
        """Learn that the connection is gone."""
        self.phase = Phase.OVER

    # Within

    def _take(self, message: bytes, now: int, *, batched: bool = False) -> list[Effect]:
        try:
            envelope = self._reading.envelope(message)
        except Unreadable as error:
            return self._unreadable(error, now)
        if envelope.type in _UNANSWERED:
            return []
        if envelope.type == codec.BATCH and not batched:
            return self._batch(envelope, now)
        wait = self._excess(now)
        if wait:
            return self._over_limit(Slot(envelope.type, envelope.id), wait)
        if self.phase is Phase.CHECKING:
            return self._hold(envelope)
        return self._handle(envelope)

    def _unreadable(self, error: Unreadable, now: int) -> list[Effect]:
        """Refuse a message that could not be read; the eleventh malformed one ends it."""
        slot = Slot("", error.message_id or "")
        if not error.malformed:
            return self._refuse_within_limits(slot, error, now)
        self._malformed += 1
        if self._malformed > MAX_MALFORMED:
            return self.close("protocol_error")
        return self._refuse(slot, error)

    def _batch(self, batch: Envelope, now: int) -> list[Effect]:
        """Take messages as if they had come one after the other; each counts as one."""
        try:
            messages = self._reading.members(batch)
        except Rejected as error:
            return self._refuse_within_limits(Slot(batch.type, batch.id), error, now)
        effects: list[Effect] = []
        for message in messages:
            if self.phase is Phase.OVER:
                break
            effects += self._take(message, now, batched=True)
        return effects

    def _handle(self, envelope: Envelope) -> list[Effect]:
        if envelope.type == codec.BATCH:
            error = invalid("type", "unknown_type", "A batch cannot hold another")
            return self._refuse(Slot(envelope.type, envelope.id), error)
        if self.phase is Phase.SIGNED_IN or envelope.type == "auth":
            return self._forward(envelope)
        if envelope.type == "disconnect":
            return [self._hang(NORMAL, "")]
        self._unauthenticated += 1
        if self._unauthenticated > MAX_UNAUTHENTICATED:
            return self.close("protocol_error")
        error = Rejected("auth_required", "Authentication is required for this operation")
        return self._refuse(Slot(envelope.type, envelope.id), error)

    def _forward(self, envelope: Envelope) -> list[Effect]:
        slot = Slot(envelope.type, envelope.id)
        if LANES.get(envelope.type) != "read":
            self._slots.append(slot)
        if envelope.type == "auth" and self.phase is Phase.NEW:
            self.phase = Phase.CHECKING
        return [Forward(slot, envelope)]

    def _hold(self, message: Envelope | Slot) -> list[Effect]:
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(message)
        return []

    def _auth_answered(self) -> list[Effect]:
        if self.phase is Phase.CHECKING:
            self.phase = Phase.NEW
        effects = self._release()
        while self._waiting and self.phase in {Phase.NEW, Phase.SIGNED_IN}:
            message = self._waiting.popleft()
            if isinstance(message, Slot):
                effects += self._line_up(message)
            else:
                effects += self._handle(message)
        return effects

    def _excess(self, now: int) -> int:
        """Return 0 if one more message may come, or after how many seconds it may."""
        wait = self._bucket.take(now) if self._settings.limited else 0
        if self._waiting and len(self._waiting) >= MAX_WAITING:
            wait = wait or 1
        if not wait:
            self._refused = 0
        return wait

    def _over_limit(self, slot: Slot, wait: int) -> list[Effect]:
        self._refused += 1
        effects = self._refuse(slot, too_many(wait))
        if self._refused >= MAX_REFUSED_IN_A_ROW:
            effects += self.close("rate_limit_exceeded")
        return effects

    def _refuse_within_limits(self, slot: Slot, error: Rejected, now: int) -> list[Effect]:
        wait = self._excess(now)
        return self._over_limit(slot, wait) if wait else self._refuse(slot, error)

    def _refuse(self, slot: Slot, error: Rejected) -> list[Effect]:
        slot.reply = self._reply(slot, b"", error.refusal)
        # Whatever its type, it is done: a refused `disconnect` must not hang up.
        slot.type = "error"
        if self._waiting and self.phase is Phase.CHECKING:
            return self._hold(slot)  # what waits was said before this
        return self._line_up(slot)

    def _line_up(self, slot: Slot) -> list[Effect]:
        self._slots.append(slot)
        return self._release()

    def _release(self) -> list[Effect]:
        effects: list[Effect] = []
        while self._slots and self._slots[0].reply is not None:
            slot = self._slots.popleft()
            if slot.type == "disconnect":
                return [*effects, self._hang(NORMAL, "")]
            effects.append(Send(slot.reply or b""))
        return effects

    def _reply(self, slot: Slot, data: bytes, refusal: Refusal | None) -> bytes:
        if refusal is None:
            return self._prefix(f"{slot.type}_response", f"{slot.id}-resp", data)
        if slot.type == "auth" and refusal.code in AUTH_CODES:
            failure = AuthFailure(
                error=refusal.code, message=refusal.message, details=_details(refusal)
            )
            return self._prefix("auth_response", f"{slot.id}-resp", codec.encode(failure))
        return self._error(slot.id, refusal)

    def _error(self, message_id: str | None, refusal: Refusal) -> bytes:
        error = Error(
            code=refusal.code,
            message=refusal.message,
            original_message_id=message_id or UNSET,
            details=_details(refusal),
        )
        return self._push(error, refusal.error_id).prefix

    def _push(self, push: Push, message_id: str | None = None, *, at: int | None = None) -> Send:
        message_id = message_id or self._ambient.message_id(push.id_prefix)
        return Send(self._prefix(push.wire_type, message_id, codec.encode(push), at))

    def _prefix(self, kind: str, message_id: str, data: bytes, at: int | None = None) -> bytes:
        return codec.prefix(kind, message_id, data, self._ambient.now() if at is None else at)

    def _hang(self, websocket_code: int, reason: str) -> Hang:
        self.phase = Phase.OVER
        return Hang(websocket_code, reason)


def _details(refusal: Refusal) -> ErrorDetails | UnsetType:
    if refusal.field is None and refusal.issue is None and refusal.retry_after is None:
        return UNSET
    return ErrorDetails(
        field=refusal.field or UNSET,
        issue=refusal.issue or UNSET,
        retry_after=UNSET if refusal.retry_after is None else refusal.retry_after,
    )
