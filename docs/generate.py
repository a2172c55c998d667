"""Write what the documentation holds of the code: `make docs`; with `--check`, only compare."""

import sys
from pathlib import Path

from hugmood import config

DOCS = Path(__file__).parent

PARTS = {("configuration.md", "settings"): config.markdown_table}
"""What makes the text between the markers `<!-- name... -->` and `<!-- /name -->` of a page."""


def main() -> int:
    """Write every page that is out of date, or name it; 1 if one was only named."""
    check = "--check" in sys.argv[1:]
    status = 0
    for (name, part), make in PARTS.items():
        page = DOCS / name
        old = page.read_text("utf-8")
        new = spliced(old, part, make())
        if new == old:
            continue
        if check:
            sys.stderr.write(f"docs/{name} is out of date; run: make docs\n")
            status = 1
        else:
            page.write_text(new, "utf-8")
    return status


def spliced(page: str, part: str, text: str) -> str:
    """The page with this text between the part's markers; raises ValueError without them."""
    start = page.index("-->\n", page.index(f"<!-- {part}")) + len("-->\n")
    end = page.index(f"<!-- /{part} -->", start)
    return f"{page[:start]}\n{text}\n\n{page[end:]}"


if __name__ == "__main__":
    sys.exit(main())
