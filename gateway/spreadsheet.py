"""Texts as cells of a CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import re

__all__ = ["plain"]

_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet takes what follows for a formula (OWASP, CSV injection): where a cell begins, and where one would
for a program that parts cells by semicolons, as those of many countries do."""


def plain(text: str) -> str:
    """Return a text as one line that no spreadsheet takes for a formula."""
    return _FORMULA.sub(r"\1\2'", " ".join(text.split()))
