"""What mends it where a cross-reference cannot be opened, in the words of commands and settings, not of Python."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["mended"]

_MENDS: Mapping[str, str] = {
    "open once with migrate=True": "bring them up to date with `customer-view crossref upgrade`, or start the gateway",
    "open once with make_tenant=True": "begin with `customer-view crossref register`",
    "open the cross-reference with secrets=": "set CUSTOMER_VIEW_SECRET_FILE to the path of the secret file",
}


def mended(text: str) -> str:
    """Return what a CrossReferenceError says, for those who give commands."""
    for there, here in _MENDS.items():
        text = text.replace(there, here)
    return text
