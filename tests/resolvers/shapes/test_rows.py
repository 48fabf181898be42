"""Rows are read by their attributes, without a guard where the row is one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Key, Missing
from resolvers import Engine
from schema.masks import Mask
from tests.resolvers.harbour import FETCHED_AT, Harbour, MemorySource, harbour
from tests.resolvers.shapes.row_offers import RowOffer, row_of
from tests.resolvers.shapes.test_shaping import ALL, ask
from tests.resolvers.shapes.ways import Ways
from tests.resolvers.test_masks import masking
from tests.resolvers.vessels import HEARD, MODEL, VESSELS

ROWS = RowOffer(name="vessels", serves="Vessel", record=VESSELS.record, key="imo", absent=Missing)
HEARD_ROWS = RowOffer(name="heard", serves="Vessel", record=HEARD.record, key="mmsi", max_batch=2)


def rowed(*, dicts: bool = False, **changes: Any) -> Harbour:
    """A harbour whose registry and sonar answer facts with rows, or say so and do not."""
    h = harbour()
    h.registry.offers, h.sonar.offers = (ROWS, *h.registry.offers[1:]), (HEARD_ROWS,)
    h.registry.records["vessels"]["R1"][0].update(changes)
    for source in (h.registry, h.sonar) if not dicts else ():
        source.fetch = partial(with_rows, source, source.fetch)  # type: ignore[method-assign]
    h.engine = Engine(MODEL, h.sources, h.crossref)
    return h


async def with_rows(source: MemorySource, fetch: Any, batch: Batch, call: Call) -> Mapping[Key, Answer]:
    answers = dict(await fetch(batch, call))
    if batch.offer.gives_rows:
        for key in batch.keys:
            raw = source.records[batch.offer.name][key][0]
            answers[key] = Found(row_of(batch.offer, batch.fields, raw), FETCHED_AT)
    return answers


ROW_FIELDS = (
    "__typename name kind size { length beam } flag { state } owners { name share home { code } } track log { line }"
)


async def test_rows_are_read_by_code(ways: Ways) -> None:
    """Attributes without a guard, enums by their texts, what is inline, lists of rows and lists in lists."""
    told = await ask(rowed(), ALL, ROW_FIELDS)
    assert told["data"] == (await ask(harbour(), ALL, ROW_FIELDS))["data"]
    assert ways.told == (0, 0, 0)
    assert ".get('name')" not in ways.codes[0].split("\n\n", maxsplit=1)[0]


@pytest.mark.parametrize("changes", [{"loa": None}, {"kind": None}, {"owners": None}, {"owners": []}, {"track": [[]]}])
async def test_nulls_in_rows_are_ordinary(ways: Ways, changes: Mapping[str, Any]) -> None:
    """Where the schema allows them."""
    await ask(rowed(**changes), ALL, ROW_FIELDS)
    assert ways.told == (0, 0, 0)


async def test_a_null_in_a_row_where_none_is_allowed_is_for_the_executor(ways: Ways) -> None:
    """It goes up as the executor says, which makes that customer alone."""
    answer = await ask(rowed(beam=None), ALL, ROW_FIELDS)
    assert answer["data"]["vessels"][0]["size"] is None
    assert (*ways.told, ways.alone) == (0, 0, 1, 1)


async def test_masks_in_rows_are_ordinary(ways: Ways) -> None:
    """Text is text."""
    await ask(rowed(), ALL, ROW_FIELDS, through=masking({"Vessel.name": Mask.INITIALS, "Owner.name": Mask.ALL}))
    assert ways.told == (0, 0, 0)


async def test_dicts_in_place_of_rows_are_the_second_functions(ways: Ways) -> None:
    """An adapter may always answer with dicts: a row is what it makes of an ordinary record."""
    await ask(rowed(dicts=True), ALL, ROW_FIELDS)
    assert (*ways.told, ways.alone) == (0, 0, 3, 0)
