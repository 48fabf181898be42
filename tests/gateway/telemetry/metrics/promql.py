"""The names that an expression of PromQL has: metrics, and the labels with which it asks for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Asked", "asked_by"]

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_WORD = re.compile(r"(?<![\w.$])[a-zA-Z_:][a-zA-Z0-9_:]*+(?!\s*\()")
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
_DURATION = re.compile(r"\b\d+(?:ms|[smhdwy])\b")


@dataclass(frozen=True)
class Asked:
    """The metrics that an expression names, and its labels, those of one metric apart from those of all."""

    metrics: frozenset[str]
    labels: frozenset[tuple[str, str]]
    grouped: frozenset[str]


def asked_by(expression: str) -> Asked:
    """Return what an expression names."""
    text = _RANGE.sub("", _TEXT.sub('""', expression))
    labels, grouped = set[tuple[str, str]](), set[str]()
    for metric, inside in _SELECTOR.findall(text):
        labels |= {(metric, label) for label in _LABEL.findall(inside)}
    text = re.sub(r"\{[^}]*\}", "", text)
    for inside in _GROUPING.findall(text):
        grouped |= {one.strip() for one in inside.split(",") if one.strip()}
    text = _DURATION.sub("", _GROUPING.sub("", text))
    metrics = {word for word in _WORD.findall(text) if word.lower() not in _WORDS}
    return Asked(frozenset(metrics), frozenset(labels), frozenset(grouped))
