"""Who can be meant at all: told before anybody is looked up, for "nobody" would hide a slip of the pen."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.crossref import Lookup, SourceSystem, StoredCrossReference
from adapters.crossref.identifiers.normalising import normal_identifier
from adapters.crossref.ids import is_customer_id
from gateway.command_error import CommandError
from gateway.terminal import open_console
from schema.suggest import did_you_mean

__all__ = ["check_id", "check_lookup", "fault_of", "say_unknown"]

_SUCH_AS = "cus_08f3d624393ff6b59df4da7dd4c5f2ae"


async def check_lookup(crossref: StoredCrossReference, lookup: Lookup) -> None:
    """Raise CommandError when nobody can ever be known by this."""
    fault = fault_of(lookup, await crossref.sources())
    if fault:
        raise CommandError(fault)


def check_id(given: str, name: str) -> None:
    """Raise CommandError when what was given as this can be no id of a customer; it is not shown, as by `fault_of`."""
    if not is_customer_id(given):
        raise CommandError(
            f"got what is no id of a customer as {name}; wanted one such as {_SUCH_AS}, which "
            "`customer-view crossref resolve SOURCE KEY` finds, or where the command takes them a source and its key"
        )


def fault_of(lookup: Lookup, sources: Mapping[str, SourceSystem]) -> str | None:
    """Return why nobody can ever be known by this, None when somebody can.

    What was given is not shown: it may be a key that stands in another's place.
    """
    if lookup.identifier is not None:
        wanted = f"wanted: {lookup.identifier.description} Correct it"
        return (
            None
            if normal_identifier(lookup.identifier, lookup.key)
            else f"got what is no {lookup.identifier}; {wanted}"
        )
    if lookup.source is None:
        return _fault_of_id(lookup.key, sources)
    source = sources.get(lookup.source)
    if source is None:
        known = f"wanted one of: {', '.join(sorted(sources)) or 'none is'}"
        return f"got a source that is not registered; {did_you_mean(lookup.source, sources, known)}"
    if source.key_format.normal(lookup.key) is None:
        return f"got what can be no key of {source.name}, whose keys are {source.key_format}; correct it"
    return None


def _fault_of_id(given: str, sources: Mapping[str, SourceSystem]) -> str | None:
    if given in sources:
        return f"got the source {given} without a key; give the key too, or - to be asked for it"
    if not is_customer_id(given):
        return f"got what is no id of a customer; wanted one such as {_SUCH_AS}, or a source and a key"
    return None


def say_unknown() -> bool:
    """Tell that nobody is known by what was given; return False."""
    said = "Nobody is known by that: it was never linked, or it was erased."
    open_console(stderr=True).print(said, soft_wrap=True)
    return False
