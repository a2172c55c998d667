"""WebSocket frames, made and read by hand: pure (RFC 6455, RFC 7692)."""

import re
import struct
import zlib
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
"""Opcodes; those from 0x8 up are control frames (RFC 6455 section 5.2)."""

OPCODE: Final = 0x0F
FIN: Final = 0x80
RSV1: Final = 0x40
RSV23: Final = 0x30
"""The parts of a frame's first byte; RSV1 marks a compressed message (RFC 7692)."""

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
WRONG_KIND: Final = 1003
NO_CODE: Final = 1005
"""What a close frame without a code means; never itself on the wire."""
BAD_DATA: Final = 1007
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
"""Close codes (RFC 6455 section 7.4.1)."""

_REGISTERED: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""Codes below 3000 that may be sent: RFC 6455 section 7.4.1 and the IANA registry."""
_CONTROL_MAX: Final = 125
_REASON_MAX: Final = _CONTROL_MAX - 2

# A window of 4 KiB costs 18 us for 1 KiB of JSON where zlib's defaults cost 77 us, makes
# 256 KiB of it 5 % bigger, and lets clients that ask for a small window have one.
_WINDOW_BITS: Final = 12
_MEMORY_LEVEL: Final = 6
_LEVEL: Final = 3
_TAIL: Final = b"\x00\x00\xff\xff"
"""What every compressed message ends with and leaves out (RFC 7692 section 7.2.1)."""
_PARAMETER: Final = re.compile(
    "(server_no_context_takeover|client_no_context_takeover|client_max_window_bits)"
    r'|(server_max_window_bits|client_max_window_bits)\s*=\s*("?)([89]|1[0-5])\3'
)
_DEFLATE: Final = "permessage-deflate"
_DEFLATE_ANSWER: Final = f"{_DEFLATE}; server_no_context_takeover; client_no_context_takeover"


class Violation(Exception):  # noqa: N818 (the peer's doing, answered by a close frame)
    """The peer broke the rules: the connection is to be closed with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def header(length: int, *, binary: bool, deflated: bool = False) -> bytes:
    """The head of a server's whole data frame with `length` bytes of payload.

    `deflated` says that the payload comes from `deflate` (RFC 6455 section 5.2).
    """
    first = FIN | (BINARY if binary else TEXT) | (RSV1 if deflated else 0)
    if length <= _CONTROL_MAX:
        return bytes((first, length))
    if length <= 0xFFFF:  # noqa: PLR2004 (16 bits)
        return struct.pack("!BBH", first, 126, length)
    return struct.pack("!BBQ", first, 127, length)


def frame(payload: bytes, *, binary: bool, deflated: bool = False) -> bytes:
    """A whole message in one frame, ready for the transport."""
    return header(len(payload), binary=binary, deflated=deflated) + payload


def control(opcode: int, payload: bytes = b"") -> bytes:
    """A control frame; ValueError if the payload is over 125 bytes (RFC 6455 5.5)."""
    if len(payload) > _CONTROL_MAX:
        raise ValueError("control frame too long")
    return bytes((FIN | opcode, len(payload))) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; a reason over 123 bytes is cut between two characters.

    The code 1005 stands for none: the frame is empty (RFC 6455 section 5.5.1).
    """
    if code == NO_CODE:
        return control(CLOSE)
    text = reason.encode()[:_REASON_MAX].decode(errors="ignore").encode()
    return control(CLOSE, code.to_bytes(2, "big") + text)


def close_code(payload: bytes) -> int:
    """The code in a received close frame; 1005 if it has none.

    Raises `Violation` for half a code and codes that may not be sent (1002), and for
    a reason that is not UTF-8 (1007); RFC 6455 sections 5.5.1, 7.4 and 8.1.
    """
    if not payload:
        return NO_CODE
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _REGISTERED or 3000 <= code <= 4999):  # noqa: PLR2004
        raise Violation(PROTOCOL_ERROR, "invalid close code")
    check_text(payload[2:])
    return code


def check_text(payload: bytes) -> None:
    """Raise `Violation` (1007) if the bytes are not UTF-8 (RFC 6455 section 8.1)."""
    try:
        # Decoding makes a copy; for ASCII, nearly all of it, a look is enough.
        _ = payload.isascii() or payload.decode()
    except UnicodeDecodeError as error:
        raise Violation(BAD_DATA, "text is not UTF-8") from error


def deflate(payload: bytes) -> bytes:
    """The payload compressed, by itself: no context before it (RFC 7692 7.2.1)."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEMORY_LEVEL)
    squeezed = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return squeezed.removesuffix(_TAIL)


def inflate(payload: bytes, limit: int) -> bytes:
    """The message that was compressed to `payload` (RFC 7692 section 7.2.2).

    Raises `Violation`: 1009 if it would have more than `limit` bytes, at most one more
    than that is ever produced; 1007 if this is not deflate data.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = inflater.decompress(payload + _TAIL, limit + 1)
    except zlib.error as error:
        raise Violation(BAD_DATA, "not deflate data") from error
    if len(message) > limit:
        raise Violation(TOO_BIG, f"message over {limit} bytes")
    # After a block marked as the last there may be nothing but the empty one that
    # RFC 7692 section 7.2.3.4 asks for.
    if inflater.unused_data not in (b"", _TAIL, b"\x00" + _TAIL):
        raise Violation(BAD_DATA, "data after the last deflate block")
    return message


def accept_deflate(offers: str) -> str | None:
    """Answer a `Sec-WebSocket-Extensions` offer: the header's value, or None.

    Takes the first offer of permessage-deflate that can be honoured; both sides then
    compress each message by itself (RFC 7692 sections 5.1 and 7.1).
    """
    for offer in offers.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == _DEFLATE and (answer := _answer(parameters)):
            return answer
    return None


def _answer(parameters: list[str]) -> str | None:
    """The answer to one offer; None if a parameter is unknown, doubled or too small."""
    seen = set()
    answer = _DEFLATE_ANSWER
    for parameter in parameters:
        match = _PARAMETER.fullmatch(parameter)
        if match is None or (name := match[1] or match[2]) in seen:
            return None
        seen.add(name)
        if name == "server_max_window_bits":
            if int(match[4]) < _WINDOW_BITS:
                return None
            answer += f"; {name}={_WINDOW_BITS}"
    # client_max_window_bits needs no answer: zlib inflates every window there is.
    return answer
