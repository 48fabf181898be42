"""Identifiers in their normal forms, and values that are nobody's."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import get_cc_module

from adapters.crossref import IdentifierRules, IdentifierType, InputError
from adapters.crossref.identifiers.normalising import NATIONAL_NUMBERS, TAX_NUMBERS, normal_identifier

EMAIL, PHONE, TAX_ID, NATIONAL_ID, IBAN = IdentifierType


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        (EMAIL, " Anna.Smith@Example.ORG\n", "anna.smith@example.org"),
        (EMAIL, "anna.smith+news@example.org", "anna.smith+news@example.org"),
        (EMAIL, "\uff41nna\uff20example.org", "anna@example.org"),
        (EMAIL, "J\u00d6RG@b\u00dccher.example", "j\u00f6rg@b\u00fccher.example"),
        (EMAIL, "Jo\u0308rg@example.org", "j\u00f6rg@example.org"),
        (EMAIL, "anna@localhost", None),
        (EMAIL, "anna@example..org", None),
        (EMAIL, "anna@example.org.", None),
        (EMAIL, "anna@b@example.org", None),
        (EMAIL, "@example.org", None),
        (EMAIL, "an na@example.org", None),
        (EMAIL, "anna\u200b@example.org", None),
        (EMAIL, "anna\ud800@example.org", None),
        (EMAIL, "x" * 65 + "@example.org", None),
        (EMAIL, "anna@" + "x." * 130 + "org", None),
        (EMAIL, "\ufdfa" * 40 + "@example.org", None),
        (PHONE, "+49 171/123 45-67", "+491711234567"),
        (PHONE, "+49 (0)171 1234567", "+491711234567"),
        (PHONE, "\u202a+49 171 1234567\u202c", "+491711234567"),
        (PHONE, "\uff0b\uff14\uff19 171 1234567", "+491711234567"),
        (PHONE, "tel:+49-171-1234567", "+491711234567"),
        (PHONE, "+39 06 1234 5678", "+390612345678"),
        (PHONE, "0171 1234567", None),
        (PHONE, "+49 30 1234567 ext. 5", None),
        (PHONE, "+49 30 1234567#5", None),
        (PHONE, "+49 171 1234567 (mobile)", None),
        (PHONE, "+1 800 FLOWERS", None),
        (PHONE, "+999 1234567", None),
        (PHONE, "+49", None),
        (PHONE, "", None),
        (TAX_ID, "DE 136,695 976", "DE:vat:136695976"),
        (TAX_ID, "de136695976", "DE:vat:136695976"),
        (TAX_ID, "DE 36 574 261 809", "DE:idnr:36574261809"),
        (TAX_ID, "EL 094259216", "GR:vat:094259216"),
        (TAX_ID, "GR 094259216", "GR:vat:094259216"),
        (TAX_ID, "ATU 13585627", "AT:vat:U13585627"),
        (TAX_ID, "US 91-1144442", "US:ein:911144442"),
        (TAX_ID, "DE 136,695 978", None),
        (TAX_ID, "136695976", None),
        (TAX_ID, "XX 136695976", None),
        (TAX_ID, "__", None),
        (NATIONAL_ID, "US 536-90-4399", "US:ssn:536904399"),
        (NATIONAL_ID, "NL 1112.22.333", "NL:bsn:111222333"),
        (NATIONAL_ID, "SE 880320-0016", "SE:personalid:880320-0016"),
        (NATIONAL_ID, "US 91-1144442", None),
        (IBAN, "gr16 0110 1050 0000 1054 7023 795", "GR1601101050000010547023795"),
        (IBAN, "GR16 0110 1050 0000 1054 7023 796", None),
    ],
)
def test_an_identifier_has_one_normal_form(kind: IdentifierType, value: str, form: str | None) -> None:
    """Spellings of one identifier become one text; what cannot be one becomes none."""
    assert normal_identifier(kind, value) == form


@pytest.mark.parametrize(
    ("kind", "value", "country", "form"),
    [
        (PHONE, "0171 1234567", "DE", "+491711234567"),
        (PHONE, "+33 1 42 68 53 00", "DE", "+33142685300"),
        (PHONE, "253-0000", "US", None),
        (PHONE, "0171 1234567", "ZZ", None),
        (TAX_ID, "136695976", "DE", "DE:vat:136695976"),
        (TAX_ID, "DE136695976", "DE", "DE:vat:136695976"),
        (TAX_ID, "ATU13585627", "DE", None),
        (NATIONAL_ID, "536-90-4399", "US", "US:ssn:536904399"),
        (PHONE, "0171 1234567", "de", None),
        (PHONE, "0171 1234567", "D\u00c4", None),
    ],
)
def test_a_country_stands_in_where_none_is_named(
    kind: IdentifierType, value: str, country: str, form: str | None
) -> None:
    """Two letters of ISO 3166; a number that is local to a town could be anybody's there."""
    assert normal_identifier(kind, value, country) == form


