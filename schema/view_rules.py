"""The parts of a view's file that say when what is shown: verification, situation, subject, consent and break-glass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from schema.declaration import each_once, said
from schema.dpv import is_purpose, purposes
from schema.masks import Mask
from schema.verification import METHODS, Level

__all__ = [
    "BreakGlass",
    "ConsentRule",
    "FieldRule",
    "PurposeTerm",
    "SituationRule",
    "SourceRule",
    "SubjectRule",
    "Verification",
    "ViewPart",
    "When",
    "written",
]

_WORD = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_LEVELS = tuple(map(str, Level))


class ViewPart(BaseModel):
    """A part of a view's file: a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def written(part: ViewPart) -> str:
    """Return the part as a view's file has it, in one line: `{min: V2, mask: email}`, and `{}` for defaults alone."""
    return _flow(part.model_dump(mode="json", exclude_defaults=True))


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _level(word: object) -> object:
    if isinstance(word, Level):
        return word
    if isinstance(word, str) and word in _LEVELS:
        return Level[word]
    raise said(f"one of: {', '.join(_LEVELS)}")


def _known_method(method: str) -> str:
    if METHODS.get(method) is None:
        raise said(f"one of: {', '.join(_known_methods())}")
    return method


def _known_methods() -> list[str]:
    return [name for name, factor in METHODS.items() if factor is not None]


def _known_purpose(term: str) -> str:
    if not is_purpose(term):
        raise said("a purpose of the W3C Data Privacy Vocabulary that this product knows, such as CustomerCare")
    return term


def _no_empty_mask(mask: object) -> object:
    if mask is None:  # who writes the key and forgets the word does not mean the whole value
        raise said(f"one of: {', '.join(Mask)}")
    return mask


def _list_masks(schema: dict[str, Any]) -> None:
    del schema["anyOf"], schema["default"]
    schema.update(type="string", enum=list(Mask))


def _list_methods(schema: dict[str, Any]) -> None:
    schema["enum"] = _known_methods()


def _list_purposes(schema: dict[str, Any]) -> None:
    schema["enum"] = list(purposes())


_Level = Annotated[
    Level,
    BeforeValidator(_level, json_schema_input_type=Literal["V0", "V1", "V2", "V3"]),
    PlainSerializer(str, return_type=str),
]
_Relationship = Literal["open-case", "active-interaction"]
_Word = Annotated[
    str,
    StringConstraints(pattern=_WORD, max_length=64),
    Field(description="a word of lower-case letters joined by hyphens, such as resolve-issue"),
]
_Words = Annotated[
    tuple[_Word, ...], Field(max_length=100, json_schema_extra={"uniqueItems": True}), AfterValidator(each_once)
]
_SomeWords = Annotated[
    tuple[_Word, ...],
    Field(min_length=1, max_length=100, json_schema_extra={"uniqueItems": True}),
    AfterValidator(each_once),
]
PurposeTerm = Annotated[
    str,
    AfterValidator(_known_purpose),
    Field(
        description="a purpose of the W3C Data Privacy Vocabulary, such as CustomerCare",
        json_schema_extra=_list_purposes,
    ),
]
"""A known purpose, and in the JSON Schema the list of them."""

_Mask = Annotated[
    Mask | None,
    BeforeValidator(_no_empty_mask),
    Field(description="how a text is shown: initials, last4, email or all", json_schema_extra=_list_masks),
]
_Age = Annotated[
    StrictInt, Field(ge=1, le=86_400, description="seconds since the customer was verified: a whole number, 1 to 86400")
]


class Verification(ViewPart):
    """How the customer's verification is asked for where it does not suffice, and how old it may be."""

    methods: Annotated[
        tuple[
            Annotated[
                str,
                AfterValidator(_known_method),
                Field(description="a method of RFC 8176, such as otp or kba, or app", json_schema_extra=_list_methods),
            ],
            ...,
        ],
        Field(
            min_length=1,
            max_length=20,
            json_schema_extra={"uniqueItems": True},
            description="a list of the methods by which a customer can be verified, such as [otp, app]",
        ),
        AfterValidator(each_once),
    ]
    max_age: _Age = 1_800


