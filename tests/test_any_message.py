"""Whatever clients send, each command gets one answer, and never that the server failed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hugmood.features import load_messages
from hugmood.wire.message import COMMANDS, VARIANT_FIELDS, CommandKey
from tests.databases import InMemory
from tests.device import Device
from tests.world import World

load_messages()
PUBLIC = [key for key, kind in COMMANDS.items() if not kind.internal and key[0] != "disconnect"]

texts = st.text(max_size=8)
odd_texts = st.sampled_from(["", "\0", "\ud800", "%s", ":name", "'; --", "x" * 5000])
odd_numbers = st.sampled_from([2**53, 2**63, -(2**63) - 1, 10**30, 5e-324, 1e308, -0.0, 1e16])
odd: SearchStrategy[Any] = odd_texts | odd_numbers | st.sampled_from([True, None, [], {}])
values = st.recursive(
    texts | odd | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
times = st.sampled_from(
    ["2023-08-25T14:30:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
)
place = {"latitude": st.floats(-90, 90), "longitude": st.floats(-180, 180)}
sensible: dict[str, SearchStrategy[Any]] = {
    "mood": st.just("happy"),
    "intensity": st.floats(0, 1),
    "pleasantness": st.floats(-1, 1),
    "isPublic": st.booleans(),
    "tags": st.lists(st.text(min_size=1, max_size=5), max_size=4),
    "factors": st.dictionaries(st.text(min_size=1, max_size=5), st.floats(-1e9, 1e9), max_size=3),
    "location": st.fixed_dictionaries(place, optional={"name": texts, "type": texts}),
    "hugType": st.just("warm"),
    "customization": st.fixed_dictionaries({}, optional={"color": st.just("#00FF00")}),
    "action": st.sampled_from(["follow", "unfollow"]),
    "targetType": st.sampled_from(["user", "followers", "group"]),
    "expiresAfter": st.integers(60, 604_800),
    "accept": st.booleans(),
    "status": st.sampled_from(["online", "away", "offline", "do_not_disturb"]),
    "inviteeIds": st.lists(st.just("user-1"), max_size=2),
    "limit": st.integers(1, 100),
    "offset": st.integers(0, 2**53 - 1),
    "filters": st.fixed_dictionaries({}, optional={"startDate": times, "endDate": times}),
}


@pytest.fixture(scope="module")
def people(sqlite_template: Path) -> Iterator[list[Device]]:
    """Two people, who know each other."""
    with World(InMemory(sqlite_template), limited=False) as world:
        yield [world.register("Ada"), world.register("Bob")]


@st.composite
def payloads(draw: st.DrawFn, key: CommandKey, user_ids: list[str]) -> dict[str, Any]:
    """Data of a command: in most of its fields what makes sense, in some whatever."""
    kind, variant = key
    chooser = VARIANT_FIELDS.get(kind)
    data: dict[str, Any] = {} if chooser is None else {chooser: variant}
    for field in msgspec.structs.fields(COMMANDS[key]):
        name = field.encode_name
        usual = st.sampled_from(user_ids) if name.endswith("Id") else sensible.get(name, texts)
        if name != chooser and (field.required or draw(st.booleans())):
            data[name] = draw(values if draw(st.integers(0, 9)) == 0 else usual)
    return data | draw(st.dictionaries(st.just("other"), values, max_size=1))


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_message(people: list[Device], data: st.DataObject) -> None:
    """The reply, or an error that names the client's mistake."""
    ada, bob = people
    key = data.draw(st.sampled_from(PUBLIC))
    payload = data.draw(payloads(key, [ada.user_id, bob.user_id, "user-1"]))
    message_id = ada.world.ambient.message_id("msg")
    message: dict[str, Any] = {"type": key[0], "id": message_id, "data": payload}
    message |= data.draw(st.dictionaries(st.just("timestamp"), times, max_size=1))
    heard = ada.raw(json.dumps(message).encode())
    answers = [
        one.data.get("code") or one.data.get("error")
        for one in heard
        if one.id == f"{message_id}-resp" or one.data.get("originalMessageId") == message_id
    ]
    assert (1, None) == (len(answers), ada.closed)
    assert answers != ["server_error"]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400, "9" * 5000])
def test_number_that_nobody_reads(people: list[Device], number: str) -> None:
    """An unknown field may hold any JSON; some of it made remembering the command fail."""
    message = '{"type":"mood_update","id":"m%d","data":{"mood":"happy","intensity":1,"x":%s}}'
    text = (message % (hash(number), number)).encode()
    kinds = [[heard.type for heard in people[0].raw(text)] for _ in range(2)]
    assert ["mood_update_response", "mood_changed"] == kinds[0][:2]
    assert ["mood_update_response"] == kinds[1]
