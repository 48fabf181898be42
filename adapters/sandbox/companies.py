"""Made-up companies with legal entity identifiers whose check digits are right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from adapters.sandbox.chance import digest, number, ranks

__all__ = ["Company", "companies", "has_valid_check_digits", "with_check_digits"]

_FIRST = (
    "Amberline",
    "Birchgate",
    "Copperfern",
    "Driftmoor",
    "Eastgrove",
    "Fernhollow",
    "Greywattle",
    "Harrowick",
    "Ironbark",
    "Jarrahvale",
    "Kestrelmere",
    "Lanternhill",
    "Mulberry",
    "Northquay",
    "Ospreywood",
    "Pinehaven",
    "Quillstone",
    "Redgully",
    "Saltbush",
    "Tidewell",
)
_SECOND = (
    "Bakeries",
    "Brewing",
    "Cabinets",
    "Charters",
    "Dairies",
    "Drafting",
    "Engines",
    "Fabrics",
    "Freight",
    "Instruments",
    "Orchards",
    "Plumbing",
    "Solar",
    "Timber",
    "Tours",
)
_FORMS = (("AU", "Pty Ltd"), ("AU", "Ltd"), ("NZ", "Limited"), ("SG", "Pte. Ltd."), ("GB", "Limited"))
_TOWNS = {
    "AU": ("Sydney", "2000"),
    "NZ": ("Wellington", "6011"),
    "SG": ("Singapore", "018956"),
    "GB": ("London", "EC2V 7HH"),
}
_ISSUER = "ZZZZ"
"""Stands where the first four characters name who issued the identifier; no issuer has this prefix."""

_HAS_ENDED = 12
"""One company in so many has ceased to exist."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company in a public register. `status` and `registration` are the register's words, `jurisdiction` ISO 3166.

    `seat` is a street address, a town and a postal code.
    """

    lei: str
    name: str
    jurisdiction: str
    status: str
    registration: str
    founded: date
    seat: tuple[str, str, str]


def companies() -> tuple[Company, ...]:
    """Return 300 companies, each with a name and an identifier of its own."""
    return tuple(_companies())


def with_check_digits(stem: str) -> str:
    """Return an identifier from its first 18 characters, capital letters and digits.

    The two check digits are those of ISO 17442, by ISO/IEC 7064 mod 97-10.

    Example:
        >>> with_check_digits("54930084UKLVMY22DS")
        '54930084UKLVMY22DS16'
    """
    return f"{stem}{98 - _as_number(stem + '00') % 97:02d}"


def has_valid_check_digits(lei: str) -> bool:
    """Return whether an identifier of 20 capital letters and digits carries the right check digits."""
    is_formed = len(lei) == 20 and lei.isascii() and lei.isalnum() and lei == lei.upper()
    return is_formed and _as_number(lei) % 97 == 1


def _companies() -> Iterator[Company]:
    names = list(product(_FIRST, _SECOND))
    for index, place in enumerate(ranks("company name", len(names))):
        jurisdiction, form = _FORMS[number("company form", index, len(_FORMS))]
        town, code = _TOWNS[jurisdiction]
        ended = number("company end", index, _HAS_ENDED) == 0
        yield Company(
            lei=with_check_digits(f"{_ISSUER}00{digest('company', index)[:12].upper()}"),
            name=f"{' '.join(names[place])} {form}",
            jurisdiction=jurisdiction,
            status="INACTIVE" if ended else "ACTIVE",
            registration="RETIRED" if ended else "ISSUED",
            founded=date(1950, 1, 1) + timedelta(number("company age", index, 16_000)),
            seat=(f"{1 + number('company street', index, 200)} Harbour Road", town, code),
        )


def _as_number(lei: str) -> int:
    """Read letters as two digits each, A as 10 to Z as 35."""
    return int("".join(str(int(character, 36)) for character in lei))
