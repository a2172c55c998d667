"""The `hugmood` command: serve, migrate, add users, describe the protocol, be a client."""

import os
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from hugmood import __version__, config
from hugmood.config import Config, ConfigError
from hugmood.terminal.command import client

if TYPE_CHECKING:
    from hugmood.store.database import Database

app = typer.Typer(
    name="hugmood",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""Share a mood, send a hug, lose nothing.

Configuration comes from `HUGMOOD_*` environment variables; `hugmood config` lists them
all with their defaults.""",
)
user_app = typer.Typer(no_args_is_help=True, help="Accounts.")
app.add_typer(user_app, name="user")
schema_app = typer.Typer(
    no_args_is_help=True, help="Descriptions of the interfaces for machines: tools, generators."
)
app.add_typer(schema_app, name="schema")


@app.callback(invoke_without_command=True)
def about(
    *, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Share a mood, send a hug, lose nothing."""
    if version:
        typer.echo(f"hugmood {__version__}")
        raise typer.Exit


@app.command()
def serve() -> None:
    """Run the service: `ws://localhost:5000/ws` unless configured otherwise.

    On SQLite the database is made and migrated at start; on PostgreSQL run
    `hugmood migrate` first. SIGTERM or Ctrl-C sends clients away gently and stops.
    """
    settings = _config()
    from hugmood.starting import serve as run  # noqa: PLC0415 (other commands start faster)

    try:
        run(settings)
    except ssl.SSLError as error:
        _fail(f"HUGMOOD_TLS_CERT and HUGMOOD_TLS_KEY are no certificate and its key: {error}")


@app.command()
def migrate() -> None:
    """Bring the database to the schema this version needs; safe to repeat."""
    settings = _config()
    from hugmood.store import migrate as steps  # noqa: PLC0415
    from hugmood.store.database import DatabaseError  # noqa: PLC0415

    try:
        steps.upgrade(settings.database_url)
    except DatabaseError as error:
        _fail(str(error).splitlines()[0])
    typer.echo(f"{settings.database_name} is at step {steps.HEAD}")


@user_app.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="Address to sign in with.")],
    name: Annotated[str, typer.Option(help="Name that others see.")],
    time_zone: Annotated[str, typer.Option(help="IANA name; days are counted in it.")] = "UTC",
) -> None:
    """Open an account. The password is asked for, or read from standard input."""
    settings = _config()
    from hugmood.features.auth.accounts import add_account  # noqa: PLC0415
    from hugmood.store.database import DatabaseError  # noqa: PLC0415
    from hugmood.store.opening import open_database  # noqa: PLC0415

    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    try:
        database = open_database(settings.database_url, timeout=settings.db_timeout)
        user_id = add_account(
            database, email=email, name=name, password=password, time_zone=time_zone
        )
    except (ValueError, DatabaseError) as error:
        _fail(str(error).splitlines()[0])
    typer.echo(user_id)


Address = Annotated[str, typer.Argument(help="Address that the account signs in with.")]


@user_app.command("delete")
def delete_user(
    email: Address,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an account and all that hangs on it, for good.

    Nobody can sign in to it or find it from now on. A running server ends its sessions
    within seconds and deletes its rows; without one that is done at the next start.
    """
    settings = _config()
    from hugmood.features.account import operators  # noqa: PLC0415

    if not yes:
        typer.confirm(f"Delete the account of {email} with everything in it?", abort=True)
    with _database(settings) as database:
        typer.echo(operators.delete_user(database, email))


@user_app.command("export")
def export_user(
    email: Address,
    output: Annotated[Path, typer.Option(help="The ZIP file to write.")],
) -> None:
    """Write all that an account owns into a file: JSON to be read back, and CSV."""
    settings = _config()
    from hugmood.features.account import operators  # noqa: PLC0415

    with _database(settings) as database:
        pieces = operators.export_user(database, email)
        first = next(pieces)  # only now is it known that there is such an account
        output.touch(mode=0o600)
        with output.open("wb") as file:
            file.write(first)
            file.writelines(pieces)
    typer.echo(f"{output}")


@user_app.command("import")
def import_user(
    file: Annotated[Path, typer.Argument(help="The ZIP file of an export.")],
    email: Annotated[str, typer.Option(help="Address of the account to take it into.")],
) -> None:
    """Take an export's moods and settings into an account; safe to repeat."""
    settings = _config()
    from hugmood.features.account import operators  # noqa: PLC0415

    with ExitStack() as stack:

        def watch(entries: int) -> Callable[[int], None]:
            bar = typer.progressbar(length=entries, label="Moods", file=sys.stderr)
            return stack.enter_context(bar).update

        database = stack.enter_context(_database(settings))
        taken = operators.import_user(database, email, file, watch)
    typer.echo(f"{taken.new} new, {taken.known} known already")


@app.command("config")
def show_config() -> None:
    """List the environment variables, what they mean and their defaults."""
    typer.echo(config.markdown_table())


@schema_app.command("asyncapi")
def schema_asyncapi(
    output: Annotated[
        Path | None,
        typer.Option(help="File to write instead of standard output.", dir_okay=False),
    ] = None,
) -> None:
    """Describe the WebSocket protocol as an AsyncAPI 3.0 document, in JSON.

    It is made from the types this version of the server decodes with: every message in
    both directions, with all bounds.
    """
    from hugmood import asyncapi  # noqa: PLC0415

    _output(asyncapi.write(), output)


@schema_app.command("graphql")
def schema_graphql(
    output: Annotated[
        Path | None,
        typer.Option(help="File to write instead of standard output.", dir_okay=False),
    ] = None,
) -> None:
    """Write the GraphQL schema, in GraphQL's own language.

    Where introspection is off, as it is in production, this is what tools are given.
    """
    from hugmood.graphql import schema  # noqa: PLC0415

    _output(schema.write(), output)


app.command()(client)


def main() -> None:
    """Run the command line."""
    app()


def _output(text: str, file: Path | None) -> None:
    """Write a text to a file, or to standard output."""
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        _fail(f"{file}: {error.strerror}", os.EX_CANTCREAT)


@contextmanager
def _database(settings: Config) -> "Iterator[Database]":
    """Open the database; end with a line for people where something is wrong."""
    from hugmood.store.database import DatabaseError  # noqa: PLC0415
    from hugmood.store.opening import open_database  # noqa: PLC0415

    try:
        database = open_database(settings.database_url, timeout=settings.db_timeout)
        with closing(database):
            yield database
    except (ValueError, OSError, DatabaseError) as error:
        _fail(str(error).splitlines()[0])


def _config() -> Config:
    try:
        return config.load()
    except ConfigError as error:
        _fail(str(error))


def _fail(message: str, code: int = os.EX_CONFIG) -> NoReturn:
    typer.echo(f"hugmood: {message}", err=True)
    raise typer.Exit(code)
