"""The SDK needs no code per message: whatever is registered can be sent and understood."""

import json
from typing import Any

import pytest

from hugmood.client import Client, RequestFailed
from hugmood.features import load_messages
from hugmood.wire import codec
from hugmood.wire.message import (
    COMMANDS,
    PUSHES,
    VARIANT_FIELDS,
    CommandKey,
    Event,
    Notice,
    Push,
    reply_type,
)
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.markdown import ROOT, code_blocks

load_messages()

Json = dict[str, Any]

OF_ITS_OWN = {"auth", "disconnect"}
"""What the client sends by itself."""
SENT = [key for key, kind in COMMANDS.items() if not kind.internal and key[0] not in OF_ITS_OWN]
TOLD = [kind for kind, push in PUSHES.items() if issubclass(push, Event | Notice)]
EXAMPLES: list[Json] = [
    json.loads(text) for text in code_blocks(ROOT / "docs" / "protocol.md", "json")
]


def asked_and_answered(key: CommandKey) -> tuple[Json, Json]:
    """The protocol page's example of a command, and that of its reply."""
    kind, variant = key
    chosen = VARIANT_FIELDS.get(kind, "")
    asked = [one for one in EXAMPLES if one["type"] == kind]
    answers = [one for one in EXAMPLES if one["type"] == f"{kind}_response"]
    return next(
        (ask.get("data", {}), answer["data"])
        for ask in asked
        for answer in answers
        if answer["id"] == f"{ask['id']}-resp"
        and ask.get("data", {}).get(chosen) == answer["data"].get(chosen) == variant
    )


def read(kind: type[Any], data: Json) -> Any:  # noqa: ANN401 (whatever it is)
    """Data as this struct."""
    return codec.decoder(kind)(codec.encode(data))


@pytest.mark.parametrize("key", SENT, ids=lambda key: "-".join(filter(None, key)))
async def test_a_command_is_sent_and_its_reply_understood(
    join: Joining, server: FakeServer, key: CommandKey
) -> None:
    """As the page on the protocol shows both."""
    data, answer = asked_and_answered(key)
    server.answers[key[1] or key[0]] = answer
    command = read(COMMANDS[key], data)
    async with join() as hug:
        reply = await hug.request(command)
    (ask,) = server.asked(key[0])
    assert command == read(COMMANDS[key], ask.data)
    assert isinstance(reply, reply_type(COMMANDS[key]))
    assert read(reply_type(COMMANDS[key]), answer) == reply


@pytest.mark.parametrize("key", SENT, ids=lambda key: "-".join(filter(None, key)))
async def test_a_command_may_be_refused(join: Joining, server: FakeServer, key: CommandKey) -> None:
    """Which is the same for all of them."""
    server.refusals = [{"code": "permission_denied", "message": "No"}]
    async with join() as hug:
        with pytest.raises(RequestFailed, match="permission_denied: No"):
            await hug.request(read(COMMANDS[key], asked_and_answered(key)[0]))


@pytest.mark.parametrize("kind", TOLD)
async def test_a_push_is_understood(join: Joining, server: FakeServer, kind: str) -> None:
    """With its number, if it has one."""
    data = next(one["data"] for one in EXAMPLES if one["type"] == kind)
    stored = issubclass(PUSHES[kind], Event)
    async with join() as hug:
        if stored:
            await server.emit(kind, data)
        else:
            await server.broadcast(kind, data)
        heard, number = await first(hug)
    assert isinstance(heard, PUSHES[kind])
    assert (read(PUSHES[kind], data), 1 if stored else None) == (heard, number)


async def first(hug: Client) -> tuple[Push, int | None]:
    """The first thing that happens."""
    received = await anext(hug.messages())
    assert isinstance(received.payload, Push)
    return received.payload, received.number