NUMBERS = st.text("0123456789 +-./()DEUSxyz\u0661\uff11#;=@", max_size=30)


@given(
    kind=st.sampled_from(IdentifierType), value=st.text(max_size=40) | NUMBERS, country=st.sampled_from([None, "DE"])
)
def test_anything_is_taken(kind: IdentifierType, value: str, country: str | None) -> None:
    """Whatever is sent becomes a form or none, and a form of an address or a phone number is its own."""
    form = normal_identifier(kind, value, country)
    assert form is None or form.isprintable()
    if form is not None and kind in (EMAIL, PHONE, IBAN):
        assert normal_identifier(kind, form) == form


@pytest.mark.parametrize("numbers", [TAX_NUMBERS, NATIONAL_NUMBERS])
def test_every_number_is_one_that_the_library_knows(numbers: dict[str, tuple[str, ...]]) -> None:
    """By country and name."""
    for country, names in numbers.items():
        assert all(hasattr(get_cc_module(country, name), "validate") for name in names), country


@pytest.mark.parametrize("kind", IdentifierType)
def test_every_type_is_described(kind: IdentifierType) -> None:
    """To who looks up by one."""
    assert kind.description.endswith(".") or "976" in kind.description


@pytest.mark.parametrize(
    ("kind", "form", "is_blocked"),
    [
        (EMAIL, "noreply@example.org", True),
        (EMAIL, "anna@example.org", False),
        (PHONE, "+491710000000", True),
        (PHONE, "+491711000000", True),
        (PHONE, "+491711234567", False),
        (NATIONAL_ID, "NL:bsn:000000000", True),
    ],
)
def test_what_fills_a_field_is_nobodys(kind: IdentifierType, form: str, is_blocked: bool) -> None:
    """Whatever the rules name besides."""
    assert IdentifierRules().blocks(kind, form) is is_blocked


@pytest.mark.parametrize("value", ["xavier@", "@x.example", "x@x.example"])
def test_a_part_of_an_address_is_blocked_as_it_is_given(value: str) -> None:
    """Whatever stands in for the other part while it is checked."""
    rules = IdentifierRules({EMAIL: [value]})
    box, _, domain = value.rpartition("@")
    assert rules.blocks(EMAIL, f"{box or 'anna'}@{domain or 'shop.example'}")
    assert not rules.blocks(EMAIL, "avier@example.org")


def test_rules_are_checked() -> None:
    """What is no value of its type, and a fan-out out of bounds; no value is told. An @ alone blocks nothing."""
    for value in ("@@secret", "@secret@", "@"):
        with pytest.raises(InputError, match="got a blocked email that cannot be one") as caught:
            IdentifierRules({EMAIL: [value]})
        assert "secret" not in str(caught.value)
    for fan_out in (0, 101):
        with pytest.raises(InputError, match=f"got fan_out={fan_out}; wanted 1 to 100"):
            IdentifierRules(fan_out=fan_out)
    with pytest.raises(InputError, match="at most 100000"):
        IdentifierRules({EMAIL: ["info@"] * 100_001})


def test_the_libraries_wait_for_the_first_value() -> None:
    """Most starts need none of them, and they take a tenth of a second."""
    code = "import sys, adapters.crossref; sys.exit(not {'phonenumbers', 'stdnum'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
