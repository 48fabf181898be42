"""Views that were published for a time: served on its days, in UTC, and gone after."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio

from schema.lock import publish
from tests.gateway.greenhouse import (
    INSPECTOR,
    Greenhouse,
    code_of,
    greenhouse,
    write_all,
    write_consumers,
    write_view,
)

LABEL = {"query": '{ plant(by: {id: "p1"}) { label } }'}
DAYS = {
    "spring@1": "valid_until: 2027-05-31",
    "spring@2": "valid_from: 2027-06-01\nvalid_until: 2027-06-30",
    "autumn@1": "valid_from: 2027-09-01",
}


class Day:
    """A clock that is set to a day."""

    def __init__(self) -> None:
        self.at = datetime(2027, 5, 31, 23, 59, 59, tzinfo=UTC)

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.at.timestamp()

    def set(self, month: int, day: int) -> None:
        """Set it to the beginning of a day."""
        self.at = datetime(2027, month, day, tzinfo=UTC)


@pytest_asyncio.fixture
async def seasons(tmp_path: Path, nothing_else_installed: None) -> AsyncIterator[tuple[Greenhouse, Day]]:
    """An open gateway whose views are each for some days."""
    views, consumers = write_all(tmp_path)
    for view_id, days in DAYS.items():
        write_view(views, view_id, published=False)
        with (views / f"{view_id}.yaml").open("a") as file:
            file.write(f"{days}\n")
        publish(views, view_id)
    write_consumers(consumers, gardener="spring, autumn, watering", inspector="watering@1, pests, pruning@2, feeding")
    day = Day()
    made = greenhouse(tmp_path, now=day)
    async with made.gateway.running():
        yield made, day


async def answered(house: Greenhouse, view: str) -> str:
    """The label that is answered, or the status and code of the refusal."""
    response = await house.post(LABEL, to=view)
    if response.status_code == 200:
        return str(response.json()["data"]["plant"]["label"])
    return f"{response.status_code} {code_of(response)}"


async def test_a_view_is_served_on_its_days(seasons: tuple[Greenhouse, Day]) -> None:
    """From the first to the last, in UTC, while the gateway stays open: what was found before holds for its day."""
    house, day = seasons
    assert await answered(house, "spring") == await answered(house, "spring@1") == "Fern"
    assert await answered(house, "spring@2") == await answered(house, "autumn") == "404 VIEW_UNKNOWN"
    day.set(6, 1)
    assert await answered(house, "spring@1") == "410 VIEW_RETIRED"
    assert await answered(house, "spring") == await answered(house, "spring@2") == "Fern"
    day.set(7, 1)
    assert await answered(house, "spring") == await answered(house, "spring@2") == "410 VIEW_RETIRED"
    day.set(9, 1)
    assert await answered(house, "autumn") == "Fern"
    assert await answered(house, "watering") == "Fern"


async def test_nobody_else_learns_that_a_view_was_there(seasons: tuple[Greenhouse, Day]) -> None:
    """Only who is registered for it is told that its days are over."""
    house, day = seasons
    day.set(7, 1)
    response = await house.post(LABEL, to="spring", token=INSPECTOR)
    assert (response.status_code, code_of(response)) == (404, "VIEW_UNKNOWN")
    assert house.is_untouched


async def test_its_schema_is_gone_with_it(seasons: tuple[Greenhouse, Day]) -> None:
    """And whatever else stands under its name."""
    house, day = seasons
    day.set(7, 1)
    async with house.client() as client:
        response = await client.get("/views/spring/schema.graphql")
    assert (response.status_code, code_of(response)) == (410, "VIEW_RETIRED")
