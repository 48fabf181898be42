"""A source's codes as the model's words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from pydantic import BeforeValidator

__all__ = ["coded", "worded"]


def coded(words: Mapping[str, Enum]) -> BeforeValidator:
    """Read a source's code as the model's word; a code that is not listed is a bad value."""
    return BeforeValidator(lambda code: None if code is None else words[code])


def worded(words: Mapping[str, str]) -> BeforeValidator:
    """Read a source's code as a word of a view's file; a code that is not listed is a bad value."""
    return BeforeValidator(lambda code: None if code is None else words[code])
