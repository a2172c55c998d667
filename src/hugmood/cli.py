"""The `hugmood` command: serve, migrate, add users, be a client."""

import os
import ssl
import sys
from typing import Annotated, NoReturn

import typer

from hugmood import __version__, config
from hugmood.config import Config, ConfigError
from hugmood.terminal.command import client

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
    from hugmood.app import serve as run  # noqa: PLC0415 (other commands start faster)

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


@app.command("config")
def show_config() -> None:
    """List the environment variables, what they mean and their defaults."""
    typer.echo(config.markdown_table())


app.command()(client)


def main() -> None:
    """Run the command line."""
    app()


def _config() -> Config:
    try:
        return config.load()
    except ConfigError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"hugmood: {message}", err=True)
    raise typer.Exit(os.EX_CONFIG)
