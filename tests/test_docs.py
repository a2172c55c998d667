"""What is written on all pages is true: links, commands, variables, imports."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer

from hugmood import cli, config
from tests.markdown import ROOT, anchors, code_blocks, links, named, read_sections, tables

NOT_OURS = {"build", "node_modules"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part in NOT_OURS for part in path.relative_to(ROOT).parts)
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
LONGEST_DECISION = 40

UNFINISHED = re.compile(
    r"\b(?:TODO|FIXME|TBD|XXX|WIP)\b"
    r"|(?i:lorem ipsum|coming soon|placeholder|to be (?:written|done|decided)|fill in)"
)
PACKAGE_HOSTS = re.compile(
    r"(?i)pypi|pythonhosted|index-url|conda-forge|anaconda|npmjs|crates\.io|docker\.io|ghcr\.io"
)
COMMAND_LINE = re.compile(r"(?:^|[\s/])hugmood((?: +[\w@.:/<>=-]+)+)")
PACKAGE = re.compile(r"[\w-]+")

every_page = pytest.mark.parametrize("page", PAGES, ids=named)


@every_page
def test_links_resolve(page: Path) -> None:
    """A relative link leads to a file that is there, and to a heading in it."""
    broken = []
    for target in links(page):
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert [] == broken


@every_page
def test_pages_are_finished(page: Path) -> None:
    """No page promises what is not there."""
    assert [] == UNFINISHED.findall(page.read_text("utf-8"))


@every_page
def test_pages_name_no_package_host(page: Path) -> None:
    """Where packages come from is the machine's own business: it may have a mirror."""
    assert [] == PACKAGE_HOSTS.findall(page.read_text("utf-8"))


@every_page
def test_variables_exist(page: Path) -> None:
    """Every variable of HugMood's that a page names is a setting."""
    known = {config.PREFIX + field.name.upper() for field in fields(config.Config)}
    said = set(re.findall(rf"\b{config.PREFIX}[A-Z_]+\b", page.read_text("utf-8")))
    assert set() == said - known


@every_page
def test_command_lines_exist(page: Path) -> None:
    """Every `hugmood` command line has a command and options that exist."""
    assert [] == [words for words in command_lines(page) if unknown_words(words.split())]


@pytest.mark.parametrize("words", ["dance", "user dance", "serve --fast", "--fast", "user add -x"])
def test_wrong_command_lines_are_noticed(words: str) -> None:
    """The rule above can fail."""
    assert unknown_words(words.split())


def command_lines(page: Path) -> Iterator[str]:
    """What follows `hugmood` on the command lines of a page, without comments."""
    for block in code_blocks(page, "sh"):
        for line in block.splitlines():
            yield from COMMAND_LINE.findall(line.partition("#")[0])


def unknown_words(words: list[str]) -> list[str]:
    """The commands and options among these words that there are not."""
    command: Any = typer.main.get_command(cli.app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words[0]]
        words = words[1:]
    if hasattr(command, "commands") and words and not words[0].startswith("-"):
        return words
    known = {name for param in command.params for name in param.opts} | {"--help"}
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    return [option for option in options if option not in known]


@every_page
def test_python_is_importable(page: Path) -> None:
    """Python on a page is Python, and what it imports from HugMood is there."""
    missing = []
    for block in code_blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hugmood"):
                module = importlib.import_module(node.module or "")
                missing += [name.name for name in node.names if not hasattr(module, name.name)]
    assert [] == missing


@pytest.mark.parametrize("page", DECISIONS, ids=named)
def test_decision_is_short(page: Path) -> None:
    """A decision fits on a screen and says why, what and what follows."""
    titles = [section.title for section in read_sections(page) if section.level == 2]
    assert titles == ["Context", "Decision", "Consequences"]
    assert len(page.read_text("utf-8").splitlines()) <= LONGEST_DECISION


def test_decisions_are_numbered() -> None:
    """Decisions are counted from one, without a gap, and named after what they decide."""
    numbers = [path.name.partition("-")[0] for path in DECISIONS]
    assert numbers == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert [] == [p.name for p in DECISIONS if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", p.name)]


def test_dependencies_have_reasons() -> None:
    """Every dependency has a row in the decision about them, and none is there in vain."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    page = ROOT / "docs" / "adr" / "0006-dependencies.md"
    (rows,) = tables(page.read_text("utf-8"))
    explained = {name for row in rows[1:] for name in re.findall("`([^`]+)`", row[0])}
    assert explained == {match[0] for match in map(PACKAGE.match, needed) if match}


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "protocol.md"], ids=named)
def test_norms_are_attributed(page: Path) -> None:
    """The Glasgow Norms are CC BY 4.0: who shows them says whose they are."""
    text = page.read_text("utf-8")
    assert "Glasgow Norms" in text
    assert "CC BY 4.0" in text
