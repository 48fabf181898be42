"""`customer-view crossref register` and `upgrade`: sources made known, and tables brought up to date."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from adapters.crossref import KeyFormat, KeyMode, SourceSystem, StoredCrossReference
from gateway.cli.crossref.opening import actor_of, work_on
from gateway.cli.crossref.options import Place

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


def run_register(place: Place, actor: str | None, wanted: Wanted) -> None:
    """Make a source known, or change its limit and priority. Raises CommandError: it cannot be."""
    who = actor_of(actor)

    async def work(crossref: StoredCrossReference) -> tuple[SourceSystem, list[str]]:
        standing = await crossref.sources()
        source = wanted.of(standing.get(wanted.name))
        await crossref.register_source(source, actor=who)
        return source, [name for name in standing if name != source.name and name.lower() == source.name.lower()]

    source, alike = work_on(place, work, make=True, migrate=True)
    most = "any number" if source.max_live is None else f"at most {source.max_live}"
    print(
        f"{source.name} is registered: {source.key_format} keys, kept {source.key_mode}, {most} for each customer, "
        f"priority {source.priority}."
    )
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
