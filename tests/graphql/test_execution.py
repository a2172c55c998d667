"""What becomes of a request: executed, refused, cut short."""

from typing import Any

import pytest

from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate
from hugmood.graphql.limits import Limits
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import feel
from tests.graphql.face import Face
from tests.world import World

CREATE = """
    mutation ($input: CreateMoodEntryInput!) {
        createMoodEntry(input: $input) { clientMutationId moodId streakUpdate { current } }
    }
"""
ENTRIES = """
    query ($first: Int, $after: String) {
        moodEntries(first: $first, after: $after) {
            totalCount asOfSequence pageInfo { hasNextPage startCursor endCursor }
            edges { cursor node { id mood } }
            items { id }
        }
    }
"""


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada", remember_me=True)


def test_both_faces(face: Face, ada: Device) -> None:
    """What is said here is the same as what is said on the socket, and is heard there."""
    data: dict[str, Any] = {"mood": "happy", "intensity": 0.8, "tags": ["work"], "isPublic": True}
    here = face.ask(CREATE, ada, input=data).data["createMoodEntry"]
    there = ada.request(MoodUpdate(mood="happy", intensity=0.8, tags=["work"], is_public=True))
    first, second = ada.request(FetchMoodHistory()).items[::-1]
    assert [here["moodId"], there.mood_id] == [first.id, second.id]
    assert (first.mood, first.tags, first.is_public) == (second.mood, second.tags, second.is_public)
    moods = [message for message in ada.received if message.type == "mood_changed"]
    assert [here["moodId"], there.mood_id] == [message.data["moodId"] for message in moods]


@on_sqlite
def test_once(face: Face, ada: Device) -> None:
    """A mutation that is sent again with its id is answered as before and done once."""
    data = {"mood": "happy", "intensity": 0.8, "clientMutationId": "one"}
    replies = [face.ask(CREATE, ada, input=data) for _ in range(2)]
    assert replies[0].data == replies[1].data
    assert "one" == replies[0].data["createMoodEntry"]["clientMutationId"]
    other = face.ask(CREATE, ada, input=data | {"mood": "sad"})
    assert [{"code": "invalid_request", "issue": "id_reused"}] == [
        {name: error["extensions"][name] for name in ("code", "issue")} for error in other.errors
    ]
    assert 1 == ada.request(FetchMoodHistory()).total_count


@on_sqlite
def test_connection(face: Face, ada: Device) -> None:
    """A connection is paged through by its cursors."""
    ids = [feel(ada).mood_id for _ in range(5)][::-1]
    found: list[list[str]] = []
    after, page = None, None
    for _ in range(3):
        page = face.ask(ENTRIES, ada, first=2, after=after).data["moodEntries"]
        assert [item["id"] for item in page["items"]] == [e["node"]["id"] for e in page["edges"]]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        found.append([edge["node"]["id"] for edge in page["edges"]])
        after = page["pageInfo"]["endCursor"]
    assert [ids[:2], ids[2:4], ids[4:]] == found
    assert page
    assert (5, False) == (page["totalCount"], page["pageInfo"]["hasNextPage"])


@on_sqlite
@pytest.mark.parametrize(
    ("given", "field", "issue"),
    [
        ({"intensity": 5}, "input.intensity", "out_of_range"),
        ({"note": "x" * 2001}, "input.note", "too_long"),
        ({"mood": "nope"}, "input.mood", "unknown_value"),
        ({"tags": ["a", ""]}, "input.tags[1]", "invalid_format"),
        ({"clientMutationId": ""}, "input.clientMutationId", "out_of_range"),
        ({"clientMutationId": "x" * 129}, "input.clientMutationId", "too_long"),
        ({"location": {"latitude": 91, "longitude": 0}}, "input.location.latitude", "out_of_range"),
    ],
)
def test_bad_input(face: Face, ada: Device, given: dict[str, Any], field: str, issue: str) -> None:
    """What is wrong with an input is said as on the socket, and nothing is changed."""
    reply = face.ask(CREATE, ada, input={"mood": "happy", "intensity": 0.8} | given)
    (error,) = reply.errors
    assert {"code": "invalid_request", "field": field, "issue": issue} == error["extensions"]
    assert ["createMoodEntry"] == error["path"]
    assert 0 == ada.request(FetchMoodHistory()).total_count


@on_sqlite
def test_field_by_its_own_name(face: Face, ada: Device) -> None:
    """An argument that is called otherwise on the socket is named as it is here."""
    query = '{ moodEntries(filter: {tags: [""]}) { totalCount } }'
    (error,) = face.ask(query, ada).errors
    assert "filter.tags[0]" == error["extensions"]["field"]


@on_sqlite
@pytest.mark.parametrize("name", ["first", "limit"])
def test_field_by_the_name_it_was_asked_with(face: Face, ada: Device, name: str) -> None:
    """What has two names is told by the one that was used."""
    answer = face.ask(f"query {{ moodEntries({name}: -1) {{ totalCount }} }}", ada)
    assert [name] == [error["extensions"]["field"] for error in answer.errors]


@on_sqlite
def test_null_takes_out(face: Face, ada: Device) -> None:
    """What is null in an update is taken out, what is left out stays."""
    mood_id = feel(ada, note="Hello", tags=["work"]).mood_id
    query = """
        mutation ($input: UpdateMoodEntryInput!) { updateMoodEntry(input: $input) { moodId } }
    """
    face.ask(query, ada, input={"moodId": mood_id, "note": None, "mood": None})
    (item,) = ada.request(FetchMoodHistory()).items
    assert (False, ["work"], "calm") == (bool(item.note), item.tags, item.mood)


