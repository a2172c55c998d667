"""Between bytes and messages: one envelope, JSON inside, MessagePack at the edge.

The server thinks in JSON bytes. An event is encoded once as an envelope without its
number (`prefix`), stored so, and finished for each recipient by `suffix`. MessagePack
connections get the same message transcoded, and theirs are transcoded on arrival.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from hugmood.ambient import Instant, iso
from hugmood.wire.faults import MAX_DEPTH, Unreadable, check_values, explain, explain_envelope
from hugmood.wire.message import Envelope

T = TypeVar("T")

EMPTY: Final = b"{}"
JSON_PROTOCOL: Final = "hugmood.json"
"""Subprotocol of text frames; also what no subprotocol means."""
MSGPACK_PROTOCOL: Final = "hugmood.msgpack"
"""Subprotocol of binary frames: the same envelope in MessagePack."""


def _write_unknown(value: object) -> str:
    if isinstance(value, Instant):
        return iso(value)
    raise NotImplementedError(type(value))


def _read_unknown(kind: type, value: object) -> Instant:
    if kind is not Instant:
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        message = f"Expected `str`, got `{type(value).__name__}`"
        raise ValueError(message)  # noqa: TRY004 (msgspec adds the path to ValueError alone)
    return Instant.parse(value)


encode: Final[Callable[[Any], bytes]] = msgspec.json.Encoder(enc_hook=_write_unknown).encode
"""Write a payload as JSON."""

_decode_envelope: Final = msgspec.json.Decoder(Envelope, dec_hook=_read_unknown).decode
_pack: Final = msgspec.msgpack.Encoder().encode
_SEQUENCE_KEY: Final = _pack("sequenceNumber")
_FIVE_FIELDS: Final = b"\x85"


def decoder(kind: type[T]) -> Callable[[bytes], T]:
    """Make the function that reads JSON `data` as this struct.

    It raises `Rejected` (`invalid_request`) with the path of the wrong field.
    """
    decode = msgspec.json.Decoder(kind, dec_hook=_read_unknown).decode

    def read(data: bytes) -> T:
        try:
            return decode(data)
        except msgspec.MsgspecError as error:
            raise explain(error, data, convert) from error

    def convert(value: Any) -> T:
        return msgspec.convert(value, kind, dec_hook=_read_unknown)

    return read


def read_envelope(message: bytes) -> Envelope:
    """Read a JSON message; raises `Unreadable`."""
    try:
        envelope = _decode_envelope(message)
        deep = message.count(b"{") + message.count(b"[") > MAX_DEPTH
        if deep or b"\\u0000" in message:
            check_values(msgspec.json.decode(message))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise explain_envelope(error, message) from error
    if envelope.data and bytes(envelope.data)[:1] != b"{":
        raise Unreadable("data", "invalid_type", envelope.id)
    return envelope


def unpack(message: bytes) -> bytes:
    """Rewrite a client's MessagePack message in JSON; raises `Unreadable`."""
    try:
        parsed = msgspec.msgpack.decode(message, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(None, "invalid_format") from error
    check_values(parsed)
    try:
        return msgspec.json.encode(parsed)
    except (msgspec.MsgspecError, OverflowError, TypeError) as error:
        raise Unreadable(None, "invalid_format") from error


def pack(message: bytes) -> bytes:
    """Rewrite one of the server's JSON messages in MessagePack."""
    return _pack(msgspec.json.decode(message))


def prefix(kind: str, message_id: str, data: bytes, now: int) -> bytes:
    """Begin a message: its JSON envelope without the number and the last brace.

    `data` is JSON, `now` in milliseconds. Streams store exactly this.
    """
    return b'{"type":"%b","id":%b,"data":%b,"timestamp":"%b"' % (
        kind.encode(),
        encode(message_id),
        data,
        iso(now).encode(),
    )


def suffix(number: int, previous: int | None = None) -> bytes:
    """End a message: all that differs from one recipient to the next."""
    if previous is None:
        return b',"sequenceNumber":%d}' % number
    return b',"sequenceNumber":%d,"previousSequenceNumber":%d}' % (number, previous)


def packed_prefix(prefix: bytes) -> bytes:
    """Rewrite a `prefix` for MessagePack; `packed_suffix` finishes it."""
    return _FIVE_FIELDS + _pack(msgspec.json.decode(prefix + b"}"))[1:] + _SEQUENCE_KEY


def packed_suffix(number: int) -> bytes:
    """End a MessagePack message begun by `packed_prefix`."""
    return _pack(number)
