"""What one would write without HugMood: FastAPI, SQLAlchemy and Redis, two commands.

Each command is one transaction: entry, idempotency row, event, the next number of each
recipient, an inbox row for each. Then those who are online hear of it through Redis, and
the sender has the reply. `plain_api.py` alone makes the tables; uvicorn runs `app`.
"""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import compress
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field, ValidationError
from redis.asyncio import Redis
from sqlalchemy import JSON, Boolean, Column, DateTime, Float, ForeignKey, Integer, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from starlette.websockets import WebSocketDisconnected

URL = os.environ["DATABASE_URL"]
SQLITE = URL.startswith("sqlite")
POOL = 1 if SQLITE else 10  # SQLite has one writer
engine = create_async_engine(URL, pool_size=POOL, max_overflow=0, pool_timeout=60)
redis = Redis.from_url(os.environ["REDIS_URL"])
sockets: dict[int, WebSocket] = {}
tables = sa.MetaData()


def text(name: str, **options: Any) -> Column[str]:
    """Make a column of text."""
    return Column(name, String, **{"nullable": False} | options)


def who(name: str = "user", **options: Any) -> Column[int]:
    """Make a column that names a user."""
    return Column(name, Integer, ForeignKey("users.id"), nullable=False, **options)


KEY, INDEX, TIME = {"primary_key": True}, {"index": True}, DateTime(timezone=True)
# fmt: off
users = Table("users", tables, Column("id", Integer, **KEY), Column("last", Integer))
follows = Table("follows", tables, who("followee", **KEY), who("follower", **KEY))
moods = Table("moods", tables, text("id", **KEY), who(**INDEX), text("mood"),
    Column("intensity", Float), text("note", nullable=True), Column("tags", JSON),
    Column("public", Boolean), Column("created_at", TIME, nullable=False))
hugs = Table("hugs", tables, text("id", **KEY), who("sender", **INDEX), text("kind"),
    who("recipient", **INDEX), text("message", nullable=True), Column("created_at", TIME))
handled = Table("handled", tables, who(**KEY), text("message_id", **KEY), text("reply"))
events = Table("events", tables, text("id", **KEY), text("body"))
inbox = Table("inbox", tables, Column("user", Integer, **KEY), Column("number", Integer, **KEY),
    text("event_id"))
# fmt: on


class MoodUpdate(BaseModel):
    """The data of `mood_update`."""

    mood: str = Field(max_length=50)
    intensity: float = Field(ge=0, le=1)
    note: str | None = Field(None, max_length=1000)
    tags: list[str] = Field([], max_length=10)
    public: bool = Field(default=False, alias="isPublic")


class SendHug(BaseModel):
    """The data of `send_hug`."""

    recipient: int = Field(alias="recipientId")
    kind: str = Field(alias="hugType", max_length=50)
    message: str | None = Field(None, max_length=500)


def numbering(recipients: sa.Select[Any]) -> tuple[sa.Select[Any], sa.UpdateBase]:
    """Make the statements that lock the recipients, in one order, and raise their numbers."""
    lock = sa.select(users.c.id).where(users.c.id.in_(recipients)).order_by(users.c.id)
    raised = users.update().where(users.c.id.in_(recipients)).values(last=users.c.last + 1)
    return lock.with_for_update(), raised.returning(users.c.id, users.c.last)


WHO = sa.bindparam("who", type_=Integer)
FOLLOWERS = numbering(sa.select(follows.c.follower).where(follows.c.followee == WHO))
RECIPIENT = numbering(sa.select(users.c.id).where(users.c.id == WHO))
KNOWN = sa.select(handled.c.reply).filter_by(user=WHO, message_id=sa.bindparam("id"))
Data = dict[str, Any]
Outcome = tuple[Data, Data, dict[int, int]]  # the reply's data, the event, who gets which number


