"""What is measured of the limits of a source: each wrapper adds itself, and the table has a row of each."""

from __future__ import annotations

from io import StringIO
from typing import cast

from rich.console import Console

from adapters.adapter import Batch, Call
from adapters.offers import Offer
from adapters.records import Record
from adapters.sending import Ask
from schema.deadline import Deadline
from tests.bench.limits import chains, measure_limits
from tests.bench.running import Bench


class Running:
    seconds, turns = 0.001, 1

    def advance(self, what: str) -> None:
        assert what


class Thing(Record):
    name: str


async def test_every_send_answers() -> None:
    """From the one without limits to the one with a rate."""
    offer = Offer(name="things", serves="Thing", record=Thing, key="id")
    ask, call = Ask(Batch(offer, ("name",), ("1",)), ("1",)), Call(Deadline.after(5), "dpv:X")
    assert [await send.send(ask, call) for send in chains().values()] == [{}] * 7


def test_a_table_has_a_row_of_each() -> None:
    """With its ratio to the send without limits."""
    (table,) = measure_limits(cast("Bench", Running()))
    assert [row[0] for row in table.rows] == list(chains())
    assert table.rows[0][2] == "1.00"
    console = Console(file=StringIO(), width=130)
    console.print(table)
