"""The reference model and the sandbox's views, for commands that are given no gateway."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from schema.customer import Customer

__all__ = ["reference"]


def reference() -> tuple[type, Path]:
    """Return the subject type of the reference model, and the folder of the sandbox's views."""
    return Customer, Path(str(files("adapters.sandbox"))) / "views"