class ConsentRule(ViewPart):
    """A purpose, and perhaps a channel, about which the customer decides."""

    purpose: PurposeTerm
    channel: Annotated[_Word | None, Field(description="the channel of the consent, such as email")] = None


class When(ViewPart):
    """The situations in which something is shown: each part that is given has to hold."""

    channels: Annotated[_Words, Field(description="a list of channels, such as [voice]")] = ()
    journeys: Annotated[_Words, Field(description="a list of stages of the journey, such as [service]")] = ()
    objectives: Annotated[_Words, Field(description="a list of objectives, such as [resolve-issue]")] = ()


class SituationRule(When):
    """What a consumer tells of the situation: of a part that is listed one of its words, and none of any other part."""

    case: Annotated[
        Literal["required", "optional"] | None, Field(description="whether a case is told: required or optional")
    ] = None
    interaction: Annotated[
        Literal["required", "optional"] | None,
        Field(description="whether an interaction is told: required or optional"),
    ] = None
    actor: Annotated[
        Literal["required", "optional"] | None,
        Field(description="whether it is told who acts: required or optional"),
    ] = None


class SubjectRule(ViewPart):
    """Of which customers a view tells."""

    mode: Annotated[Literal["single"] | None, Field(description="single: one customer a request")] = None
    bound: Annotated[
        StrictBool, Field(description="true: nobody is shown but the customer that the assertion is about")
    ] = False
    relationship: Annotated[
        _Relationship | None,
        Field(
            description="open-case: nobody is shown who has no open case; active-interaction: nobody but the customer "
            "of the interaction that the situation names, while it goes on"
        ),
    ] = None
    refusal_ms: Annotated[
        StrictInt | None,
        Field(
            ge=10,
            le=10_000,
            description="when an answer leaves in which somebody is not shown, in milliseconds: a whole number, 10 to "
            "10000",
        ),
    ] = None


class SourceRule(ViewPart):
    """How long a source that the answer can do without may hold it up, once everything else has answered."""

    holds_up_ms: Annotated[
        StrictInt,
        Field(
            ge=0,
            le=60_000,
            description="for how long the answer waits for it behind all others, in milliseconds: a whole number, 0 to "
            "60000",
        ),
    ]


class BreakGlass(ViewPart):
    """Who may open what the view shows in emergencies only, why, and for how long."""

    roles: Annotated[_SomeWords, Field(description="a list of roles, such as [fraud-lead]")]
    reasons: Annotated[_SomeWords, Field(description="a list of reasons, such as [vital-interest]")]
    minutes: Annotated[StrictInt, Field(ge=1, le=480, description="how long it stays open: a whole number, 1 to 480")]
    review_hours: Annotated[
        StrictInt, Field(ge=1, le=720, description="within how many hours it is reviewed: a whole number, 1 to 720")
    ] = 24


class FieldRule(ViewPart):
    """What holds for one coordinate of a view: listed is allowed, whole or masked, to whom every part of it holds.

    From the level `min` on it is shown by `mask`; below it by the mask `below`, and without one it is withheld.
    """

    mask: _Mask = None
    min: Annotated[_Level, Field(description="the level from which it is shown: V0, V1, V2 or V3")] = Level.V0
    below: _Mask = None
    max_age: Annotated[
        _Age | None, Field(description="how old the verification may be, in seconds: a whole number, 1 to 86400")
    ] = None
    consent: Annotated[ConsentRule | None, Field(description="the consent that it waits for")] = None
    objection: Annotated[ConsentRule | None, Field(description="the use to which the customer may have objected")] = (
        None
    )
    relationship: Annotated[
        _Relationship | None,
        Field(
            description="open-case: shown while the customer has an open case; active-interaction: while the "
            "interaction that the situation names goes on with the customer"
        ),
    ] = None
    when: Annotated[When | None, Field(description="the situations in which it is shown")] = None
    break_glass: Annotated[StrictBool, Field(description="true: shown only when the glass was broken")] = False
