"""`customer-view crossref register` and `upgrade`: sources made known, and tables brought up to date."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.crossref import KeyFormat, KeyMode, Registered, SourceSystem, StoredCrossReference
from gateway.cli.crossref.opening import actor_of, work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import print_json
from gateway.cli.crossref.reading import source_members
from gateway.cli.crossref.telling import counted

__all__ = ["Wanted", "run_register", "run_upgrade"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source shall be; None leaves it as it stands, and a new one as sources are by default.

    `max_live` 0 is any number.
    """

    name: str
    key_format: str | None = None
    sealed: bool | None = None
    max_live: int | None = None
    priority: int | None = None

    def of(self, standing: SourceSystem | None) -> SourceSystem:
        """Return the source that it makes of the one that stands. Raises InputError when it cannot be one."""
        before = standing or SourceSystem(self.name)
        mode = {None: before.key_mode, True: KeyMode.SEALED, False: KeyMode.PLAIN}[self.sealed]
        return SourceSystem(
            self.name,
            before.key_format if self.key_format is None else KeyFormat(self.key_format),
            mode,
            before.max_live if self.max_live is None else self.max_live or None,
            before.priority if self.priority is None else self.priority,
        )


def run_register(place: Place, actor: str | None, wanted: Wanted, *, as_json: bool) -> None:
    """Make a source known, or change its limit and priority; tell how many customers have more than a lower limit.

    Raises CommandError: It cannot be.
    """
    who = actor_of(actor)

    async def work(crossref: StoredCrossReference) -> tuple[SourceSystem, Registered, list[str]]:
        standing = await crossref.sources()
        source = wanted.of(standing.get(wanted.name))
        registered = await crossref.register_source(source, actor=who)
        alike = [name for name in standing if name != source.name and name.lower() == source.name.lower()]
        return source, registered, alike

    source, registered, alike = work_on(place, work, make=True, migrate=True)
    if as_json:
        print_json({**source_members(source), "overLimit": registered.over_limit})
    else:
        _print(source)
    _warn(source, registered, alike)


def _print(source: SourceSystem) -> None:
    most = "any number" if source.max_live is None else f"at most {source.max_live}"
    print(
        f"{source.name} is registered: {source.key_format} keys, kept {source.key_mode}, {most} for each customer, "
        f"priority {source.priority}."
    )


def _warn(source: SourceSystem, registered: Registered, alike: Sequence[str]) -> None:
    if registered.over_limit is None:
        print("How many customers have more keys than that was not counted in time; they keep them.", file=sys.stderr)
    elif registered.over_limit:
        more = "has" if registered.over_limit == 1 else "have"
        who = counted(registered.over_limit, "customer")
        print(f"{who} {more} more live keys of {source.name} than that, and will keep them.", file=sys.stderr)
    if alike:
        print(
            f"{source.name} is another source than {alike[0]}, which is registered too: upper and lower case differ. "
            "A source is named as its adapter names it; one that nothing is loaded into does no harm.",
            file=sys.stderr,
        )


def run_upgrade(place: Place) -> None:
    """Bring the tables up to date. Raises CommandError: that cannot be done."""

    async def work(_: StoredCrossReference) -> None:
        """Opening has done it."""

    work_on(place, work, migrate=True)
    print("The tables are those of this release.")
