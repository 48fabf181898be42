"""Answers to one query beside each other: each field as it is shown, masked or withheld, and what was asked for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.demo.asking import Answer, Path, Withheld

__all__ = ["Cell", "Kind", "calls_of", "cell_of", "outcome_of", "reasons_of"]

_EVERY = "*"
_STEP_UP = "VERIFICATION_REQUIRED"


class Kind(Enum):
    """How a field stands in an answer."""

    SHOWN = "shown"
    MASKED = "masked"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of an answer: how it stands there, and the words for it."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A value that stands at the end of a path, or the null at which the path ends early."""

    at: Path
    value: Any


def cell_of(answer: Answer, path: Path) -> Cell:
    """Return how the field at this path stands in the answer; `*` in the path is every entry of a list."""
    found = [*_at(answer.body.get("data"), path)]
    reasons = [why for one in found if one.value is None and (why := _why(answer.withheld, one.at, path))]
    if reasons:
        return Cell(Kind.SHUT, _shut(reasons[0]))
    shown = [one for one in found if one.value is not None]
    if not shown:
        return Cell(Kind.SHUT, "none" if not found else "-")
    text = ", ".join(str(one.value) for one in shown)
    is_masked = any(_why(answer.masked, one.at, path) for one in shown)
    return Cell(Kind.MASKED, f"{text} (masked)") if is_masked else Cell(Kind.SHOWN, text)


def calls_of(answer: Answer) -> str:
    """Return how many calls the sources were sent, in words: `crm 1, support 2`."""
    calls: Counter[str] = Counter()
    for one in (answer.receipt or {}).get("sources", ()):
        calls[one["source"]] += one["calls"]
    return ", ".join(f"{source} {number}" for source, number in (+calls).items()) or "none"


def reasons_of(answers: Sequence[Answer]) -> list[Withheld]:
    """Return why something is withheld or masked in any of the answers, each code and remedy once."""
    told = [one for answer in answers for one in answer.withheld]
    told += [one for answer in answers for one in answer.masked]
    return [*{(one.code, one.remedy): one for one in reversed(told)}.values()][::-1]


def outcome_of(answer: Answer) -> Cell:
    """Return what came of a request, in a few lines: the first value that is shown, and why others are not."""
    if answer.status != 200:
        return Cell(Kind.SHUT, "\n".join((f"HTTP {answer.status}", *(code for code, _ in answer.errors))))
    values = [*_leaves(answer.body.get("data"))]
    first = next(((path, value) for path, value in values if value is not None), None)
    codes = Counter(f"{one.code}{f', at {one.level}' if one.level else ''}" for one in answer.withheld)
    shut = "".join(f"\n{f'{count} x ' if count > 1 else ''}{code}" for code, count in codes.items())
    if first is None:
        return Cell(Kind.SHUT, f"null{shut}")
    path, value = first
    is_masked = any(_matches(path, known) for one in answer.masked for known in one.paths)
    more = sum(value is not None for _, value in values) - 1
    others = f" and {more} value{'s' if more > 1 else ''} more" if more else ""
    words = f"{value}{' (masked)' if is_masked else ''}{others}"
    return Cell(Kind.MASKED if shut or is_masked else Kind.SHOWN, words + shut)


def _shut(why: Withheld) -> str:
    if why.opens_at is None:
        return why.code.replace("_", " ").lower()
    return f"opens at {why.opens_at}" if why.code == _STEP_UP else f"{why.code.split('_')[-1].lower()}: {why.opens_at}"


def _at(value: Any, path: Path, at: Path = ()) -> Iterator[_Found]:
    """Yield what stands at the path; where a null comes before its end, the null."""
    if value is None or not path:
        yield _Found(at, value)
    elif path[0] == _EVERY:
        for index, inside in enumerate(value):
            yield from _at(inside, path[1:], (*at, index))
    else:
        yield from _at(value[path[0]], path[1:], (*at, path[0]))


def _why(told: Sequence[Withheld], at: Path, wanted: Path) -> Withheld | None:
    """Return why what stands at a place is not whole: of several reasons the one that names a field of the path."""
    reasons = [one for one in told if any(_matches(at, path) for path in one.paths)]
    named = [one for one in reasons if one.coordinate.rpartition(".")[2] in wanted]
    return next(iter(named), next(iter(reasons), None))


def _matches(at: Path, told: Path) -> bool:
    return len(at) == len(told) and all(one in (_EVERY, other) for other, one in zip(at, told, strict=True))


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _leaves(inside, (*path, name))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from _leaves(inside, (*path, index))
    else:
        yield path, value
