from __future__ import annotations

from importlib.resources import files

import pytest

from schema.dpv import is_purpose, parents, purposes


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


def test_an_unknown_term_is_no_purpose() -> None:
    """Terms are matched exactly."""
    assert not is_purpose("customercare")
    with pytest.raises(KeyError):
        parents("Purpose")


def test_the_notice_ships_beside_the_data() -> None:
    """The licence asks that its notice goes with every copy."""
    notice = files("schema").joinpath("data/dpv_purposes.NOTICE.txt").read_text(encoding="utf-8")
    assert "World Wide Web Consortium" in notice
    assert "software-license-2023" in notice
