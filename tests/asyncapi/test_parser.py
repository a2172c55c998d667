"""AsyncAPI's own parser takes the document: its JSON Schema, and its rules."""

import fcntl
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.asyncapi.described import DOCUMENT, OPERATIONS, PATH
from tests.markdown import ROOT

HERE = Path(__file__).parent
PLACE = ROOT / "build" / "asyncapi"
"""Where the parser is put: out of version control, and gone with `make clean`."""
FILES = ("package.json", "package-lock.json", "parse.js")
PATIENCE = 300
UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|FETCH_ERROR"
    r"|ERR_SOCKET_TIMEOUT|E40[134]\b|E5\d\d\b|ETARGET"
)

NEWER = "asyncapi-latest-version"
"""What it says of every document in AsyncAPI 3.0, which is wanted here."""

Parse = Callable[[Path], Any]

pytestmark = pytest.mark.slow


def install(npm: str) -> None:
    """Put exactly the locked versions in place; skip where no registry can be reached."""
    for name in FILES:
        shutil.copy(HERE / name, PLACE)
    # Nothing of what is installed gets to run while it is installed.
    run = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(
            run, cwd=PLACE, timeout=PATIENCE, check=False, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not get its packages in time")
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip("npm reaches no registry that has the parser")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def parse() -> Parse:
    """The parser as a function: a file in, operations and diagnostics out."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed")
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = "".join((HERE / name).read_text("utf-8") for name in FILES)
    stamp = PLACE / "installed"
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            stamp.unlink(missing_ok=True)
            install(npm)
            stamp.write_text(wanted, "utf-8")

    def run(file: Path) -> Any:  # noqa: ANN401 (any JSON)
        command = [node, str(PLACE / "parse.js"), str(file)]
        done = subprocess.run(command, timeout=PATIENCE, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    return run


def test_document_is_valid(parse: Parse) -> None:
    """It says nothing against the document, not even a warning or a hint."""
    parsed = parse(PATH)
    assert [] == [said for said in parsed["diagnostics"] if said["code"] != NEWER]
    assert set(OPERATIONS) == set(parsed["operations"])


def test_faults_are_noticed(parse: Parse, tmp_path: Path) -> None:
    """A word that is not allowed and a broken reference are errors."""
    document = json.loads(json.dumps(DOCUMENT))
    document["operations"]["send_hug"]["action"] = "hug"
    document["channels"]["ws"]["messages"]["ping"]["$ref"] = "#/components/messages/pang"
    file = tmp_path / "asyncapi.json"
    file.write_text(json.dumps(document), "utf-8")
    parsed = parse(file)
    faults = {said["code"] for said in parsed["diagnostics"]} - {NEWER}
    assert [] == parsed["operations"]
    assert {"asyncapi-document-resolved", "invalid-ref"} == faults


def test_locked_versions_name_no_host() -> None:
    """The parser's version is exact, and where packages come from is npm's own business."""
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
    assert wanted == {"@asyncapi/parser": locked["node_modules/@asyncapi/parser"]["version"]}
    assert [] == [name for name, package in locked.items() if "resolved" in package]
