"""Whatever the server can push has a line that people can read."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from hugmood.ambient import System
from hugmood.features import load_messages
from hugmood.terminal.conversation import Conversation
from hugmood.terminal.session import TYPED, converse
from hugmood.terminal.shown import EVENTS
from hugmood.wire.message import PUSHES, Event, Notice
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer, eventually
from tests.markdown import ROOT, code_blocks
from tests.terminal.conftest import Shown

load_messages()

TOLD = [kind for kind, push in PUSHES.items() if issubclass(push, Event | Notice)]
EXAMPLES: list[dict[str, Any]] = [
    json.loads(text) for text in code_blocks(ROOT / "docs" / "protocol.md", "json")
]


@pytest.mark.parametrize("kind", TOLD)
def test_a_push_has_lines_of_its_own(kind: str) -> None:
    """A new one needs a function with `@tells` in the module of its subject."""
    assert PUSHES[kind] in EVENTS


@pytest.mark.parametrize("kind", TOLD)
async def test_a_push_can_be_read(
    join: Joining, server: FakeServer, shown: Shown, kind: str
) -> None:
    """Each example on the protocol page becomes words, without the protocol's own."""
    examples = [one["data"] for one in EXAMPLES if one["type"] == kind]
    send = server.emit if issubclass(PUSHES[kind], Event) else server.broadcast

    async def lines() -> AsyncGenerator[str, None]:
        for data in examples:
            await send(kind, data)
        await eventually(lambda: len(shown) >= len(examples))
        yield ""

    async with join() as hug:
        await converse(Conversation(hug, shown, System()), lines(), TYPED)
    assert len(examples) <= len(shown)
    for line in shown:
        assert len(line.split()) > 1
        assert not {"\n", "_", "{", "UNSET"} & {*line}
        assert kind not in line
