import logging
from importlib.metadata import version

import pytest
from picows import WSAutoPingStrategy
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in its stub

from hugmood.gateway import frames, websocket_picows
from hugmood.gateway.assembly import Assembly
from hugmood.gateway.websocket import Connection, Farewells
from tests.gateway.sockets import (
    FIN_TEXT,
    Recorder,
    Wires,
    client_frame,
)

KIB64 = 64 * 1024


async def test_flood_does_not_grow_the_read_buffer() -> None:
    """Picows doubles its buffer whenever a read fills it: reads are kept smaller."""
    transport = Wires()
    assembly = Assembly(frames.TEXT, KIB64, deflate=False)
    connection = Connection(transport, assembly, Farewells(1), remote="", deflate=False)
    connection.opened(Recorder(connection), set())
    feed = websocket_picows.attach(connection, transport, KIB64)
    feed(client_frame(FIN_TEXT, bytes(100)) * 20_000)
    parser = transport.protocol
    assert len(WSProtocol.get_buffer(parser, 0)) < KIB64


async def test_constructor() -> None:
    """What `attach` gives to picows' private constructor is all that it wants."""
    wanted: dict[str, object] = {
        "host_port": None,
        "ws_path": None,
        "is_client_side": False,
        "ws_listener_factory": None,
        "logger": logging.getLogger(),
        "disconnect_on_exception": True,
        "websocket_handshake_timeout": None,
        "enable_auto_ping": False,
        "auto_ping_idle_timeout": 0,
        "auto_ping_reply_timeout": 0,
        "auto_ping_strategy": WSAutoPingStrategy.PING_WHEN_IDLE,
        "enable_auto_pong": False,
        "max_frame_size": 1,
        "extra_headers": None,
        "read_buffer_init_size": 2048,
    }
    assert WSProtocol(**wanted).transport is None
    for name in wanted:
        with pytest.raises(TypeError):
            WSProtocol(**{other: wanted[other] for other in wanted if other != name})
    with pytest.raises(TypeError):
        WSProtocol(**wanted, more=None)


def test_pinned_versions() -> None:
    """Private parts of these two are used: look at both adapters before moving on.

    Of picows the constructor of `WSProtocol`, by keyword, in `websocket_picows.attach`;
    of uvicorn `HttpToolsProtocol`, in `upgrade`.
    """
    assert (version("picows"), version("uvicorn")) == ("2.3.1", "0.54.0")
