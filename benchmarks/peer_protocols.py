"""How the load generator speaks to the peers of the fan-out, each by its own protocol.

An instance is one running server; called, it measures that once.
"""

import json
from dataclasses import dataclass
from typing import Final

import fanout
import native
from native import Fanout, Target

_STAMP: Final = "0" * 16
"""As long as what `@@` becomes: microseconds since 1970."""
_EVENT: Final = (
    '{"type":"mood_changed","id":"bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f","data":'
    '{"userId":"user-019a1b2c3d4e5f60718293a4b5c6d7e8",'
    '"moodId":"mood-019a1b2c3d4e5f60@@","mood":"happy",'
    '"intensity":0.8,"isPublic":true,"timestamp":"2024-08-25T15:30:00.000Z"},'
    '"timestamp":"2024-08-25T15:30:10.000Z","sequenceNumber":12345}'
)
_MOOD: Final = json.dumps({"mood": "happy", "intensity": 0.8, "isPublic": True})
_CONNECT, _PUBLISH, _SUBSCRIBE, _SUBACK = 0x10, 0x30, 0x82, 0x90
_PACKET_ID, _QOS_0 = b"\x00\x01", b"\x00"
_HELLO: Final = r'CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\n'


@dataclass(frozen=True)
class Bare:
    """Servers that take the load generator's `mood_update` as it is, and no greeting."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=fanout.MESSAGE,
            outstanding=outstanding,
            seconds=seconds,
            warm=seconds / 2,
            verify=True,
        )


@dataclass(frozen=True)
class SocketIo:
    """Socket.IO's packets: `40` connects to the namespace, `42` is an event."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=f'42["mood_update",{_MOOD}]',
            init=['40{"follower":true}'],
            publisher_init="40{}",
            ready_marker='40{"sid"',
            marker='42["mood_changed"',
            outstanding=outstanding,
            seconds=seconds,
            warm=seconds / 2,
        )


@dataclass(frozen=True)
class Nats:
    """The protocol of NATS clients, in WebSocket frames; the author publishes the event."""

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        length = len(_EVENT.replace("@@", _STAMP))
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=rf"PUB moods {length}\r\n{_EVENT}\r\n",
            init=[rf"{_HELLO}SUB moods 1\r\nPING\r\n"],
            publisher_init=rf"{_HELLO}PING\r\n",
            ready_marker="PONG",
            binary=True,
            outstanding=outstanding,
            seconds=seconds,
            warm=seconds / 2,
        )


@dataclass(frozen=True)
class Mqtt:
    """MQTT 3.1.1 in WebSocket frames, QoS 0; the author publishes the event itself.

    The author subscribes as well, to what nobody publishes: so all await one kind of reply.
    """

    target: Target

    def __call__(self, subscribers: int, outstanding: int, seconds: float) -> Fanout:
        """Measure once."""
        event = _mqtt_text("moods") + _EVENT.replace("@@", _STAMP).encode()
        return native.fanout(
            self.target,
            subscribers=subscribers,
            message=_escaped(_mqtt_packet(_PUBLISH, event)).replace(_STAMP, "@@"),
            init=[_mqtt_hello("moods")],
            publisher_init=_mqtt_hello("none"),
            ready_marker=_escaped(_mqtt_packet(_SUBACK, _PACKET_ID + _QOS_0)),
            binary=True,
            outstanding=outstanding,
            seconds=seconds,
            warm=seconds / 2,
        )


def _mqtt_hello(topic: str) -> str:
    """CONNECT with a clean session, no keep-alive and no name; then SUBSCRIBE."""
    clean, forever = b"\x02", b"\x00\x00"
    connect = _mqtt_text("MQTT") + b"\x04" + clean + forever + _mqtt_text("")
    subscribe = _PACKET_ID + _mqtt_text(topic) + _QOS_0
    return _escaped(_mqtt_packet(_CONNECT, connect) + _mqtt_packet(_SUBSCRIBE, subscribe))


def _mqtt_packet(kind: int, body: bytes) -> bytes:
    """Return a control packet: its kind, the length of the rest in base 128, the rest."""
    more, low = divmod(len(body), 128)
    assert more < 128  # noqa: PLR2004 (two digits are enough)
    return bytes([kind, low | 128, more] if more else [kind, low]) + body


def _mqtt_text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _escaped(data: bytes) -> str:
    r"""Spell bytes as the load generator reads them: `\xHH` where they are not plain text."""
    plain = set(range(32, 127)) - set(b"\\")
    return "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in data)
