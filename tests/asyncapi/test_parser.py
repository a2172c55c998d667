"""AsyncAPI's own parser takes the document: its JSON Schema, and its rules."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.asyncapi.described import DOCUMENT, OPERATIONS, PATH
from tests.npm import PATIENCE, installed

HERE = Path(__file__).parent
NEWER = "asyncapi-latest-version"
"""What it says of every document in AsyncAPI 3.0, which is wanted here."""

Parse = Callable[[Path], Any]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parse() -> Parse:
    """The parser as a function: a file in, operations and diagnostics out."""
    node, place = installed(HERE, "parse.js")

    def run(file: Path) -> Any:  # noqa: ANN401 (any JSON)
        command = [node, str(place / "parse.js"), str(file)]
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
