"""What a client remembers from one run to the next: one file of JSON lines.

Each line is a record; folding them gives what is kept. Lines are appended and handed
to the operating system at once, so that they survive the death of the process. They
are also flushed to the disk (fsync) where losing them in a power cut would lose
something: a queued command, a new token. A position or a finished command that is
lost that way only means that an event is seen, or a command sent, once more; the
server knows a command again by its id.
"""

import errno
import fcntl
import os
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from hugmood.client.errors import StateError
from hugmood.client.outbox import Entry

_COMPACT_BYTES: Final = 1 << 20
"""The file is written anew when it has grown by so much."""


class _Record(Struct, frozen=True, tag_field="is", rename="camel", omit_defaults=True):
    pass


class Account(_Record, frozen=True, tag="account"):
    """Whose file this is; a token must go to no other server."""

    url: str
    user_id: str | None = None
    device_id: str | None = None


class Token(_Record, frozen=True, tag="token"):
    """The newest token, or None."""

    token: str | None


class Position(_Record, frozen=True, tag="position"):
    """Everything up to this number was handled."""

    position: int | None


class Queued(_Record, frozen=True, tag="queued"):
    """A command that is to be sent."""

    id: str
    type: str
    data: Raw
    timestamp: int


class Finished(_Record, frozen=True, tag="finished"):
    """A queued command was answered."""

    id: str


Record = Account | Token | Position | Queued | Finished


class Kept(Struct):
    """What all the records come to."""

    account: Account | None = None
    token: str | None = None
    position: int | None = None
    queue: dict[str, Queued] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        """Fold one more record in."""
        match record:
            case Account():
                self.account = record
            case Token(token=token):
                self.token = token
            case Position(position=position):
                self.position = position
            case Queued(id=message_id):
                self.queue[message_id] = record
            case Finished(id=message_id):
                self.queue.pop(message_id, None)

    def records(self) -> list[Record]:
        """Return the fewest records that come to the same."""
        account: list[Record] = [self.account] if self.account else []
        return [*account, Token(self.token), Position(self.position), *self.queue.values()]


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Record).decode


def fold(text: bytes) -> Kept:
    """Read a file's content; a torn last line is what a crash leaves, and is dropped.

    Raises `StateError` if anything else is damaged.
    """
    kept = Kept()
    *lines, _torn = text.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            record = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            message = f"line {number} of the state file is damaged"
            raise StateError(message) from error
        # A Raw is a view into its line: a copy lets the rest of the file go.
        kept.take(
            msgspec.structs.replace(record, data=record.data.copy())
            if isinstance(record, Queued)
            else record
        )
    return kept


class Journal:
    """What is kept, and the file that keeps it, if there is one.

    The file and its directory are for their owner alone: it holds the token and, in
    plain text, the commands that wait. Appending blocks for as long as the disk takes.
    """

    def __init__(self, path: Path | None) -> None:
        """Open and lock the file, or make it; raises `StateError`."""
        self._path = path
        self._file: FileIO | None = None
        self._grown = 0
        self.kept = Kept()
        if path:
            self._open(path)

    def account(self, url: str, user_id: str | None, device_id: str | None) -> None:
        """Note whose file this is."""
        account = Account(url, user_id, device_id)
        if account != self.kept.account:
            self._append(account, flush=True)

    def token(self, token: str | None) -> None:
        """Keep this token; the one before may be good no longer."""
        if token != self.kept.token:
            self._append(Token(token), flush=True)

    def position(self, position: int | None) -> None:
        """Note that everything up to here was handled."""
        if position != self.kept.position:
            self._append(Position(position))

    def queued(self, entry: Entry) -> None:
        """Keep a command until it is answered."""
        data = Raw(entry.data)
        self._append(Queued(entry.id, entry.type, data, entry.timestamp), flush=True)

    def finished(self, message_id: str) -> None:
        """Forget a command."""
        if message_id in self.kept.queue:
            self._append(Finished(message_id))

    def entries(self) -> list[Entry]:
        """Return the commands of earlier runs, oldest first."""
        queue = self.kept.queue.values()
        return [Entry(one.id, one.type, bytes(one.data), one.timestamp) for one in queue]

    def close(self) -> None:
        """Let go of the file; repeating it is harmless."""
        if self._file:
            self._file.close()
            self._file = None

    def _append(self, record: Record, *, flush: bool = False) -> None:
        if self._file and self._path:
            self._write(self._file, _encode(record) + b"\n")
            if flush:
                os.fsync(self._file.fileno())
        self.kept.take(record)
        if self._path and self._grown > _COMPACT_BYTES:
            self._rewrite(self._path)

    def _write(self, file: FileIO, line: bytes) -> None:
        """Append a whole line or nothing: half of one would spoil the next."""
        size = os.fstat(file.fileno()).st_size
        written = 0
        try:
            written = file.write(line)
        finally:
            if written < len(line):
                file.truncate(size)
        if written < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._grown += len(line)

    def _open(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = _locked(path)
            self.kept = fold(self._file.readall())
            self._rewrite(path)
        except (OSError, StateError) as error:
            self.close()
            message = f"{path}: {error}"
            raise StateError(message) from error

    def _rewrite(self, path: Path) -> None:
        """Write all that is kept into a new file and put that in place of the old."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        file = _locked(fresh)
        file.write(b"".join(_encode(record) + b"\n" for record in self.kept.records()))
        os.fsync(file.fileno())
        fresh.replace(path)
        _flush_directory(path.parent)
        self.close()
        self._file, self._grown = file, 0


def _locked(path: Path) -> FileIO:
    """Open a file that no other process has; raises `StateError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    file = FileIO(descriptor, "r+")
    try:
        _lock(descriptor, path)
    except BaseException:
        file.close()
        raise
    return file


def _lock(descriptor: int, path: Path) -> None:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had the lock may have put a new file in this one's place.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return
    message = "another client uses it"
    raise StateError(message)


def _flush_directory(path: Path) -> None:
    """Make a renaming last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
