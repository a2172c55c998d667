"""Django Channels: followers are a group of the in-memory layer, and each mood is sent to it."""

import json
from itertools import count
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path
from event import REPLY, event_of

settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
django.setup()
sequence = count(1)


class Follower(AsyncWebsocketConsumer):
    """One socket; whoever publishes on it is left out."""

    groups = ("followers",)

    async def receive(self, text_data: str) -> None:
        """Take a mood: its JSON is made once, for everybody."""
        event = event_of(json.loads(text_data)["data"], next(sequence))
        text = json.dumps(event, separators=(",", ":"))
        await self.send(REPLY)
        await self.channel_layer.group_send(
            "followers", {"type": "mood.changed", "author": self.channel_name, "text": text}
        )

    async def mood_changed(self, event: dict[str, Any]) -> None:
        """Pass it on."""
        if event["author"] != self.channel_name:
            await self.send(event["text"])


app = ProtocolTypeRouter({"websocket": URLRouter([path("ws", Follower.as_asgi())])})
