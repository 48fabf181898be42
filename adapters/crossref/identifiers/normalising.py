"""Identifiers in their normal forms: however two systems write an address or a number, it becomes one text.

The libraries are imported when the first value needs them: they take a tenth of a second, which most starts save.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from schema.identifiers import IdentifierType

__all__ = ["COUNTRY", "NATIONAL_NUMBERS", "TAX_NUMBERS", "normal_identifier"]

_LONGEST = 320
"""The most characters of a value as it comes: 64 of a mailbox, @ and 255 of a domain (RFC 5321, 4.5.3.1)."""

COUNTRY = re.compile(r"[A-Z]{2}")
"""The form of a country: its two letters as of ISO 3166-1."""

_EMAIL = re.compile(r"[^@\s]{1,64}@(?:[^@\s.]+\.)+[^@\s.]+")
_LONGEST_EMAIL = 254
_FOLD = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_LETTER = re.compile(r"[^\W\d_]")
_TELEPHONE = re.compile(r"tel:", re.IGNORECASE)
_BLANK = re.compile(r"\s")
_OTHER_COUNTRIES: Mapping[str, str] = MappingProxyType({"EL": "GR", "UK": "GB"})
"""Letters that tax offices use for a country, and those of ISO 3166-1."""

TAX_NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AT": ("tin",),
        "AU": ("tfn",),
        "DE": ("idnr",),
        "FR": ("nif",),
        "GB": ("utr",),
        "IN": ("pan",),
        "IT": ("codicefiscale",),
        "TH": ("tin",),
        "US": ("ein",),
        "ZA": ("tin",),
    }
)
"""Country -> its tax numbers besides that of value added tax, by their names in python-stdnum."""

NATIONAL_NUMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BG": ("egn",),
        "BR": ("cpf",),
        "CA": ("sin",),
        "CH": ("ssn",),
        "CN": ("ric",),
        "CZ": ("rc",),
        "ES": ("dni", "nie"),
        "FR": ("nir",),
        "GB": ("nhs",),
        "GR": ("amka",),
        "HR": ("oib",),
        "IE": ("pps",),
        "IL": ("idnr",),
        "IN": ("aadhaar",),
        "IT": ("codicefiscale",),
        "KR": ("rrn",),
        "LT": ("asmens",),
        "NL": ("bsn",),
        "PL": ("pesel",),
        "PT": ("cc",),
        "RO": ("cnp",),
        "SK": ("rc",),
        "TH": ("pin",),
        "TR": ("tckimlik",),
        "US": ("ssn", "itin"),
        "ZA": ("idnr",),
    }
)
"""Country -> its numbers of persons besides what python-stdnum calls so, by their names there."""


def normal_identifier(kind: IdentifierType, value: str, country: str | None = None) -> str | None:
    """Return the normal form of an identifier; None when it cannot be one.

    An e-mail address is in small letters, nothing else of it is changed; a phone number is as of E.164; a number of an
    office stands behind its country and what it is called there. `country` is where a number that names no country is
    from. Compatible characters are folded first (Unicode's NFKC).
    """
    if len(value) > _LONGEST or (country is not None and not COUNTRY.fullmatch(country)):
        return None
    form = _NORMAL[kind](unicodedata.normalize("NFKC", value).strip(), country)
    return form if form and form.isprintable() else None


def _email(text: str, _country: str | None) -> str | None:
    form = unicodedata.normalize("NFKC", text.lower())
    return form if len(form) <= _LONGEST_EMAIL and _EMAIL.fullmatch(form) else None


def _phone(text: str, country: str | None) -> str | None:
    import phonenumbers

    number = _TELEPHONE.sub("", text, count=1)
    # Letters would be dialled as digits, and an extension is one phone of many: both would mean somebody else.
    if _LETTER.search(number):
        return None
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if parsed.extension or reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _iban(text: str, _country: str | None) -> str | None:
    return _valid("iban", "", text)


def _tax_id(text: str, country: str | None) -> str | None:
    return _of_country(text, country, "vat", TAX_NUMBERS)


def _national_id(text: str, country: str | None) -> str | None:
    return _of_country(text, country, "personalid", NATIONAL_NUMBERS)


def _of_country(text: str, country: str | None, general: str, others: Mapping[str, tuple[str, ...]]) -> str | None:
    number = _BLANK.sub("", text).translate(_FOLD)
    letters = country or number[:2]
    if not COUNTRY.fullmatch(letters):
        return None
    land = _OTHER_COUNTRIES.get(letters, letters)
    bare = number.removeprefix(letters)
    for name in (general, *others.get(land, ())):
        # some numbers begin with the letters of their country themselves
        form = _valid(land, name, number) or _valid(land, name, bare)
        if form is not None:
            return f"{land}:{name}:{form}"
    return None


def _valid(place: str, name: str, number: str) -> str | None:
    """Return a number as its office writes it, without blanks; None when it is none, or the number is not known."""
    from stdnum import get_cc_module
    from stdnum import iban as bank_account
    from stdnum.exceptions import ValidationError

    module = get_cc_module(place, name) if name else bank_account
    if module is None:
        return None
    try:
        return module.validate(number)
    except ValidationError:
        return None


_NORMAL: Mapping[IdentifierType, Callable[[str, str | None], str | None]] = {
    IdentifierType.EMAIL: _email,
    IdentifierType.PHONE: _phone,
    IdentifierType.TAX_ID: _tax_id,
    IdentifierType.NATIONAL_ID: _national_id,
    IdentifierType.IBAN: _iban,
}
