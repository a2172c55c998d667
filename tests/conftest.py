"""Databases and worlds for all tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.databases import Addressed, InMemory, Place, in_file, migrated_file
from tests.postgresql import PostgresServer, running_server
from tests.world import World

MakeWorld = Callable[..., World]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Print plain lines: structlog's own choice draws every local of every frame."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(),
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real server, one for each process of tests, started at its first use."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema, to be copied."""
    return migrated_file(tmp_path_factory.mktemp("sqlite") / "template.db")


@pytest.fixture(params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on; each test runs on both."""
    name: str = request.param
    return name


@pytest.fixture
def place(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A new database that takes several connections: a file, or one on the server."""
    with ExitStack() as stack:
        if dialect == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            found = Addressed(stack.enter_context(server.database()))
        else:
            found = in_file(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        stack.callback(found.close)
        yield found


@contextmanager
def quick_place(dialect: str, request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty database of this kind, as quick as it can be."""
    with ExitStack() as stack:
        found: Place
        if dialect == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            found = Addressed(stack.enter_context(server.database()))
        else:
            found = InMemory(request.getfixturevalue("sqlite_template"))
        stack.callback(found.close)
        yield found


@pytest.fixture
def make_world(sqlite_template: Path) -> Iterator[MakeWorld]:
    """Make worlds with arguments as of `World`, on SQLite in memory."""
    with ExitStack() as stack:

        def make(**options: Any) -> World:  # noqa: ANN401 (passed on)
            place = InMemory(sqlite_template)
            stack.callback(place.close)
            return stack.enter_context(World(place, **options))

        yield make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world as it is by default, on SQLite in memory."""
    return make_world()


@pytest.fixture
def world_on_both(dialect: str, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world as it is by default; each test runs on SQLite and on PostgreSQL."""
    with quick_place(dialect, request) as place, World(place) as world:
        yield world
