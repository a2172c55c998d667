"""Programs from npm that tests are held against, put in place once."""

import fcntl
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.markdown import ROOT

PATIENCE: Final = 300

_UNREACHABLE: Final = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|FETCH_ERROR"
    r"|ERR_SOCKET_TIMEOUT|E40[134]\b|E5\d\d\b|ETARGET"
)


def installed(here: Path, *scripts: str) -> tuple[str, Path]:
    """Install what `package.json` here locks; return node, and where the scripts are now.

    That is out of version control, and gone with `make clean`.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed")
    place = ROOT / "build" / here.name
    place.mkdir(parents=True, exist_ok=True)
    files = ("package.json", "package-lock.json", *scripts)
    wanted = "".join((here / name).read_text("utf-8") for name in files)
    stamp = place / "installed"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            stamp.unlink(missing_ok=True)
            for name in files:
                shutil.copy(here / name, place)
            _install(npm, place)
            stamp.write_text(wanted, "utf-8")
    return node, place


def _install(npm: str, place: Path) -> None:
    """Put exactly the locked versions in place; skip where no registry can be reached."""
    # Nothing of what is installed gets to run while it is installed.
    run = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            run, cwd=place, timeout=PATIENCE, check=False, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not get its packages in time")
    if done.returncode and _UNREACHABLE.search(done.stderr):
        pytest.skip("npm reaches no registry that has them")
    assert done.returncode == 0, done.stderr
