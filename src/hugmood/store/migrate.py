"""Bringing a database to the schema this version needs, by Alembic's steps."""

from pathlib import Path
from typing import Any, Final

from hugmood.store.database import Database, DatabaseError, one

HEAD: Final = "0014"
"""The newest step; a test holds it to the files in `migrations/versions`."""

_FOLDER: Final = Path(__file__).parent / "migrations"


def revision(database: Database) -> str | None:
    """Return the step the database is at, None when it is empty.

    Raises `DatabaseUnavailable` where it cannot be asked.
    """
    with database.transaction(write=False) as tx:
        catalogue = "sqlite_master" if tx.dialect == "sqlite" else "pg_tables"
        column = "name" if tx.dialect == "sqlite" else "tablename"
        found = tx.rows(f"SELECT 1 FROM {catalogue} WHERE {column} = 'alembic_version'")
        row = one(tx.rows("SELECT version_num FROM alembic_version")) if found else None
    return str(row[0]) if row else None


def upgrade(url: str, step: str = "head") -> None:
    """Run the steps that the database lacks up to one; `url` as in `HUGMOOD_DATABASE_URL`.

    Raises `DatabaseError` with the database's own words where a step fails; what that
    step did is undone.
    """
    # Alembic and SQLAlchemy take a third of a second to import: only when migrating.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415
    from sqlalchemy import create_engine, event  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    if engine.dialect.name == "sqlite":
        # Python's driver begins no transaction for DDL: half a step would stay.
        event.listen(engine, "connect", _take_over)
        event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, step)
            connection.commit()
    except (SQLAlchemyError, CommandError) as error:
        message = f"the database could not be migrated: {error}"
        raise DatabaseError(message) from error
    finally:
        engine.dispose()


def _take_over(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
