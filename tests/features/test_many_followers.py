"""What people see of an event that reaches its recipients in steps, as on PostgreSQL for many."""

import pytest

from hugmood.features.follows.store import followers
from hugmood.features.hugs.messages import HugReceived, SendHug
from hugmood.features.moods.messages import MoodChanged, MoodDelete, MoodDeleted, MoodUpdate
from hugmood.store import postgres_backlog
from tests.databases import on_postgres
from tests.device import Device
from tests.features.people import feel, follow, news
from tests.world import World

pytestmark = on_postgres


@pytest.fixture
def world(world_on_both: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which two followers are many."""
    monkeypatch.setattr(postgres_backlog, "AT_ONCE", 2)
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def crowd(world: World, ada: Device) -> list[Device]:
    """Those who follow her: three steps."""
    devices = [world.register(f"Follower {number}") for number in range(5)]
    for device in devices:
        follow(device, ada)
    ada.events()
    return devices


def test_everybody_hears(world: World, ada: Device, crowd: list[Device]) -> None:
    """All who are online hear of it, as does her other device."""
    other = ada.another()
    feel(ada, "happy", is_public=True)
    heard = [news(each) for each in (*crowd, ada, other)]
    assert [[type(event) for event in events] for events in heard] == [[MoodChanged]] * 7
    with world.database.transaction(write=False) as tx:
        assert len(followers(tx, 1)) == 5
        assert tx.rows("SELECT count(*) FROM fanout") == [(0,)]


def test_away(ada: Device, crowd: list[Device]) -> None:
    """Who was away finds it when they come back."""
    away = crowd[-1]
    last = away.position
    away.drop()
    feel(ada, "happy", is_public=True)
    (event,) = news(away.another(last=last))
    assert isinstance(event, MoodChanged)


def test_in_her_order(world: World, ada: Device, crowd: list[Device]) -> None:
    """A hug that she sends after it comes after it, and the next mood after that."""
    last = crowd[-1]
    with world.batch():
        ada.send(MoodUpdate(mood="sad", intensity=0.5, is_public=True))
        ada.send(SendHug(recipient_id=last.user_id, hug_type="warm"))
        ada.send(MoodUpdate(mood="happy", intensity=0.5, is_public=True))
    assert [type(event) for event in news(last)] == [MoodChanged, HugReceived, MoodChanged]
    assert [len(news(each)) for each in crowd[:-1]] == [2] * 4


def test_taken_back(ada: Device, crowd: list[Device]) -> None:
    """That a mood is gone is told after it, to all of them."""
    mood_id = feel(ada, "happy", is_public=True).mood_id
    ada.request(MoodDelete(mood_id=mood_id))
    gone = MoodDeleted(user_id=ada.user_id, mood_id=mood_id)
    assert [news(each)[1:] for each in crowd] == [[gone]] * 5


def test_writer_dies(world: World, ada: Device, crowd: list[Device]) -> None:
    """A writer that dies with the mood on disk and most not told of it: all hear, once."""
    world.engine.hold("write")
    said = ada.send(MoodUpdate(mood="happy", intensity=0.5, is_public=True))
    world.turn(lambda: world.engine.die(after_commit=True))
    world.engine.release("write")
    world.settle()
    assert said.reply().mood_id
    assert [len(news(each)) for each in (*crowd, ada)] == [1] * 6
