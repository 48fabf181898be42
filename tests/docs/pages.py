"""The documents of the repository, taken apart into headings, links, tables and fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "code_in_first_column", "pages", "section"]

ROOT = Path(__file__).resolve().parents[2]

_FENCED = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# (?P<file>[\w./@-]+\.(py|yaml))\b")
_FIRST_COLUMN = re.compile(r"^\| (`[^|]+`) \|", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, where it begins, and the file that its first line says it is, if it does."""

    page: Path
    line: int
    language: str
    text: str = field(repr=False)

    @property
    def file(self) -> str | None:
        named = _NAMED.match(self.text)
        return named["file"] if named else None

    @property
    def place(self) -> str:
        return f"{self.page.name}:{self.line}"


def pages() -> list[Path]:
    """Return every page for people: those at the root and those in docs/."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the page's fenced blocks in their order."""
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], found["text"])
        for found in _FENCED.finditer(text)
    ]


def section(page: str, heading: str) -> str:
    """Return the text below a heading of a page in docs/, down to the next heading of its level or above."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    level = "#" * (len(heading) - len(heading.lstrip("#")))
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"docs/{page} has no heading {heading!r}"
    outside_code = _FENCED.sub(lambda fenced: " " * len(fenced[0]), rest)
    following = re.search(rf"^#{{1,{len(level)}}} ", outside_code, re.MULTILINE)
    return rest[: following.start()] if following else rest


def code_in_first_column(text: str) -> list[str]:
    """Return every word in code style in the first columns of the text's tables, in their order."""
    return [word for cell in _FIRST_COLUMN.findall(text) for word in _CODE.findall(cell)]
