"""Writes the examples into docs/oms.md: each block that follows `<!-- examples/oms/... -->` becomes the text of that file.

`make pages`; a test fails while the page shows something else.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "oms.md"

BLOCK = re.compile(r"(<!-- (examples/oms/[^ ]+) -->\n```\w*\n)(.*?)(\n?```\n)", re.DOTALL)


def embedded(page: str) -> str:
    """The page with every block as its file is now."""
    return BLOCK.sub(lambda found: f"{found[1]}{(ROOT / found[2]).read_text('utf-8').rstrip()}\n```\n", page)


if __name__ == "__main__":
    PAGE.write_text(embedded(PAGE.read_text("utf-8")), "utf-8")