@on_sqlite
def test_part_of_a_query(face: Face, ada: Device) -> None:
    """A field that is refused leaves the others of a query alone, where it may be null."""
    reply = face.ask("{ streak { current } a: __typename }", ada)
    assert ({"streak": {"current": 0}, "a": "Query"}, []) == (reply.data, reply.errors)


@on_sqlite
def test_statements(face: Face, ada: Device) -> None:
    """A page takes as many statements as on the socket, however long it is."""
    counts = []
    for _ in range(2):
        for _ in range(10):
            feel(ada)
        face.ask(ENTRIES, ada, first=100)
        with face.world.statements() as made:
            face.ask(ENTRIES, ada, first=100)
        counts.append(made)
    assert counts[0] == counts[1]
    with face.world.statements() as there:
        ada.request(FetchMoodHistory(limit=100))
    assert counts[0] == there


# What is too much


@on_sqlite
@pytest.mark.parametrize(
    ("limits", "query", "text"),
    [
        (Limits(depth=2), "{ moodEntries { items { id } } }", "deep"),
        (Limits(aliases=1), "{ a: __typename b: __typename }", "aliases"),
        (Limits(tokens=10), "{ " + "__typename " * 20 + "}", "tokens"),
        (Limits(cost=100), "{ moodEntries(limit: 60) { items { id mood } } }", "costs 122"),
        (Limits(cost=40), "{ moodEntries { items { id mood } } }", "costs 42"),
        (Limits(), "query { ...F } fragment F on Query { ...F }", "itself"),
        (Limits(), "{" * 300, "Expected"),
        (Limits(), "{ nope }", "Cannot query field"),
        (Limits(), "subscription { moodChanged { mood } }", "need a WebSocket"),
        (Limits(), "", "Unexpected"),
    ],
)
def test_refused_before_anything_is_done(
    world: World, ada: Device, limits: Limits, query: str, text: str
) -> None:
    """What asks for too much, or for what is not there, is refused before it runs."""
    face = Face(world, limits=limits)
    with world.statements() as made:
        reply = face.ask(query, ada)
    assert [] == [statement for statement in made if "mood_entry" in statement]
    assert reply.data is None
    assert text in reply.errors[0]["message"]
    assert {"invalid_request"} == set(reply.codes)


@on_sqlite
def test_cost_of_variables(world: World, ada: Device) -> None:
    """The size of a page counts where it is a variable too, and in a fragment."""
    face = Face(world, limits=Limits(cost=100))
    query = """
        query ($n: Int) { moodEntries(limit: $n) { ...P } }
        fragment P on MoodEntryConnection { items { id } }
    """
    assert [] == face.ask(query, ada, n=90).errors
    assert "costs 102" in face.ask(query, ada, n=100).errors[0]["message"]
    query = "query ($n: Int = 100) { moodEntries(limit: $n) { items { id } } }"
    assert "costs 102" in face.ask(query, ada).errors[0]["message"]


@on_sqlite
def test_no_introspection(world: World, ada: Device) -> None:
    """Where it is off, nobody is told what there is, nor given hints."""
    face = Face(world, introspection=False)
    for query in ("{ __schema { types { name } } }", "{ moodEntrie { totalCount } }"):
        (error, *_) = face.ask(query, ada).errors
        assert "Did you mean" not in error["message"]
    assert "__schema" in str(face.ask("{ __schema { types { name } } }", ada).errors)
    assert [] == Face(world).ask("{ __schema { types { name } } }", ada).errors


# Faults


@on_sqlite
def test_takes_too_long(world: World, ada: Device) -> None:
    """An operation that takes too long is given up, and its late answers are no harm."""
    face = Face(world, limits=Limits(seconds=2))
    world.engine.hold("read")
    task = world.loop.create_task(
        face._send(
            "POST",
            {"Authorization": f"Bearer {ada.token}"},
            {"json": {"query": "{ streak { current } }"}},
        )
    )
    world.settle()
    world.clock.move(3)
    assert "longer than 2 seconds" in task.result().json()["errors"][0]["message"]
    world.engine.release("read")
    world.settle()
    assert [] == face.ask("{ streak { current } }", ada).errors


@on_sqlite
def test_process_dies(face: Face, ada: Device) -> None:
    """What the process had in hand is answered, and sent again with its id is done once."""
    world = face.world
    body = {
        "query": CREATE,
        "variables": {"input": {"mood": "happy", "intensity": 1, "clientMutationId": "x"}},
    }
    world.engine.hold("write")
    task = world.loop.create_task(
        face._send("POST", {"Authorization": f"Bearer {ada.token}"}, {"json": body})
    )
    world.settle()
    face.die()
    world.engine.release("write")
    world.settle()
    assert (503, "server_error") == (
        task.result().status_code,
        task.result().json()["errors"][0]["extensions"]["code"],
    )
    assert 503 == face.post(body, token=ada.token).status
    face.start()
    assert face.post(body, token=ada.token).data["createMoodEntry"]["moodId"]
    assert 1 == ada.request(FetchMoodHistory()).total_count


@on_sqlite
def test_fault_is_masked(face: Face, ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a fault of ours nobody is told more than that there was one."""

    def fail(*_: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("hugmood.graphql.resolving._data", fail)
    reply = face.ask("{ streak { current } }", ada)
    assert ["server_error"] == reply.codes
    assert "42" not in str(reply)
