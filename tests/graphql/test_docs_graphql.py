"""`docs/graphql.md` is true: its documents are valid, and its pairs do the same on both faces."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple

import pytest
from graphql import parse, validate

from hugmood.graphql.schema import schema
from tests.conftest import quick_place
from tests.device import Device
from tests.features.people import feel, follow
from tests.graphql.face import Face
from tests.markdown import ROOT, code_blocks, read_sections
from tests.world import PASSWORD, World

PAGE: Final = ROOT / "docs" / "graphql.md"
CHAPTER: Final = "From the WebSocket protocol"
INNER: Final = {"mood_analytics": "analytics"}
"""The field of a reply that is the value, by what is fetched."""
_BLOCK: Final = re.compile(r"^```(json|graphql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID: Final = re.compile(r"^([a-z]+)-[0-9a-f-]{20,}$")
_TOKEN: Final = re.compile(r"^ey[\w-]+\.[\w-]+\.[\w-]+$")
_WORD: Final = re.compile(r"^[A-Z_]+$")


class Pair(NamedTuple):
    """A message and the document that does the same."""

    title: str
    message: dict[str, Any]
    document: str
    variables: dict[str, Any]


def pairs() -> Iterator[Pair]:
    """All pairs of the page."""
    sections = read_sections(PAGE)
    start = next(n for n, section in enumerate(sections) if section.title == CHAPTER)
    for section in sections[start + 1 :]:
        blocks = _BLOCK.findall(section.text)
        assert ["json", "graphql", "json"] == [language for language, _ in blocks], section.title
        message, document, variables = (text for _, text in blocks)
        yield Pair(section.title, json.loads(message), document, json.loads(variables))


PAIRS: Final = list(pairs())


class Town(NamedTuple):
    """A world with Jane in it, whom John follows; and its GraphQL face."""

    face: Face
    jane: Device
    john: Device


@contextmanager
def town(dialect: str, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Make one; any two are the same."""
    with ExitStack() as stack:
        world = stack.enter_context(World(stack.enter_context(quick_place(dialect, request))))
        jane = world.register("Jane Smith", email="user@example.com", remember_me=True)
        john = world.register("John Doe")
        follow(john, jane)
        follow(jane, john)
        for day in range(20, 25):
            at = f"2023-08-{day}T12:00:00.000Z"
            feel(jane, "happy", intensity=day / 30, tags=["exercise"], factors={"sleep": 7}, at=at)
        yield Town(Face(world), jane, john)


def filled_in(text: str, town: Town) -> Any:  # noqa: ANN401 (any JSON)
    """A block with the ids and secrets of this world."""
    words = {
        "user-12345": town.john.user_id,
        "userpassword": PASSWORD,
        "jwt-token-string": town.jane.token,
    }
    for word, real in words.items():
        text = text.replace(word, real)
    return json.loads(text)


def plain(value: Any) -> Any:  # noqa: ANN401 (any JSON)
    """What must be alike: ids and tokens less what is chance, enums as on the wire."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str):
        if _TOKEN.match(value):
            return "token"
        value = value.lower() if _WORD.match(value) else value
        return _ID.sub(r"\1", value)
    return value


def picked(data: Any, like: Any) -> Any:  # noqa: ANN401 (any JSON)
    """Of the data what a document picked: what is not there is null."""
    if isinstance(data, dict) and isinstance(like, dict):
        return {name: picked(data.get(name), one) for name, one in like.items()}
    if isinstance(data, list) and isinstance(like, list):
        return [picked(*both) for both in zip(data, like, strict=True)]
    return data


def seen(town: Town) -> list[Any]:
    """What both were told of, and what both can fetch."""
    told = [
        (message.type, plain(message.data), message.number)
        for device in (town.jane, town.john)
        for message in device.received
        if not message.type.endswith("_response")
    ]
    lists = ("mood_history", "hug_history", "hug_requests", "notifications", "badges", "streak")
    fetched = [
        plain(device.raw({"type": "fetch", "id": kind, "data": {"dataType": kind}})[-1].data)
        for device in (town.jane, town.john)
        for kind in lists
    ]
    return [told, fetched]


def test_documents_are_valid() -> None:
    """Every document of the page is one that the server takes."""
    for document in code_blocks(PAGE, "graphql"):
        assert [] == validate(schema(), parse(document)), document


def test_every_row_is_worked_out() -> None:
    """Each pair of the seed's table has its section."""
    kinds = [(pair.message["type"], pair.message["data"].get("dataType")) for pair in PAIRS]
    assert [
        ("auth", None),
        ("auth", None),
        ("mood_update", None),
        ("send_hug", None),
        ("request_hug", None),
        ("fetch", "mood_history"),
        ("fetch", "mood_analytics"),
    ] == kinds


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_pair(pair: Pair, dialect: str, request: pytest.FixtureRequest) -> None:
    """Done over either face the answer, the effects and the events are the same."""
    with town(dialect, request) as here, town(dialect, request) as there:
        device = there.jane if pair.message["type"] != "auth" else there.face.world.connect()
        message = filled_in(json.dumps(pair.message), there)
        device.raw(message)
        replies = [m for m in device.received if m.id == f"{message['id']}-resp"]
        (reply,) = replies
        if pair.message["type"] == "auth":
            device.drop()
        variables = filled_in(json.dumps(pair.variables), here)
        signed_in = None if pair.message["type"] == "auth" else here.jane
        answer = here.face.ask(pair.document, signed_in, **variables)
        assert [] == answer.errors
        ((_, value),) = answer.data.items()
        data = reply.data.get(INNER.get(reply.data.get("dataType", ""), ""), reply.data)
        assert plain(value) == picked(plain(data), plain(value))
        assert seen(here) == seen(there)
