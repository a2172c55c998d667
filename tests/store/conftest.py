"""What tests of a database's own ways share."""

from collections.abc import Iterator

import pytest

from tests.databases import Addressed
from tests.postgresql import PostgresServer


@pytest.fixture
def postgres_place(postgres_server: PostgresServer) -> Iterator[Addressed]:
    """An empty database on PostgreSQL, at which the server has not looked yet."""
    with postgres_server.database() as url:
        found = Addressed(url)
        yield found
        found.close()
