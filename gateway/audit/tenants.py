"""Whose records and anchors are in a folder: each tenant has folders of its own, so that nobody sees of another's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.audit.anchors import anchor_files
from gateway.audit.lines import read_line
from gateway.audit.segments import segments_in

__all__ = ["tenants_anchored", "tenants_in"]

_LONGEST = 4_096
"""Bytes of the longest first line that is looked at: those of segments and of anchors are shorter."""


def tenants_in(folder: Path) -> frozenset[str]:
    """Return the tenants whose records are in a folder, by what each chain begins with. Raises OSError.

    It is read and not verified. A file that does not say whose it is, as a torn one, is nobody's.
    """
    return _told({one.writer: one.path for one in reversed(segments_in(folder))}.values())


def tenants_anchored(folder: Path) -> frozenset[str]:
    """Return the tenants whose anchors are in a folder, as `tenants_in`."""
    return _told({one.writer: one.path for one in reversed(anchor_files(folder))}.values())


def _told(files: Iterable[Path]) -> frozenset[str]:
    return frozenset(tenant for path in files if isinstance(tenant := _tenant(path), str))


def _tenant(path: Path) -> object:
    try:
        with path.open("rb") as opened:
            read = read_line(opened.readline(_LONGEST).rstrip(b"\n"))
    except FileNotFoundError:  # dropped meanwhile
        return None
    return None if read is None else read.members.get("tenant")
