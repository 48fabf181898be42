"""Every leaf is guarded and printed by its type, and masked as the view says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.resolvers.shapes.keepers import GOOD, LEAVES, MODEL, Zoo, ask, view
from tests.resolvers.shapes.ways import Ways


async def test_every_leaf_is_printed_in_its_own_writing(ways: Ways) -> None:
    """GraphQL's scalars, enums, and the scalars of the model."""
    assert (await ask(LEAVES))["data"]["keeper"] == {
        "mood": "BAD",
        "share": "1.50",
        "weight": 1.5,
        "isIn": True,
        "born": "2000-01-31",
        "seen": "2026-01-01T00:00:00Z",
        "pays": "EUR",
        "lives": "NL",
        "speaks": ["nl", "en-GB"],
        "code": "a",
    }
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("share", "pets")])
async def test_every_leaf_may_be_null(ways: Ways, name: str) -> None:
    """That is no doubt."""
    await ask(LEAVES, **{name: None})
    assert ways.told == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mood": 2},
        {"mood": "BAD"},
        {"share": "1.50"},
        {"share": Decimal("Infinity")},
        {"share": Decimal("1E+60")},
        {"share": None},
        {"weight": 1},
        {"weight": float("nan")},
        {"weight": float("-inf")},
        {"weight": True},
        {"is_in": 1},
        {"born": datetime(2000, 1, 31, tzinfo=UTC)},
        {"born": "2000-01-31"},
        {"seen": datetime(2026, 1, 1)},  # noqa: DTZ001  without a zone
        {"seen": date(2026, 1, 1)},
        {"pays": "eur"},
        {"lives": "N"},
        {"speaks": ["x" * 20]},
        {"speaks": [None]},
        {"code": 7},
        {"code": 1.0},
    ],
    ids=repr,
)
async def test_no_other_value_is_printed_by_code(ways: Ways, wrong: Mapping[str, Any]) -> None:
    """It is printed as the executor prints it, or is an error, or leaves its customer to the executor."""
    await ask(LEAVES, **wrong)
    assert (ways.made, ways.shapeless, ways.doubted) == (1, 0, 0)
    assert ways.alone == (not wrong.keys().isdisjoint({"share", "speaks"}))  # there, none may be null


async def test_of_a_half_character_both_ways_make_the_same(ways: Ways) -> None:
    """It is text for GraphQL; that it cannot be sent is found out when it is written as bytes."""
    with pytest.raises(TypeError, match="surrogates not allowed"):
        await ask("code", code="\ud800")
    assert ways.made == 1


async def test_a_mask_on_what_is_no_text_hides_it(ways: Ways) -> None:
    """`check` refuses such a view; its values are shown in neither way."""
    answer = await ask("pays lives", view(Keeper__pays="all", Keeper__lives="last4"))
    assert answer["data"]["keeper"] == {"pays": None, "lives": None}
    assert ways.alone == 1


async def test_every_leaf_is_read_from_rows(ways: Ways) -> None:
    """As it is, or printed."""
    raw = {"id": "K", "share": "1.50", "weight": 1, "is_in": True, "born": "2000-01-31", "code": "a"}
    answer = await ask("share weight isIn born code", zoo=Zoo(raw, in_rows=True))
    assert answer["data"]["keeper"]["born"] == "2000-01-31"
    assert ways.told == (0, 0, 0)


async def test_a_mask_on_what_is_no_text_hides_its_object(ways: Ways) -> None:
    """Where none may be null."""
    answer = await ask("share", view(Keeper__share="all"))
    assert answer["data"]["keeper"] is None
    assert ways.alone == 1


@pytest.mark.parametrize("value", ["EUR", 7])
async def test_a_scalar_that_prints_nothing_is_for_the_executor(
    ways: Ways, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    """As nothing may stand for a value: the executor has an error of it."""
    monkeypatch.setattr(MODEL.schema.type_map["CurrencyCode"], "coerce_output_value", lambda _: None)
    answer = await ask("pays", pays=value)
    assert answer["data"]["keeper"] == {"pays": None}
    assert (ways.alone, ways.doubted) == (1, 0)
