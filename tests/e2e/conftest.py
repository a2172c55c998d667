"""A database and a place for the logs of each real server."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

NewDatabase = Callable[[Path], str]


@pytest.fixture(scope="session")
def new_database(sqlite_template: Path) -> NewDatabase:
    """Make an SQLite file in a folder, migrated already, which saves a second at the start."""

    def make(folder: Path) -> str:
        shutil.copyfile(sqlite_template, folder / "hugmood.db")
        return f"sqlite:///{folder}/hugmood.db"

    return make


@pytest.fixture
def database_url(new_database: NewDatabase, tmp_path: Path) -> str:
    """A new SQLite file, for a server of the test's own."""
    return new_database(tmp_path)
