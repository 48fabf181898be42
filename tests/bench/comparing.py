"""Whether gateways answer alike: figures of answers that differ would say nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.load import WrongAnswerError
from tests.bench.running import Gateway
from tests.bench.workload import Query

__all__ = ["check_equal", "nulls", "paths_of_errors"]

_TIMES = 3


def check_equal(gateways: Sequence[Gateway], query: Query) -> None:
    """Ask each gateway a few times. Raises WrongAnswerError when data differ, or a null has no reason in `errors`."""
    for number in range(_TIMES):
        first, *others = [one.answer(query, number) for one in gateways]
        for gateway, answer in zip(gateways, (first, *others), strict=True):
            check_answer(gateway.name, answer, first)


def check_answer(name: str, answer: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Compare one answer with another one's data. Raises WrongAnswerError as `check_equal` does."""
    data = answer.get("data")
    if not data or data != wanted.get("data"):
        raise WrongAnswerError(f"{name}: got other data: {str(answer)[:300]}; wanted {str(wanted)[:300]}")
    empty, told = (sorted(paths, key=str) for paths in (nulls(data), paths_of_errors(answer)))
    if empty != told:
        raise WrongAnswerError(f"{name}: got nulls at {empty[:5]} and errors at {told[:5]}; wanted one for each")


def nulls(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every null, in the order of the answer."""
    if data is None:
        return [path]
    if isinstance(data, Mapping):
        return [each for name, value in data.items() for each in nulls(value, (*path, name))]
    if isinstance(data, list):
        return [each for place, value in enumerate(data) for each in nulls(value, (*path, place))]
    return []


def paths_of_errors(answer: Mapping[str, Any]) -> list[tuple[str | int, ...]]:
    """Return the path of every error."""
    return [tuple(error["path"]) for error in answer.get("errors", ())]
