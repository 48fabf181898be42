"""An offer that answers a gate, held against the record that the gate is decided by."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.gates import GATE_RECORDS, asked_of
from adapters.offers import Offer
from schema.problems import Problem, problem_at
from schema.suggest import did_you_mean

__all__ = ["verify_gate"]

_DECIDING = frozenset({"purpose", "status", "is_open", "is_active"})
"""What no gate opens without."""


def verify_gate(source: str, offer: Offer, owners: dict[str, str]) -> Iterator[Problem]:
    """Yield what is wrong with an offer that answers a gate. `owners` holds the name of the first that answers each."""
    name, declared = f"{source}.{offer.name}", GATE_RECORDS[offer.serves]
    owner = owners.setdefault(offer.serves, name)
    if owner != name:
        got, wanted = f"the offer {name}, which serves {offer.serves} as {owner} does", "one source that decides"
        yield problem_at(offer.record, got, wanted, "remove one of them: the other would never be asked")
    if not issubclass(offer.record, declared):
        got, wanted = f"the offer {name}, which serves {offer.serves}", f"records derived from {declared.__name__}"
        yield problem_at(offer.record, got, wanted, f"class {offer.record.__name__}({declared.__name__})")
    elif unknown := sorted(offer.record.model_fields.keys() - declared.model_fields.keys()):
        got, wanted = f"the field {unknown[0]}", f"a field of {declared.__name__}"
        yield problem_at(offer.record, got, wanted, did_you_mean(unknown[0], declared.model_fields, "remove it"))
    elif lacking := sorted((_DECIDING & declared.model_fields.keys()) - asked_of(offer.serves, offer.record)):
        got, wanted = f"the field {lacking[0]}, which is always null", "what decides: without it the gate never opens"
        yield problem_at(offer.record, got, wanted, "say where the source keeps it")
    if offer.keyspace:
        got, wanted = f"the offer {name} with keyspace={offer.keyspace!r}", "the source's own keys of the customer"
        yield problem_at(offer.record, got, wanted, "leave keyspace= out")
