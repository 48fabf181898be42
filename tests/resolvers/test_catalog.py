"""Every field is answered by an offer that can be asked by the keys at hand."""

from __future__ import annotations

from dataclasses import replace

from resolvers.catalog import Catalog
from tests.resolvers.harbour import MemorySource
from tests.resolvers.vessels import CALLS, FLAGS, HEARD, LOGS, VESSELS


def source(name: str, *offers: object) -> MemorySource:
    return MemorySource(name, offers, {})  # type: ignore[arg-type]


CATALOG = Catalog([source("registry", VESSELS, CALLS), source("sonar", HEARD), source("states", FLAGS)])


def test_facts_of_the_subject_are_asked_by_a_sources_own_keys() -> None:
    """The cross-reference knows every source's own keys, and no others."""
    served = CATALOG.facts("Vessel", "draught", None)
    assert served is not None
    assert (served.source, served.offer, served.keyspace) == ("sonar", HEARD, "sonar")
    assert CATALOG.facts("Flag", "state", None) is None


def test_facts_of_another_entity_are_asked_by_the_reference_that_leads_to_it() -> None:
    """An offer is asked only by keys of its keyspace."""
    served = CATALOG.facts("Flag", "state", frozenset({"flag"}))
    assert served is not None
    assert (served.source, served.keyspace) == ("states", "flag")
    assert CATALOG.facts("Flag", "state", frozenset({"lei"})) is None
    assert CATALOG.facts("Vessel", "draught", frozenset({"sonar"})) is not None


def test_a_field_that_no_record_declares_has_no_offer() -> None:
    """None says so; whoever plans decides what that means."""
    assert CATALOG.facts("Vessel", "tonnage", None) is None
    assert CATALOG.facts("Engine", "name", None) is None


def test_a_list_is_found_by_its_coordinate() -> None:
    """A list offer serves a coordinate, by own keys or by a reference."""
    catalog = Catalog([source("registry", VESSELS, CALLS), source("logs", LOGS)])
    own = catalog.lists("Vessel.portCalls", None)
    assert own is not None
    assert own.offer is CALLS
    assert catalog.lists("Vessel.log", None) is None
    assert catalog.lists("Vessel.log", frozenset({"logbook"})) is not None
    assert catalog.lists("Vessel.owners", None) is None


def test_the_first_adapter_that_serves_a_field_answers_it() -> None:
    """The order in which adapters are given decides, and nothing that changes from run to run."""
    other = replace(HEARD, name="other")
    found = [Catalog(given).facts("Vessel", "draught", None) for given in _both_orders(other)]
    assert [served and served.offer.name for served in found] == ["heard", "other"]


def _both_orders(other: object) -> list[list[MemorySource]]:
    first, second = source("sonar", HEARD), source("radar", other)
    return [[first, second], [second, first]]
