"""Badges with several writers on one PostgreSQL database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from hugmood.features.badges import store
from hugmood.features.badges.catalog import BADGES
from hugmood.features.badges.store import Award
from tests.databases import Place
from tests.features.within import key_of
from tests.world import World

WRITERS = 4
PEOPLE = 10
PATIENCE = 60.0


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    """A world on a database that others can open too."""
    with World(place, limited=False) as world:
        yield world


@pytest.mark.parametrize("dialect", ["postgres"])
def test_once(world: World, place: Place) -> None:
    """However many writers find that a badge is earned, one of them gives it."""
    people = [key_of(world.guest(f"Guest {number}")) for number in range(PEOPLE)]
    together = Barrier(WRITERS)

    def work(writer: int) -> list[Award]:
        database = place.open(timeout=PATIENCE)
        given = []
        for slug in BADGES:
            wanted = [Award(user, slug, f"badge-{slug}-{user}-{writer}", 0) for user in people]
            together.wait(PATIENCE)
            with database.transaction(write=True) as tx:
                given += store.give(tx, wanted)
        database.close()
        return given

    with ThreadPoolExecutor() as pool:
        given = [award for found in pool.map(work, range(WRITERS)) for award in found]
    assert sorted((award.user, award.badge) for award in given) == sorted(
        (user, slug) for user in people for slug in BADGES
    )
    with world.database.transaction(write=False) as tx:
        kept = {award.id for user in people for award in store.awards(tx, user)}
    assert kept == {award.id for award in given}
