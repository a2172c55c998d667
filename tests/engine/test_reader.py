"""Readers: queries, pages and heads; one question's trouble is not another's."""

import msgspec
import pytest
from structlog.testing import capture_logs

from hugmood.ambient import iso
from hugmood.engine.handling import ROUTES, Ctx, Route, handles
from hugmood.engine.reader import Question, Reader
from hugmood.engine.records import Answer, Ask, AskHeads, AskPage, Caller, Entry, Heads, StreamPage
from hugmood.errors import Refusal
from hugmood.features.auth.messages import AuthResponse
from hugmood.features.follows.messages import FetchFollowers
from hugmood.features.hugs.messages import FetchHugCatalog, HugCatalog, SendHug
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate
from hugmood.store.database import DatabaseUnavailable
from hugmood.wire.message import Error, reply_type
from tests.device import Device
from tests.world import World

GONE = DatabaseUnavailable("the disk is on fire")
WRONG = "Something went wrong on our side; please try again"


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody, whose key is 1."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World, ada: Device) -> Device:
    """Somebody else, whose key is 2."""
    return world.register("Bob")


@pytest.fixture
def reader(world: World) -> Reader:
    """A reader."""
    return Reader(world.database, world.engine.hosts["read"])


def hug(one: Device, other: Device) -> None:
    """Have the one hug the other."""
    one.request(SendHug(recipient_id=other.user_id, hug_type="warm"))


def ask(data: bytes, kind: str = "fetch") -> Ask:
    """A query of Ada's."""
    caller = Caller(1, "user-1", "session-1", guest=False)
    return Ask(5, kind, "id", data, caller, at=None, client="client-1", remote="")


def test_page(reader: Reader, ada: Device, bob: Device) -> None:
    """A page has what the stream holds, as it was sent less its number."""
    hug(ada, bob)
    found = reader.answer(AskPage(7, 2, 0))
    assert isinstance(found, StreamPage)
    assert found == StreamPage(7, [Entry(1, found.entries[0].prefix, 1)], 1, 1, 1, complete=True)
    sent = msgspec.json.decode(found.entries[0].prefix + b"}")
    live = bob.received[-1]
    assert sent == {
        "type": live.type,
        "id": live.id,
        "data": live.data,
        "timestamp": iso(ada.world.clock.now()),
    }


def test_heads(reader: Reader, ada: Device, bob: Device) -> None:
    """Heads come in the order in which they were asked for."""
    hug(ada, bob)
    hug(ada, bob)
    hug(bob, ada)
    assert reader.answer(AskHeads(7, [2, 99, 1])) == Heads(7, [2, 0, 1])


def test_query(reader: Reader, ada: Device) -> None:
    """A query is answered by its reply."""
    found = reader.answer(ask(b'{"dataType": "hug_catalog"}'))
    assert isinstance(found, Answer)
    assert (found.number, found.refusal) == (5, None)
    assert msgspec.json.decode(found.data)["success"]


def test_refused_query(reader: Reader, ada: Device) -> None:
    """A query that is wrong is refused."""
    assert reader.answer(ask(b'{"dataType": "gold"}')) == Answer(
        5,
        refusal=Refusal(
            "invalid_request",
            "A value is not one of those known",
            field="data.dataType",
            issue="unknown_value",
        ),
    )


def test_reads_only(world: World, ada: Device) -> None:
    """A query begins a transaction that reads, and no other."""
    before = len(world.database.transactions)
    ada.request(FetchFollowers())
    assert world.database.transactions[before:] == ["read"]


def test_one_snapshot(world: World, reader: Reader, ada: Device) -> None:
    """Questions that wait together are answered from one snapshot."""
    before = len(world.database.transactions)
    assert list(reader.answers([AskHeads(7, [1]), AskHeads(8, [1])])) == [
        Heads(7, [0]),
        Heads(8, [0]),
    ]
    assert world.database.transactions[before:] == ["read"]


