"""Deletion and export of an account, on the wire (decisions: Account and settings)."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from hugmood.ambient import Instant
from hugmood.wire.message import Command, Lane, Payload, Query, Reply

VERSION: Final = 1
"""Of the files in an export; it grows when a field changes its meaning or goes."""


class AccountDeleted(Reply, frozen=True):
    """The account is gone for everybody; its sessions are cut after this."""


class DeleteAccount(Command[AccountDeleted], frozen=True, kw_only=True):
    """Delete the account and all that hangs on it, for good. Guests have no password."""

    lane: ClassVar[Lane] = "check"
    costly: ClassVar[bool] = True

    password: Annotated[str, Meta(max_length=128)] | UnsetType = UNSET


class DataExported(Reply, frozen=True, kw_only=True):
    """Where to fetch the file with a GET request: a path on this very server."""

    url: str
    expires_at: Instant
    format: Literal["zip"] = "zip"
    version: int


class ExportData(Query[DataExported], frozen=True, kw_only=True):
    """Ask for a link to a file with all that one owns."""


class Cursor(Payload, frozen=True):
    """How far an export has been read; a reader made it, and reads on from there.

    `at` and `key` are those of the last row; `begun` says that a list has a row already.
    """

    part: int = 0
    source: int = 0
    at: int = -(1 << 62)
    key: int = -1
    begun: bool = False


class ExportOpened(Reply, frozen=True, kw_only=True):
    """The link is good: what the file is called, and the names of those in it."""

    session_id: str
    name: str
    files: list[str]


class OpenExport(Query[ExportOpened], frozen=True, kw_only=True):
    """The gateway was asked for this link."""

    internal: ClassVar[bool] = True

    token: str


class ExportRead(Reply, frozen=True, kw_only=True):
    """A stretch of one file; without `following` it was the last."""

    text: str
    following: Cursor | UnsetType = UNSET


class ReadExport(Query[ExportRead], frozen=True, kw_only=True):
    """Read on in one of the files, as long as the session lasts."""

    internal: ClassVar[bool] = True

    session_id: str
    file: str
    cursor: Cursor
