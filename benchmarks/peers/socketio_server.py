"""python-socketio: followers are in a room, and each mood is emitted to that room."""

from itertools import count
from typing import Any

import socketio
from event import event_of

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
sequence = count(1)


@server.event
async def connect(sid: str, _environ: dict[str, Any], auth: dict[str, Any] | None) -> None:
    """Put a follower into the room."""
    if auth and auth.get("follower"):
        await server.enter_room(sid, "followers")


@server.event
async def mood_update(_sid: str, data: dict[str, Any]) -> dict[str, bool]:
    """Emit the mood; what is returned goes to the author, who may have asked for it."""
    event = event_of(data, next(sequence))
    await server.emit(event.pop("type"), event, to="followers")
    return {"success": True}


app = socketio.ASGIApp(server, socketio_path="ws")
