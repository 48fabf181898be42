"""The page of the audit names every kind of record that is written, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gateway.audit.records import REQUEST
from tests.docs.pages import ROOT

_KIND = re.compile(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*")
"""The form of every kind but that of requests; no other text there has it."""


def _written() -> Iterator[str]:
    """Yield the texts of this form that the code of the audit, and of what records there, has."""
    files = ("audit/*.py", "break_glass/*.py", "privacy/*.py", "cli/audit*.py")
    for file in (file for some in files for file in (ROOT / "gateway").glob(some)):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and _KIND.fullmatch(text) and not text.startswith("gateway."):  # of a log
                yield text


def test_the_page_names_every_kind_of_record() -> None:
    """In a table of their own."""
    page = (ROOT / "docs" / "audit.md").read_text("utf-8")
    _, _, table = page.partition("| `kind` | written when |\n|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()
    told = {kind for row in rows for kind in re.findall("`([^`]+)`", row.split("|")[1])}
    assert told == {*_written()}
    assert f"| `kind` | `{REQUEST}`;" in page
