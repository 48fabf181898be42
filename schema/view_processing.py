"""The parts of a view's file that the record of processing is made from (GDPR article 30)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from schema.declaration import each_once, said
from schema.dpv import Term, data_subjects, processing
from schema.view_rules import ViewPart

__all__ = [
    "KEPT_BY_NOBODY",
    "DataSubjects",
    "Day",
    "LawfulBasis",
    "ProcessingTerms",
    "Recipients",
    "Retention",
    "Safeguard",
    "Transfer",
    "Transfers",
]

KEPT_BY_NOBODY = "none"
"""The retention of a view of which those who receive the data keep nothing."""

_ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _iso_date(value: object) -> object:
    # Pydantic also takes a number, as seconds since 1970
    if isinstance(value, str) and re.fullmatch(_ISO_DATE, value):
        return value
    raise said("a date such as 2027-01-31")


def _known(terms: Callable[[], Mapping[str, Term]], what: str) -> Callable[[str], str]:
    def known(term: str) -> str:
        if term not in terms():
            raise said(f"{what} of the W3C Data Privacy Vocabulary that this product knows")
        return term

    return known


def _listing(terms: Callable[[], Mapping[str, Term]]) -> Callable[[dict[str, Any]], None]:
    def listing(schema: dict[str, Any]) -> None:
        schema["enum"] = list(terms())

    return listing


Day = Annotated[date, BeforeValidator(_iso_date), Field(json_schema_extra={"pattern": _ISO_DATE})]
"""A date as it stands in a view's file."""

_Processing = Annotated[
    str,
    AfterValidator(_known(processing, "a way of processing")),
    Field(
        description="a way of processing of the W3C Data Privacy Vocabulary, such as Consult",
        json_schema_extra=_listing(processing),
    ),
]
ProcessingTerms = Annotated[
    tuple[_Processing, ...], Field(json_schema_extra={"uniqueItems": True}), AfterValidator(each_once)
]
"""What is done with the data."""

_DataSubject = Annotated[
    str,
    AfterValidator(_known(data_subjects, "a category of data subjects")),
    Field(
        description="a category of data subjects of the W3C Data Privacy Vocabulary, such as Customer",
        json_schema_extra=_listing(data_subjects),
    ),
]
DataSubjects = Annotated[
    tuple[_DataSubject, ...], Field(json_schema_extra={"uniqueItems": True}), AfterValidator(each_once)
]
"""Whose data it is."""

_Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(description="a name of 1 to 200 characters, such as contact-centre"),
]
Recipients = Annotated[
    tuple[_Name, ...], Field(max_length=200, json_schema_extra={"uniqueItems": True}), AfterValidator(each_once)
]
"""To whom the data goes."""

Retention = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
"""How long those who receive the data keep it, and why; `none`: they keep nothing."""


class LawfulBasis(ViewPart):
    """Why the processing is lawful (GDPR article 6(1), letters a to f)."""

    gdpr: Annotated[
        Literal["A6-1-a", "A6-1-b", "A6-1-c", "A6-1-d", "A6-1-e", "A6-1-f"],
        Field(description="a ground of GDPR article 6(1): A6-1-a to A6-1-f"),
    ]


class Safeguard(StrEnum):
    """What makes a transfer to a country outside the European Economic Area lawful (GDPR chapter V)."""

    ADEQUACY = "A45-3"
    """The Commission has decided that the country protects data well enough."""
    PUBLIC_INSTRUMENT = "A46-2-a"
    """A binding instrument between public authorities."""
    BINDING_RULES = "A46-2-b"
    """Binding corporate rules (article 47)."""
    STANDARD_CLAUSES = "A46-2-c"
    """Standard clauses adopted by the Commission."""
    AUTHORITY_CLAUSES = "A46-2-d"
    """Standard clauses adopted by a supervisory authority."""
    CODE_OF_CONDUCT = "A46-2-e"
    """An approved code of conduct."""
    CERTIFICATION = "A46-2-f"
    """An approved certification."""
    OWN_CLAUSES = "A46-3-a"
    """Clauses of a contract that a supervisory authority has authorised."""
    ARRANGEMENT = "A46-3-b"
    """An arrangement between public authorities that has been authorised."""
    DEROGATION = "A49-1"
    """A derogation for a specific situation; the documents say which, and why."""


class Transfer(ViewPart):
    """Data that goes to a country outside the European Economic Area (GDPR article 30(1)(e))."""

    country: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Z]{2}$"),
        Field(description="a country as its ISO 3166-1 code of two letters, such as US"),
    ]
    recipient: Annotated[_Name, Field(description="who receives the data there, in 1 to 200 characters")]
    safeguard: Annotated[
        Safeguard, Field(description="what makes it lawful, as the article of the GDPR: A45-3, A46-2-c, and others")
    ]


Transfers = Annotated[tuple[Transfer, ...], Field(max_length=100), AfterValidator(each_once)]
"""To whom outside the European Economic Area the data goes; an empty list says to nobody."""
