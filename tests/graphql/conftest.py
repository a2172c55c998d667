"""A world with a GraphQL face."""

import pytest

from tests.graphql.face import Face
from tests.world import World


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def face(world: World) -> Face:
    """The GraphQL face of the world."""
    return Face(world)
