"""Between bytes and messages: one envelope, JSON inside, MessagePack at the edge.

The server thinks in JSON bytes. An event is encoded once as an envelope without its
number (`prefix`), stored so, and finished for each recipient by `suffix`. MessagePack
connections get the same message transcoded, and theirs are transcoded on arrival.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import UnsetType
from msgspec.structs import replace

from hugmood.ambient import Instant, iso
from hugmood.wire.faults import MAX_DEPTH, Unreadable, check_values, explain, explain_envelope
from hugmood.wire.message import Capabilities, ClientBatch, Envelope, OnlyData

T = TypeVar("T")

EMPTY: Final = b"{}"
BATCH: Final = "batch"
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
        # A batch's messages are looked at one by one.
        if (deep or b"\\u0000" in message) and envelope.type != BATCH:
            check_values(msgspec.json.decode(message))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise explain_envelope(error, message) from error
    if envelope.data and bytes(envelope.data)[:1] != b"{":
        raise Unreadable("data", "invalid_type", envelope.id)
    return envelope


_read_auth: Final = decoder(Capabilities)


def capabilities(auth: Envelope) -> list[str]:
    """Return what the sender of an `auth` says it can do."""
    return _read_auth(bytes(auth.data or EMPTY)).capabilities


_read_batch: Final = decoder(ClientBatch)
_unpack_batch: Final = msgspec.msgpack.Decoder(ClientBatch).decode
_unpack_data: Final = msgspec.msgpack.Decoder(OnlyData).decode


def members(batch: Envelope) -> list[bytes]:
    """Return the messages of a batch as they came; raises `Rejected`."""
    data = EMPTY if isinstance(batch.data, UnsetType) else bytes(batch.data)
    return [bytes(message) for message in _read_batch(data).messages]


def packed_members(batch: Envelope) -> list[bytes]:
    """Return the messages of a batch in MessagePack; raises `Rejected`."""
    try:
        batched = _unpack_batch(bytes(batch.data or b""))
    except msgspec.MsgspecError as error:
        raise explain(error, EMPTY, lambda value: value) from error
    return [bytes(message) for message in batched.messages]


def read_packed(message: bytes) -> Envelope:
    """Read a message in MessagePack; raises `Unreadable`.

    `data` of a batch stays in MessagePack, for `packed_members`.
    """
    parsed = _unpacked(message)
    if not isinstance(parsed, dict) or parsed.get("type") != BATCH:
        return read_envelope(_in_json(parsed))
    data = parsed.pop("data", {})
    # What its messages hold is looked at one by one.
    shell = parsed | {"data": {} if isinstance(data, dict) else data}
    return replace(read_envelope(_in_json(shell)), data=_unpack_data(message).data)


class Reading(NamedTuple):
    """How what comes is read on one kind of connection."""

    envelope: Callable[[bytes], Envelope]
    members: Callable[[Envelope], list[bytes]]


JSON: Final = Reading(read_envelope, members)
PACKED: Final = Reading(read_packed, packed_members)


def unpack(message: bytes) -> bytes:
    """Rewrite a MessagePack message in JSON; raises `Unreadable`."""
    return _in_json(_unpacked(message))


def _unpacked(message: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(message, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(None, "invalid_format") from error


def _in_json(parsed: Any) -> bytes:
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


_BEFORE_KIND: Final = len(b'{"type":"')
_NUMBER: Final = b',"sequenceNumber":'


def kind_of(prefix: bytes) -> str:
    """Return the type of a message that `prefix` began."""
    return prefix[_BEFORE_KIND : prefix.index(b'"', _BEFORE_KIND)].decode()


def number_of(message: bytes) -> int:
    """Return the `sequenceNumber` of a message that `suffix` ended."""
    digits, _, _ = message[message.rindex(_NUMBER) + len(_NUMBER) : -1].partition(b",")
    return int(digits)


def packed_prefix(prefix: bytes) -> bytes:
    """Rewrite a `prefix` for MessagePack; `packed_suffix` finishes it."""
    return _FIVE_FIELDS + _pack(msgspec.json.decode(prefix + b"}"))[1:] + _SEQUENCE_KEY


def packed_suffix(number: int) -> bytes:
    """End a MessagePack message begun by `packed_prefix`."""
    return _pack(number)