async def mood_update(db: AsyncConnection, user: int, data: Data) -> Outcome:
    """Keep an entry; followers hear of it if it is public."""
    said = MoodUpdate.model_validate(data)
    row = {"id": str(uuid.uuid4()), "user": user, "created_at": datetime.now(UTC)}
    await db.execute(moods.insert(), row | said.model_dump())
    told = {"userId": user, "moodId": row["id"], "mood": said.mood, "intensity": said.intensity}
    event = {"type": "mood_changed", "data": told}
    numbers = await deliver(db, event, FOLLOWERS, user) if said.public else {}
    return {"success": True, "moodId": row["id"]}, event, numbers


async def send_hug(db: AsyncConnection, user: int, data: Data) -> Outcome:
    """Keep a hug; its recipient hears of it."""
    said = SendHug.model_validate(data)
    row = {"id": str(uuid.uuid4()), "sender": user, "created_at": datetime.now(UTC)}
    await db.execute(hugs.insert(), row | said.model_dump())
    told = {"senderId": user, "hugId": row["id"], "hugType": said.kind, "message": said.message}
    event = {"type": "hug_received", "data": told}
    numbers = await deliver(db, event, RECIPIENT, said.recipient)
    return {"success": True, "hugId": row["id"]}, event, numbers


async def handle(user: int, message: Data) -> str:
    """Do a command once, however often it comes, and return its reply."""
    kind, message_id = message["type"], message["id"]
    command = {"mood_update": mood_update, "send_hug": send_hug}[kind]
    async with engine.begin() as db:
        if known := (await db.execute(KNOWN, {"who": user, "id": message_id})).first():
            return str(known.reply)
        data, event, numbers = await command(db, user, message["data"])
        reply = json.dumps({"type": f"{kind}_response", "id": message_id, "data": data})
        await db.execute(handled.insert(), {"user": user, "message_id": message_id, "reply": reply})
    if numbers:
        online = await redis.smismember("online", list(numbers))
        if there := dict(compress(numbers.items(), online)):
            await redis.publish("events", json.dumps([event, there]))
    return reply


async def deliver(db: AsyncConnection, event: Data, to: Any, who: int) -> dict[int, int]:
    """Put an event into its recipients' inboxes; return the number it has in each."""
    if not (await db.execute(to[0], {"who": who})).all():
        return {}
    numbers: dict[int, int] = dict((await db.execute(to[1], {"who": who})).tuples().all())
    key = str(uuid.uuid4())
    await db.execute(events.insert(), {"id": key, "body": json.dumps(event)})
    rows = [{"user": u, "number": n, "event_id": key} for u, n in numbers.items()]
    await db.execute(inbox.insert(), rows)
    return numbers


async def relay() -> None:
    """Tell those who are connected to this process what any process publishes."""
    async with redis.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe("events")
        async for message in channel.listen():
            event, numbers = json.loads(message["data"])
            for user, number in numbers.items():
                if socket := sockets.get(int(user)):
                    with suppress(WebSocketDisconnected):
                        await socket.send_text(json.dumps(event | {"sequenceNumber": number}))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Have SQLite's commits on disk, and relay as long as the process runs."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL") if SQLITE else ():
        async with engine.connect() as db:  # the only one of its pool
            await db.exec_driver_sql(f"PRAGMA {pragma}")
    task = asyncio.create_task(relay())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def serve(socket: WebSocket) -> None:
    """Sign somebody in, then do what they ask."""
    await socket.accept()
    hello = await socket.receive_json()
    user = int(hello["data"]["token"])
    sockets[user] = socket
    await redis.sadd("online", user)
    await socket.send_json({"type": "auth_response", "id": hello["id"], "data": {"success": True}})
    try:
        while True:
            message = await socket.receive_json()
            try:
                await socket.send_text(await handle(user, message))
            except (KeyError, ValidationError, sa.exc.IntegrityError) as error:
                data = {"message": str(error)}
                await socket.send_json({"type": "error", "id": message.get("id"), "data": data})
    except (WebSocketDisconnect, WebSocketDisconnected):
        sockets.pop(user, None)
        await redis.srem("online", user)


async def create() -> None:
    """Make the tables."""
    async with engine.begin() as db:
        await db.run_sync(tables.create_all)


if __name__ == "__main__":
    asyncio.run(create())
