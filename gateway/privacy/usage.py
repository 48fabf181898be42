"""Which consumer has used which view, how often, by day: from the audit, and of no customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.audit.reading import Entries
from gateway.privacy.asking import Asked
from gateway.privacy.counts import Count, Use, Used
from gateway.privacy.operation import Operation
from gateway.told import Told

__all__ = ["USAGE"]

_KIND = "privacy.usage-read"
_MOST_DAYS = 366
_WANTED = f"Give days, how many up to today: 1 to {_MOST_DAYS}, 30 unless given."


class UsageAsked(BaseModel):
    """Of how many days."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    days: Annotated[int, Field(ge=1, le=_MOST_DAYS, description="how many days, today included")] = 30


class DayTold(Told):
    """One day on which a view was used: its requests, and how many of them were refused."""

    day: date
    requests: int
    refused: int


class UseTold(Told):
    """A view as a consumer has used it. `view` is null for requests that named none that the consumer may use.

    `levels` are customers by how well they were verified, `hidden` customers of whom nothing was shown by the reason,
    and `withheld` coordinates withheld by the code, each counted for each customer.
    """

    view: str | None
    consumer: str
    requests: int
    refused: int
    opened: int = Field(description="requests with a broken glass")
    lookups: int = Field(description="customers that were looked up, each counted in each request")
    levels: dict[str, int]
    hidden: dict[str, int]
    withheld: dict[str, int]
    days: list[DayTold]


class UsageTold(Told):
    """What was used from `since` to `until`, by view and consumer; `changed` records are not as they were written."""

    since: date
    until: date
    changed: int
    uses: list[UseTold]

    @classmethod
    def of(cls, used: Used, since: date, until: date) -> UsageTold:
        """Return it of what was counted, by view and then by consumer."""
        by_use = defaultdict[tuple[str, str], dict[date, Count]](dict)
        for use, count in used.uses.items():
            by_use[use.view, use.consumer][use.day] = count
        uses = [_use(Use(until, *names), days) for names, days in sorted(by_use.items())]
        return cls(since=since, until=until, changed=used.changed, uses=uses)


def _use(use: Use, days: Mapping[date, Count]) -> UseTold:
    total = Count()
    for count in days.values():
        total.add(count)
    return UseTold(
        view=use.view or None,
        consumer=use.consumer,
        requests=total.requests,
        refused=total.refused,
        opened=total.opened,
        lookups=total.lookups,
        levels=dict(sorted(total.levels.items())),
        hidden=dict(total.hidden.most_common()),
        withheld=dict(total.withheld.most_common()),
        days=[DayTold(day=day, requests=one.requests, refused=one.refused) for day, one in sorted(days.items())],
    )


async def usage(asked: Annotated[UsageAsked, Query()], asking: Asked) -> UsageTold:
    """Tell which consumer has used which view, how often, by day.

    Counted from the records of the audit. Where there are more than can be counted in time, ask again: what was
    counted is kept.
    """
    since = asking.today - timedelta(days=asked.days - 1)
    entries = Entries(asking.audit.folder, asking.audit.keys)
    return UsageTold.of(await asking.counts.of_days(entries, since, asking.today), since, asking.today)


USAGE = (Operation("GET", "/usage", usage, _KIND, _WANTED),)
