"""Views: declared, versioned, purpose-bound slices of the model, for named consumers.

A view's YAML file holds exactly what is enforced; a key that is not known is refused, so that nobody relies on a rule
that nothing checks. Defaults never change once released: a published view's digest leaves them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictInt,
    StringConstraints,
)

from schema.caller import DEVELOPER, Caller
from schema.declaration import each_once, said
from schema.dpv import is_purpose, purposes
from schema.identifiers import IdentifierType
from schema.masks import Mask

__all__ = [
    "SLUG",
    "FieldRule",
    "Introspection",
    "LawfulBasis",
    "Limits",
    "PurposeOfUse",
    "ReceiptDetail",
    "View",
    "is_slug",
    "write_json_schema",
]

SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
"""The form of the names of views and consumers."""

_COORDINATE = r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z_][A-Za-z0-9_]*:\))?$"
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_slug(word: str) -> bool:
    """Return whether the word is fit to name a view or a consumer: `support-call`, at most 64 characters."""
    return len(word) <= 64 and re.fullmatch(SLUG, word) is not None


def _iso_date(value: object) -> object:
    # Pydantic also takes a number, as seconds since 1970
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return value
    raise said("a date such as 2027-01-31")


def _known_purpose(term: str) -> str:
    if not is_purpose(term):
        raise said("a purpose of the W3C Data Privacy Vocabulary that this product knows, such as CustomerCare")
    return term


def _list_purposes(schema: dict[str, Any]) -> None:
    schema["enum"] = list(purposes())


def _no_empty_mask(mask: object) -> object:
    if mask is None:  # who writes the key and forgets the word does not mean the whole value
        raise said(f"one of: {', '.join(Mask)}")
    return mask


def _list_masks(schema: dict[str, Any]) -> None:
    del schema["anyOf"], schema["default"]
    schema.update(type="string", enum=list(Mask))


def _name_coordinates(schema: dict[str, Any]) -> None:
    # Pydantic writes the keys' pattern where JSON Schema would let every other key pass
    schema["additionalProperties"] = schema.pop("patternProperties")[_COORDINATE]
    schema["propertyNames"] = {
        "pattern": _COORDINATE,
        "maxLength": 200,
        "description": "a coordinate, such as Customer.name or Customer.orders(first:)",
    }


_Text = StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
_Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=64)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PurposeOfUse(_Part):
    """What the consumer needs the data for (GDPR article 5(1)(b))."""

    dpv: Annotated[
        str,
        AfterValidator(_known_purpose),
        Field(
            description="a purpose of the W3C Data Privacy Vocabulary, such as CustomerCare",
            json_schema_extra=_list_purposes,
        ),
    ]


class LawfulBasis(_Part):
    """Why the processing is lawful (GDPR article 6(1), letters a to f)."""

    gdpr: Annotated[
        Literal["A6-1-a", "A6-1-b", "A6-1-c", "A6-1-d", "A6-1-e", "A6-1-f"],
        Field(description="a ground of GDPR article 6(1): A6-1-a to A6-1-f"),
    ]


class FieldRule(_Part):
    """What holds for one coordinate of a view: listed is allowed, whole or masked."""

    mask: Annotated[
        Mask | None,
        BeforeValidator(_no_empty_mask),
        Field(
            description="how a text is shown: initials, last4, email or all; without it, whole",
            json_schema_extra=_list_masks,
        ),
    ] = None


class Limits(_Part):
    """The most that one request of the view may take."""

    customers: Annotated[
        StrictInt, Field(ge=1, le=1_000, description="the most customers of one request: a whole number, 1 to 1000")
    ]
    deadline_ms: Annotated[
        StrictInt,
        Field(
            ge=10, le=60_000, description="the time for the whole request in milliseconds: a whole number, 10 to 60000"
        ),
    ]
    calls: Annotated[
        StrictInt,
        Field(
            ge=1, le=10_000, description="the most calls that a plan may send to sources: a whole number, 1 to 10000"
        ),
    ]
    tokens: Annotated[
        StrictInt, Field(ge=10, le=4_000, description="the most tokens of a document: a whole number, 10 to 4000")
    ]
    depth: Annotated[
        StrictInt,
        Field(ge=1, le=50, description="the most levels of fields of a query: a whole number, 1 to 50"),
    ] = 15
    aliases: Annotated[
        StrictInt, Field(ge=0, le=1_000, description="the most aliases of a query: a whole number, 0 to 1000")
    ] = 50
    fields: Annotated[
        StrictInt, Field(ge=1, le=5_000, description="the most fields of a query: a whole number, 1 to 5000")
    ] = 1_000
    weight: Annotated[
        StrictInt,
        Field(
            ge=1,
            le=100_000,
            description="the most values of an answer, fields times the sizes of lists: a whole number, 1 to 100000",
        ),
    ] = 20_000


class Introspection(StrEnum):
    """Which of the view's consumers may read its schema: all of them, those with the role developer, or none."""

    EVERYONE = "everyone"
    DEVELOPERS = "developers"
    NOBODY = "nobody"


