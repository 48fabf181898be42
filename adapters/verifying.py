"""Adapters held against the model: whether what their offers declare exists there and has the declared shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from adapters.adapter import Adapter
from adapters.crossref import InputError, SourceSystem
from adapters.gate_check import verify_gate
from adapters.gates import GATE_RECORDS
from adapters.offer_check import Fields, Offered, Passed, verify_offer
from adapters.offers import Offer
from adapters.records import Record
from schema.directives import CANONICAL
from schema.model import Model
from schema.problems import Problem, problem_at

__all__ = ["served_coordinates", "sound_adapters", "verify_adapters"]

_MOST_SHOWN = 64


def verify_adapters(adapters: Iterable[Adapter], model: Model) -> list[Problem]:
    """Return every error in the adapters' declarations, and notes on what weakens a check.

    What is no adapter at all is among the errors.
    """
    given = list(adapters)
    problems = [_no_adapter(adapter) for adapter in given if not _is_sound(adapter)]
    sound = sound_adapters(given)
    fields, offered = _by_python_name(model), _offered(sound)
    sources: set[str] = set()
    owners: dict[str, str] = {}
    for adapter in sound:
        problems.extend(_source(adapter, sources))
        names: set[str] = set()
        for offer in adapter.offers:
            if offer.name in names:
                got = f"a second offer {offer.name} of {adapter.source}"
                problems.append(problem_at(type(adapter), got, "every name once in a source", "give it another name"))
            names.add(offer.name)
            if offer.serves in GATE_RECORDS:
                problems.extend(verify_gate(adapter.source, offer, owners))
            else:
                problems.extend(verify_offer(adapter.source, offer, model, fields, offered))
    return problems


def sound_adapters(adapters: Iterable[Adapter]) -> list[Adapter]:
    """Return those that have what every adapter has: a source, offers with records, `fetch` and `aclose`."""
    return [adapter for adapter in adapters if _is_sound(adapter)]


def served_coordinates(adapters: Iterable[Adapter], model: Model) -> frozenset[str]:
    """Return the coordinates that some offer serves, on whatever path they are reached."""
    fields = _by_python_name(model)
    served = {f"{model.subject}.{CANONICAL}"}
    for offer in (offer for adapter in adapters for offer in adapter.offers):
        owner = offer.serves
        if offer.is_list:
            coordinate = model.coordinates.get(offer.serves)
            served.update([offer.serves] if coordinate else ())
            owner = coordinate.of if coordinate else ""
        served.update(_served(owner, offer.record, fields, frozenset()))
    return frozenset(served)


def _by_python_name(model: Model) -> Fields:
    return {(one.type_name, one.python_name): one for one in model.coordinates.values()}


def _is_sound(adapter: Adapter) -> bool:
    try:
        return (
            isinstance(adapter.source, str)
            and callable(adapter.fetch)
            and callable(adapter.aclose)
            and isinstance(adapter.offers, Sequence)
            and all(isinstance(offer, Offer) and _is_record(offer.record) for offer in adapter.offers)
        )
    except Exception:  # noqa: BLE001  a property of an adapter of others can raise anything
        return False


def _is_record(record: object) -> bool:
    return isinstance(record, type) and issubclass(record, Record)


def _no_adapter(given: object) -> Problem:
    wanted = "an adapter: source, offers (each an Offer with a Record class), fetch and aclose"
    mend = "derive it from HttpAdapter, GraphQLAdapter or SqlAdapter, or write the four members"
    return problem_at(type(given), f"an object of {type(given).__name__}, which is no adapter", wanted, mend)


def _source(adapter: Adapter, seen: set[str]) -> Iterator[Problem]:
    name = adapter.source
    if name in seen:
        got = f"a second adapter for the source {name}"
        yield problem_at(type(adapter), got, "one adapter a source", "give it another source name")
    seen.add(name)
    if name == CANONICAL or not _is_source_name(name):
        got = f"the source name {name[:_MOST_SHOWN]!r}"
        wanted = f"a letter, then up to 63 letters, digits, _ or -, and not {CANONICAL}, the canonical id"
        yield problem_at(type(adapter), got, wanted, "rename it, here and in the cross-reference")


def _is_source_name(name: str) -> bool:
    try:
        SourceSystem(name)
    except InputError:
        return False
    return True


def _offered(adapters: Iterable[Adapter]) -> Offered:
    offered: dict[str, frozenset[str]] = {}
    for adapter in adapters:
        for offer in adapter.offers:
            keyspace = offer.keyspace or adapter.source
            offered[keyspace] = offered.get(keyspace, frozenset()) | {offer.serves}
    return offered


def _served(owner: str, record: type[Record], fields: Fields, passed: Passed) -> Iterator[str]:
    if (owner, record) in passed:
        return
    for name in record.model_fields:
        coordinate = fields.get((owner, name))
        if coordinate is not None:
            yield str(coordinate)
            nested = record.record_nested(name)
            for held, variant in _variants(coordinate.of, nested) if nested is not None else ():
                yield from _served(held, variant, fields, passed | {(owner, record)})


def _variants(owner: str, record: type[Record]) -> Sequence[tuple[str, type[Record]]]:
    """Return a record's declaration for each concrete type: itself, but for an interface or union."""
    if record.record_told_by is None:
        return [(owner, record)]
    return [(one.record_type_name, one) for one in record.record_variants.values()]
