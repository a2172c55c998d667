"""As much of Markdown as the documentation's tests need to read."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Section(NamedTuple):
    """A heading and the text under it, up to the next heading of whatever level."""

    level: int
    title: str
    text: str

    @property
    def names(self) -> set[str]:
        """What stands in backticks in the heading."""
        return set(re.findall(r"`([^`]+)`", self.title))


def read_sections(page: Path) -> list[Section]:
    """The sections of a page, in order; what looks like a heading inside code is none."""
    found, fenced = [Section(0, "", "")], False
    for line in page.read_text("utf-8").splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else re.fullmatch(r"(#+) +(.+)", line)
        if heading:
            found.append(Section(len(heading[1]), heading[2], ""))
        else:
            last = found.pop()
            found.append(last._replace(text=f"{last.text}{line}\n"))
    return found


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables in a text: rows of cells, the first row the head."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


def code_blocks(page: Path, language: str) -> list[str]:
    """The code blocks in this language; those in lists are indented."""
    fenced = re.compile(rf"^( *)```{language}\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    return [dedent(match[2]) for match in fenced.finditer(page.read_text("utf-8"))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    titles = [section.title for section in read_sections(page)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """Where the links of a page lead, those within the project."""
    code = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", code.sub("", page.read_text("utf-8")))
    return [target for target in found if not re.match(r"https?:|mailto:", target)]


def named(path: Path) -> str:
    """A page's path in the project, for test reports."""
    return path.relative_to(ROOT).as_posix()