class ReceiptDetail(StrEnum):
    """How much a receipt tells: nothing, the sources asked, or also their fields."""

    NONE = "none"
    SOURCES = "sources"
    FIELDS = "fields"

    def at_most(self, most: ReceiptDetail) -> ReceiptDetail:
        """Return the level that tells less: this one or the other."""
        return self if _RANKS[self] <= _RANKS[most] else most


_RANKS = {detail: rank for rank, detail in enumerate(ReceiptDetail)}
"""The levels, by how much they tell: they are declared in this order."""


_Rule = Annotated[
    FieldRule,
    BeforeValidator(lambda rule: {} if rule is None else rule, json_schema_input_type=FieldRule | None),
    Field(description="nothing, or a rule such as {mask: initials}"),
]
_Fields = Annotated[
    Mapping[Annotated[str, StringConstraints(pattern=_COORDINATE, max_length=200)], _Rule],
    Field(
        min_length=1,
        max_length=5_000,
        description="a mapping of the coordinates that are listed, each to its rule",
        json_schema_extra=_name_coordinates,
    ),
    AfterValidator(lambda fields: MappingProxyType(dict(fields))),
    PlainSerializer(
        lambda fields: {name: rule.model_dump(mode="json", exclude_defaults=True) for name, rule in fields.items()}
    ),
]


class View(_Part):
    """A slice of the model: who may see which coordinates of a customer, for what, and within which limits."""

    model_config = ConfigDict(title="View")

    name: Annotated[_Slug, Field(description="a name of lower-case words joined by hyphens, such as support-call")]
    version: Annotated[
        StrictInt, Field(ge=1, le=999_999, description="a whole number from 1 up; a published version never changes")
    ]
    title: Annotated[str, _Text, Field(description="a title of 1 to 200 characters")]
    description: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000),
        Field(description="what the view is for, in 1 to 4000 characters"),
    ]
    owner: Annotated[str, _Text, Field(description="who answers for the view, in 1 to 200 characters")]
    review_by: Annotated[
        date, BeforeValidator(_iso_date), Field(description="the date of the next review, such as 2027-01-31")
    ]
    purpose: Annotated[PurposeOfUse, Field(description="what the data is for, such as {dpv: CustomerCare}")]
    lawful_basis: Annotated[LawfulBasis, Field(description="why the processing is lawful, such as {gdpr: A6-1-b}")]
    consumers: Annotated[
        tuple[Annotated[_Slug, Field(description="a consumer's name, such as agent-desktop")], ...],
        Field(
            min_length=1,
            max_length=200,
            json_schema_extra={"uniqueItems": True},
            description="a list of the consumers, by the names in consumers.yaml",
        ),
        AfterValidator(each_once),
    ]
    lookups: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=r"^[a-z][A-Za-z0-9_]*$", max_length=64),
                Field(description="id, or the name of a source"),
            ],
            ...,
        ],
        Field(
            min_length=1,
            max_length=50,
            json_schema_extra={"uniqueItems": True},
            description="a list of what a customer can be looked up by: id, and names of sources",
        ),
        AfterValidator(each_once),
    ]
    identifiers: Annotated[
        tuple[
            Annotated[
                IdentifierType, Field(description="a type of identifier: email, phone, tax_id, national_id or iban")
            ],
            ...,
        ],
        Field(
            json_schema_extra={"uniqueItems": True},
            description="a list of the types of identifiers that a customer can be looked up by, such as [email]",
        ),
        AfterValidator(each_once),
    ] = ()
    fields: _Fields
    limits: Annotated[Limits, Field(description="the limits: customers, deadline_ms, calls, tokens, and others")]
    receipt: Annotated[ReceiptDetail, Field(description="the most that a receipt tells: none, sources or fields")] = (
        ReceiptDetail.SOURCES
    )
    introspection: Annotated[
        Introspection,
        Field(description="which of the consumers may read the schema: everyone, developers or nobody"),
    ] = Introspection.EVERYONE

    def __hash__(self) -> int:
        """Hash by name and version, which say which view it is."""
        return hash((self.name, self.version))

    def __repr__(self) -> str:
        return f"View({self.id})"

    __str__ = __repr__

    @property
    def id(self) -> str:
        """Return name and version, such as `support-call@1`."""
        return f"{self.name}@{self.version}"

    def admits(self, caller: Caller) -> bool:
        """Return whether the caller may use the view: it is registered for the view, and the view lists it."""
        return caller.may_use(self.name, self.version) and caller.consumer in self.consumers

    def shows_schema_to(self, caller: Caller) -> bool:
        """Return whether a caller whom the view admits may read its schema, by introspection or as SDL."""
        if self.introspection is Introspection.DEVELOPERS:
            return DEVELOPER in caller.roles
        return self.introspection is Introspection.EVERYONE

    def canonical(self) -> Mapping[str, Any]:
        """Return what the view says as plain JSON values: defaults left out, lists whose order says nothing sorted."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {key: sorted(value) if isinstance(value, list) else value for key, value in said.items()}

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of a view's file."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}


def write_json_schema(path: Path) -> None:
    """Write the JSON Schema of a view's file, as it is published in `docs/view.schema.json`."""
    path.write_text(json.dumps(View.json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
