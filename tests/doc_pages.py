"""The documentation's pages, and the commands in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import build_addon

ROOT = Path(build_addon.__file__).parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), ROOT / "weights/README.md"])


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def typed(page: Path) -> Iterator[str]:
    """What a page says to type: lines of `sh` blocks, lines set in by four spaces, and commands in tables."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from joined(block)
    yield from joined("\n".join(re.findall(r"^ {4,}(python(?:[^\n\\]|\\\n)*)$", text, re.MULTILINE)))
    yield from re.findall(r"^\| `(python3? [^`]+)` \|", text, re.MULTILINE)


def joined(lines: str) -> Iterator[str]:
    """Lines, those with a backslash at their end together with the next."""
    yield from filter(None, (line.strip() for line in re.sub(r"\\\n\s*", "", lines).splitlines()))


COMMANDS = [(name_of(page), command) for page in PAGES for command in typed(page)]
