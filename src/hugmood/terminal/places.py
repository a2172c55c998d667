"""Where things are: what the terminal client remembers, and the server's files."""

import hashlib
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from platformdirs import user_state_path

_SUFFIX: Final = ".session"
_PORTS: Final = {"ws": 80, "wss": 443}


def state_file(url: str, account: str, directory: Path | None = None) -> Path:
    """The file for this account (an address, or a guest's name) on this server."""
    readable = re.sub(r"[^\w.@-]", "_", account)[:64]
    # Names that differ only in what a file name may not hold need different files.
    mark = hashlib.blake2s(account.encode(), digest_size=4).hexdigest()
    return _directory(directory) / f"{_server(url)}+{readable}-{mark}{_SUFFIX}"


def newest_state_file(url: str, directory: Path | None = None) -> Path | None:
    """The file of the account that was used last on this server."""
    files = _directory(directory).glob(f"{_server(url)}+*{_SUFFIX}")
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def site(url: str) -> str:
    """Where the server of this WebSocket address has its files: the same host and port."""
    parts = urlsplit(url)
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"


def _directory(directory: Path | None) -> Path:
    return directory or user_state_path("hugmood", appauthor=False)


def _server(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").replace(":", "_")
    return f"{host}_{parts.port or _PORTS.get(parts.scheme, 0)}"
