"""Write what the documentation holds of the code: `make docs`; with `--check`, only compare."""

import json
import re
import sys
from pathlib import Path

from hugmood import asyncapi, config
from hugmood.graphql.schema import write as graphql_schema
from hugmood.terminal import sayings

DOCS = Path(__file__).parent

PARTS = {
    ("configuration.md", "settings"): config.markdown_table,
    ("terminal.md", "commands"): sayings.markdown_tables,
}
"""What makes the text between the markers `<!-- name... -->` and `<!-- /name -->` of a page."""


def asyncapi_document() -> str:
    """The protocol for machines, with the protocol page's own examples."""
    page = (DOCS / "protocol.md").read_text("utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return asyncapi.write(json.loads(block) for block in blocks)


WHOLE = {"asyncapi.json": asyncapi_document, "schema.graphql": graphql_schema}
"""What makes the whole of a file."""


def main() -> int:
    """Write every page that is out of date, or name it; 1 if one was only named."""
    check = "--check" in sys.argv[1:]
    stale = {name: text for name, text in made().items() if text != current(name)}
    for name, text in stale.items():
        if check:
            sys.stderr.write(f"docs/{name} is out of date; run: make docs\n")
        else:
            (DOCS / name).write_text(text, "utf-8")
    return int(check and bool(stale))


def made() -> dict[str, str]:
    """Each file as it should be."""
    pages = {name: make() for name, make in WHOLE.items()}
    for (name, part), make in PARTS.items():
        pages[name] = spliced(pages.get(name) or current(name), part, make())
    return pages


def current(name: str) -> str:
    """A file as it is; nothing if it is not there."""
    page = DOCS / name
    return page.read_text("utf-8") if page.exists() else ""


def spliced(page: str, part: str, text: str) -> str:
    """The page with this text between the part's markers; raises ValueError without them."""
    start = page.index("-->\n", page.index(f"<!-- {part}")) + len("-->\n")
    end = page.index(f"<!-- /{part} -->", start)
    return f"{page[:start]}\n{text}\n\n{page[end:]}"


if __name__ == "__main__":
    sys.exit(main())