def test_as_of_sequence(ada: Device, bob: Device) -> None:
    """A reply says which of the asker's events it reflects."""
    hug(bob, ada)
    ada.request(MoodUpdate(mood="calm", intensity=1))
    assert ada.request(FetchMoodHistory()).as_of_sequence == 3  # with the first badge


def test_query_overtakes(world: World, ada: Device, bob: Device) -> None:
    """A query does not wait for a command that is still running."""
    world.engine.hold("write")
    sent = ada.send(SendHug(recipient_id=bob.user_id, hug_type="warm"))
    assert (ada.request(FetchHugCatalog()).success, sent.answered) == (True, False)


# Trouble


@pytest.fixture
def broken_catalog(registries: None) -> None:
    """A query with a bug in it."""
    del ROUTES["fetch", "hug_catalog"]

    def fetch_hug_catalog(ctx: Ctx, query: FetchHugCatalog) -> HugCatalog:
        raise RuntimeError("something that somebody wrote")

    handles(fetch_hug_catalog)


def test_bug(ada: Device, broken_catalog: None) -> None:
    """A query with a bug is answered without details, the next as always."""
    refusal = ada.refusal(FetchHugCatalog())
    assert isinstance(refusal, Error)
    assert (refusal.code, refusal.message, ada.request(FetchFollowers()).total_count) == (
        "server_error",
        WRONG,
        0,
    )


@pytest.fixture
def wrong_statement(registries: None) -> None:
    """A query whose statement the database refuses."""
    del ROUTES["fetch", "hug_catalog"]

    def fetch_hug_catalog(ctx: Ctx, query: FetchHugCatalog) -> HugCatalog:
        ctx.tx.rows("SELECT nothing FROM nowhere")
        raise AssertionError

    handles(fetch_hug_catalog)


def test_wrong_statement(reader: Reader, ada: Device, wrong_statement: None) -> None:
    """A statement that fails is one question's trouble, though others are in its snapshot."""
    questions: list[Question] = [
        AskHeads(7, [1]),
        ask(b'{"dataType": "hug_catalog"}'),
        AskHeads(8, [1]),
    ]
    first, failed, last = reader.answers(questions)
    assert (first, last) == (Heads(7, [0]), Heads(8, [0]))
    assert isinstance(failed, Answer)
    assert failed.refusal
    assert (failed.number, failed.refusal.code) == (5, "server_error")


def test_bug_logged(ada: Device, broken_catalog: None) -> None:
    """The log has the trace of a query's bug under the id of the error that was sent."""
    with capture_logs() as lines:
        ada.refusal(FetchHugCatalog())
    found = [(line["error_id"], line["type"], line["exc_info"]) for line in lines]
    assert found == [(ada.received[-1].id, "fetch", True)]


def test_query_without_database(world: World, ada: Device) -> None:
    """A query whose database is gone is answered, and may be repeated when it is back."""
    world.database.breaks_at_begin = GONE
    refusal = ada.refusal(FetchFollowers())
    world.database.breaks_at_begin = None
    assert isinstance(refusal, Error)
    assert (refusal.code, ada.request(FetchFollowers()).total_count) == ("server_error", 0)


@pytest.mark.parametrize("question", [AskPage(7, 1, 0), AskHeads(7, [1])])
def test_streams_without_database(
    world: World, reader: Reader, question: AskPage | AskHeads
) -> None:
    """Pages and heads that cannot be read are refused."""
    world.database.breaks_at_begin = GONE
    assert reader.answer(question) == Answer(7, refusal=Refusal("server_error", WRONG))


def test_no_grant_from_queries(world: World, ada: Device) -> None:
    """Nothing that a reader answers signs anybody in."""
    found: list[Route] = [r for r in ROUTES.values() if r.command.lane == "read"]
    assert found
    assert not any(issubclass(reply_type(route.command), AuthResponse) for route in found)
