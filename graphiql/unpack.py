"""Puts GraphiQL into the package: fetched by npm as locked here, unpacked by node.

`make graphiql` runs it in a checkout, `hatch_build.py` when a wheel is built. Standard
library only: it runs where nothing is installed yet.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ASSETS: Final = HERE.parent / "src" / "hugmood" / "gateway" / "graphiql" / "assets"
_PATIENCE: Final = 300
_FETCH: Final = ("ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund")


class NotUnpacked(Exception):  # noqa: N818 (a state)
    """GraphiQL cannot be fetched here; all else of HugMood works without it."""


def unpack(assets: Path = ASSETS) -> None:
    """Write GraphiQL's files into this folder; raises `NotUnpacked`, and then leaves it alone."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        raise NotUnpacked("npm and node are not installed")
    assets.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=assets.parent) as folder:  # on the same file system
        for name in ("package.json", "package-lock.json", "unpack.mjs"):
            shutil.copy(HERE / name, folder)
        _run(folder, npm, *_FETCH)
        _run(folder, node, "unpack.mjs", "assets")
        shutil.rmtree(assets, ignore_errors=True)
        Path(folder, "assets").replace(assets)


def _run(folder: str, *words: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 (npm and node)
            words, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotUnpacked(f"{Path(words[0]).name} takes longer than {_PATIENCE} s") from error
    if done.returncode:
        raise NotUnpacked(done.stderr.strip() or f"{words[0]} failed")


if __name__ == "__main__":
    try:
        unpack()
    except NotUnpacked as problem:
        sys.exit(f"GraphiQL was not unpacked: {problem}")
    size = sum(file.stat().st_size for file in ASSETS.iterdir())
    print(f"GraphiQL is in the package, {size / 1e6:.1f} MB compressed: open /graphql in a browser")
