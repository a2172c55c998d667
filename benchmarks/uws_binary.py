"""uWebSockets.js where glibc is older than the 2.38 that its binary asks for.

Such a system, Debian 12 for one, lacks three names of number parsers alone. So a copy
of the package, under `build/`, has its demand for the version made weak, and a small
library gives the names. What npm installed is never changed, and with glibc 2.38 or
newer it is what runs.
"""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import apart
from apart import PEERS, MissingError
from native import BUILD

VERSION: Final = (2, 38)

_PACKAGE: Final = PEERS / "node_modules" / "@btc-vision" / "uwebsockets.js"
_SOURCE: Final = PEERS / "glibc238.c"
_COPY: Final = BUILD / "uwebsockets.js"
_NAMES: Final = _COPY / "glibc238.so"
_WEAK: Final = 2  # VER_FLG_WEAK


def environ(node: str) -> dict[str, str]:
    """Return what `uws_server.js` needs in its environment for the package to load."""
    needed = {}
    version = _glibc()
    if version and version < VERSION:
        _make_copy()
        # Scripts take the package from where UWS_PACKAGE says.
        needed = {"LD_PRELOAD": str(_NAMES), "UWS_PACKAGE": str(_COPY / "uws.js")}
        print(
            f"uWebSockets.js runs from a copy changed for glibc {version[0]}.{version[1]}: "
            "see benchmarks/peers/README.md",
            file=sys.stderr,
        )
    _check_loads(node, needed)
    return needed


def _glibc() -> tuple[int, ...]:
    """Return the version of the system's glibc, or nothing where it has another library."""
    key = "CS_GNU_LIBC_VERSION"
    library, _, version = ((key in os.confstr_names and os.confstr(key)) or "").partition(" ")
    return tuple(int(part) for part in version.split(".")) if library == "glibc" else ()


def _make_copy() -> None:
    """Make the copy where it is missing or of another version."""
    stamp = _COPY / "installed.txt"
    wanted = (PEERS / "package-lock.json").read_text() + _SOURCE.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    # A server that still runs keeps the files it has: they are replaced, not written into.
    shutil.rmtree(_COPY, ignore_errors=True)
    shutil.copytree(_PACKAGE, _COPY, ignore=shutil.ignore_patterns("*_darwin_*", "*_win32_*"))
    for binary in _COPY.glob("uws_linux_*.node"):
        binary.write_bytes(_without_demand(binary.read_bytes(), b"GLIBC_2.38"))
    _compile_names()
    stamp.write_text(wanted)


def _compile_names() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        message = "there is no C compiler to help it with this glibc"
        raise MissingError(message)
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(_NAMES)]
    apart.run([compiler, *options, str(_SOURCE)])


def _without_demand(library: bytes, version: bytes) -> bytes:
    """Make the entry of a version needed weak: `vna_hash`, then `vna_flags`, in ELF."""
    number = 0
    for byte in version:  # the hash function of the System V ABI
        number = (number << 4) + byte
        high = number & 0xF0000000
        number = (number ^ (high >> 24)) & ~high
    demand = struct.pack("<IH", number, 0)
    if library.count(demand) != 1:
        message = "its binary is another than is known; remove peers/node_modules to have it anew"
        raise MissingError(message)
    return library.replace(demand, struct.pack("<IH", number, _WEAK))


def _check_loads(node: str, needed: Mapping[str, str]) -> None:
    load = 'require(process.env.UWS_PACKAGE ?? "@btc-vision/uwebsockets.js")'
    done = subprocess.run(  # noqa: S603 (our own command)
        [node, "--eval", load],
        cwd=PEERS,
        env=os.environ | needed,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        message = f"it does not load here: {(said or ['it failed'])[-1]}"
        raise MissingError(message)
