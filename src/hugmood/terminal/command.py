"""The command `hugmood client`: its options; what it does is loaded when it runs."""

from pathlib import Path
from typing import Annotated

import typer

URL = "ws://localhost:5000/ws"


def client(
    *,
    url: Annotated[str, typer.Option(help="The server's address; in production wss://.")] = URL,
    guest: Annotated[
        str | None, typer.Option(metavar="NICKNAME", help="Take part without an account.")
    ] = None,
    register: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Open an account for this address.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name that others see, for --register.")] = None,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sign in to this account.")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            help="Remembers session, place and unsent messages; by default one for each "
            "account, in the user's state directory.",
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Commands from standard input, events as plain lines."),
    ] = False,
) -> None:
    """Share moods and hugs from the terminal.

    Without an option it goes on with the account used last. A password is asked for,
    or read from the first line of standard input. Connections may come and go: what is
    said meanwhile waits and is sent afterwards, also the next time.
    """
    if sum(value is not None for value in (guest, register, email)) > 1:
        message = "use one of --guest, --register and --email"
        raise typer.BadParameter(message)
    from hugmood.terminal.session import Wish, run  # noqa: PLC0415 (other commands start faster)

    wish = Wish(url, guest, register, name, email, state, plain=plain)
    raise typer.Exit(run(wish))
