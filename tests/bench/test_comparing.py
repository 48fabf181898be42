from __future__ import annotations

from typing import Any

import pytest

from tests.bench.comparing import check_answer, nulls
from tests.bench.load import WrongAnswerError

DOWN: dict[str, Any] = {
    "data": {"customers": [{"id": "1", "accounts": None}, {"id": "2", "accounts": None}]},
    "errors": [{"path": ["customers", 1, "accounts"]}, {"path": ["customers", 0, "accounts"]}],
}


def test_every_null_is_found_by_its_path() -> None:
    """In objects and in lists; what is empty is no null."""
    assert nulls({"a": None, "b": [1, None, {"c": None}], "d": [], "e": {}}) == [("a",), ("b", 1), ("b", 2, "c")]


def test_answers_are_alike_whose_nulls_have_their_errors() -> None:
    """In whichever order the errors come."""
    check_answer("by hand", DOWN, DOWN)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None, "errors": [{"path": []}]},
        {**DOWN, "data": {"customers": [{"id": "1", "accounts": None}, {"id": "3", "accounts": None}]}},
    ],
    ids=["nothing", "no data", "other data"],
)
def test_other_data_ends_the_run(answer: dict[str, Any]) -> None:
    """What answers otherwise does other work."""
    with pytest.raises(WrongAnswerError, match="by hand: got other data"):
        check_answer("by hand", answer, DOWN)


@pytest.mark.parametrize("errors", [[], DOWN["errors"][:1]], ids=["none", "one of two"])
def test_a_null_without_a_reason_ends_the_run(errors: list[Any]) -> None:
    """A gateway that leaves reasons out would have less to do."""
    with pytest.raises(WrongAnswerError, match="wanted one for each"):
        check_answer("by hand", {**DOWN, "errors": errors}, DOWN)
