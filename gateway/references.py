"""Forms in which callers refer to something: a text of their own, such as a ticket's, and the key of a customer."""

from __future__ import annotations

import re

from schema.directives import CANONICAL

__all__ = ["REFERENCE", "REFERENCE_FORM", "is_reference", "read_customer"]

REFERENCE = re.compile(r"(?!.*//)[A-Za-z0-9._:/#-]{1,100}")
"""Of something of the caller's own: a ticket, a call, an employee. It is recorded, and the customer may be told of it:
so neither an address of mail, nor a link, nor free text is one."""

REFERENCE_FORM = "1 to 100 letters, digits and . _ : / # - without // in it"
"""The same in words."""

_SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_LONGEST_KEY = 1_024


def is_reference(value: object) -> bool:
    """Return whether it can refer to something of the caller's own."""
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def read_customer(value: object) -> tuple[str | None, str] | None:
    """Return whom `{"id": "cus_..."}` or `{"crm": "C-000009"}` means: the source, None for the id, and the key.

    None where it is of another form.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((source, key),) = value.items()
    if not _SOURCE.fullmatch(source) or not _is_key(key):
        return None
    return (None if source == CANONICAL else source), key


def _is_key(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_KEY and value.isprintable()
