"""A ZIP archive as a stream of bytes: what goes in comes out, and nothing is kept."""

import io
import zipfile
from typing import Final

_LEVEL: Final = 6
_DOS_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every file in it: what the archive holds says when it was made."""


class _Pipe(io.RawIOBase):
    """A file that can only be written to; `zipfile` then writes sizes behind each file."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # bytes of whatever kind
        self._written += view
        return view.nbytes

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


class Zip:
    """Writes an archive file by file; each method returns the bytes that are ready."""

    def __init__(self) -> None:
        """Begin an archive with nothing in it."""
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._member: io.BufferedIOBase | None = None

    def begin(self, name: str) -> None:
        """Begin a file; the one before it is complete."""
        self._finish()
        info = zipfile.ZipInfo(name, _DOS_EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self._member = self._zip.open(info, "w", force_zip64=True)  # type: ignore[assignment]

    def add(self, text: str) -> bytes:
        """Write on in the file that was begun."""
        if self._member is None:
            message = "no file was begun"
            raise ValueError(message)
        self._member.write(text.encode())
        return self._pipe.take()

    def end(self) -> bytes:
        """Complete the archive."""
        self._finish()
        self._zip.close()
        return self._pipe.take()

    def _finish(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None
