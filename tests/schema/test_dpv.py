from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import pytest

from schema.dpv import Term, data_subjects, is_purpose, parents, processing, purposes


def test_the_purposes_form_a_tree_of_known_terms() -> None:
    """Every parent is a known purpose, no purpose is above itself, and the list is in order."""
    known = purposes()
    assert list(known) == sorted(known)
    for purpose in known.values():
        assert set(parents(purpose.term)) <= set(known)
        assert purpose.term not in parents(purpose.term)
        assert purpose.definition.endswith(".")


@pytest.mark.parametrize(
    ("term", "above"),
    [
        ("CustomerManagement", ()),
        ("CustomerCare", ("CustomerManagement",)),
        ("CommunicationForCustomerCare", ("CommunicationManagement", "CustomerCare", "CustomerManagement")),
        ("CustomerClaimsManagement", ("CustomerManagement",)),
        ("CustomerOrderManagement", ("CustomerManagement",)),
        ("CustomerRelationshipManagement", ("CustomerManagement",)),
        ("CustomerSolvencyMonitoring", ("CustomerManagement",)),
        ("CreditChecking", ("FinancialServiceManagement",)),
        ("DirectMarketing", ("Marketing",)),
        ("FraudPreventionAndDetection", ("MisusePreventionAndDetection", "EnforceSecurity")),
        ("LegalCompliance", ("FulfilmentOfObligation",)),
        ("IdentityVerification", ("Verification", "EnforceSecurity")),
        ("RightsFulfilment", ()),
    ],
)
def test_broader_purposes_are_listed_nearest_first(term: str, above: tuple[str, ...]) -> None:
    """The tree is that of the DPV 2.3; its root, Purpose, is left out."""
    assert is_purpose(term)
    assert parents(term) == above


@pytest.mark.parametrize("known", [purposes(), processing(), data_subjects()])
def test_every_list_is_in_order_and_whole(known: Mapping[str, Term]) -> None:
    """Every broader term is in it, and every term says what it means in a sentence."""
    assert list(known) == sorted(known)
    assert {above for term in known.values() for above in term.parents} <= set(known)
    assert all(term.definition.endswith(".") and name == term.term for name, term in known.items())


@pytest.mark.parametrize(
    ("known", "term", "above"),
    [
        (processing(), "Consult", ("Use",)),
        (processing(), "Query", ("Consult",)),
        (processing(), "Display", ("Disclose",)),
        (processing(), "Store", ()),
        (data_subjects(), "Customer", ()),
        (data_subjects(), "Client", ("Customer",)),
    ],
)
def test_the_broader_term_is_that_of_the_vocabulary(known: Mapping[str, Term], term: str, above: tuple[str]) -> None:
    """Of processing and of data subjects; the roots of both are left out."""
    assert known[term].parents == above


def test_an_unknown_term_is_no_purpose() -> None:
    """Terms are matched exactly."""
    assert not is_purpose("customercare")
    with pytest.raises(KeyError):
        parents("Purpose")


def test_the_notice_ships_beside_the_data() -> None:
    """The licence asks that its notice goes with every copy."""
    notice = files("schema").joinpath("data/dpv.NOTICE.txt").read_text(encoding="utf-8")
    assert "World Wide Web Consortium" in notice
    assert "software-license-2023" in notice
    assert all(f"dpv_{name}.csv" in notice for name in ("purposes", "processing", "data_subjects"))
