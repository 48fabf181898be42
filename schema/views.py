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
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictInt,
    StringConstraints,
)

from schema.caller import DEVELOPER, Caller
from schema.declaration import each_once
from schema.identifiers import IdentifierType
from schema.view_processing import DataSubjects, Day, LawfulBasis, ProcessingTerms, Recipients, Retention, Transfers
from schema.view_rules import (
    BreakGlass,
    ConsentRule,
    FieldRule,
    PurposeTerm,
    SituationRule,
    SourceRule,
    SubjectRule,
    Verification,
    ViewPart,
)

__all__ = [
    "SLUG",
    "AuditDemand",
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

_SOURCE = r"^[a-z][A-Za-z0-9_]*$"
_COORDINATE = r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z_][A-Za-z0-9_]*:\))?$"


def is_slug(word: str) -> bool:
    """Return whether the word is fit to name a view or a consumer: `support-call`, at most 64 characters."""
    return len(word) <= 64 and re.fullmatch(SLUG, word) is not None


def _name_sources(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = schema.pop("patternProperties")[_SOURCE]
    schema["propertyNames"] = {"pattern": _SOURCE, "maxLength": 64, "description": "the name of a source"}


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


class PurposeOfUse(ViewPart):
    """What the consumer needs the data for (GDPR article 5(1)(b))."""

    dpv: PurposeTerm


class Limits(ViewPart):
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


class AuditDemand(StrEnum):
    """Whether an answer may leave without its audit record: not where the gateway keeps audit, or never."""

    WHERE_KEPT = "where-kept"
    REQUIRED = "required"


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


_Sources = Annotated[
    Mapping[
        Annotated[str, StringConstraints(pattern=_SOURCE, max_length=64)],
        Annotated[SourceRule, Field(description="for how long the answer waits for it, such as {holds_up_ms: 200}")],
    ],
    Field(
        max_length=100,
        description="a mapping of sources that the answer can do without, such as {register: {holds_up_ms: 200}}",
        json_schema_extra=_name_sources,
    ),
    AfterValidator(lambda sources: MappingProxyType(dict(sources))),
    PlainSerializer(lambda sources: {name: rule.model_dump(mode="json") for name, rule in sources.items()}),
]


class View(ViewPart):
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
    review_by: Annotated[Day, Field(description="the date of the next review, such as 2027-01-31")]
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
                StringConstraints(pattern=_SOURCE, max_length=64),
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
    sources: _Sources = Field(default_factory=lambda: MappingProxyType({}))
    receipt: Annotated[ReceiptDetail, Field(description="the most that a receipt tells: none, sources or fields")] = (
        ReceiptDetail.SOURCES
    )
    introspection: Annotated[
        Introspection,
        Field(description="which of the consumers may read the schema: everyone, developers or nobody"),
    ] = Introspection.EVERYONE
    verification: Annotated[
        Verification | None, Field(description="how customers are verified, such as {methods: [otp, app]}")
    ] = None
    situation: Annotated[
        SituationRule, Field(description="what is told of the situation, such as {channels: [voice, chat]}")
    ] = SituationRule()
    subject: Annotated[SubjectRule, Field(description="of which customers it tells, such as {bound: true}")] = (
        SubjectRule()
    )
    consent: Annotated[ConsentRule | None, Field(description="the consent that everything but the id waits for")] = None
    objection: Annotated[ConsentRule | None, Field(description="the use to which the customer may have objected")] = (
        None
    )
    break_glass: Annotated[BreakGlass | None, Field(description="what opens fields in emergencies")] = None
    audit: Annotated[
        AuditDemand, Field(description="required: a gateway without audit does not serve it; else where-kept")
    ] = AuditDemand.WHERE_KEPT
    prohibited: Annotated[
        tuple[PurposeTerm, ...],
        Field(
            json_schema_extra={"uniqueItems": True},
            description="a list of purposes for which the data may not be used, such as [DirectMarketing]",
        ),
        AfterValidator(each_once),
    ] = ()
    processing: Annotated[
        ProcessingTerms, Field(description="a list of what is done with the data, such as [Consult, Display]")
    ] = ()
    data_subjects: Annotated[
        DataSubjects, Field(description="a list of categories of those whose data it is, such as [Customer]")
    ] = ()
    recipients: Annotated[
        Recipients, Field(description="a list of those to whom the data goes, such as [contact-centre]")
    ] = ()
    transfers: Annotated[
        Transfers | None,
        Field(
            description="a list of transfers to countries outside the European Economic Area, such as "
            "[{country: US, recipient: A processor, safeguard: A46-2-c}], and [] where there are none",
        ),
    ] = None
    retention: Annotated[
        Retention | None,
        Field(description="none, or how long those who receive the data keep it, and why, in 1 to 500 characters"),
    ] = None
    dpia_ref: Annotated[
        Annotated[str, _Text] | None,
        Field(description="where the data protection impact assessment is found, in 1 to 200 characters"),
    ] = None
    valid_from: Annotated[Day | None, Field(description="the first day on which it is served, such as 2027-01-01")] = (
        None
    )
    valid_until: Annotated[Day | None, Field(description="the last day on which it is served, such as 2027-12-31")] = (
        None
    )

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

    def is_valid_on(self, day: date) -> bool:
        """Return whether the view is served on this day: not before `valid_from`, nor after `valid_until`."""
        return (self.valid_from is None or self.valid_from <= day) and not self.is_retired_on(day)

    def is_retired_on(self, day: date) -> bool:
        """Return whether the view's last day was before this one."""
        return self.valid_until is not None and self.valid_until < day

    def canonical(self) -> Mapping[str, Any]:
        """Return what the view says as plain JSON values: defaults left out, and lists sorted."""
        said: Mapping[str, Any] = _sorted(self.model_dump(mode="json", exclude_defaults=True))
        return said

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of a view's file."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return sorted(value, key=json.dumps) if isinstance(value, list) else value


def write_json_schema(path: Path) -> None:
    """Write the JSON Schema of a view's file, as it is published in `docs/view.schema.json`."""
    path.write_text(json.dumps(View.json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
