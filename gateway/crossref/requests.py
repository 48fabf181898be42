"""What is asked for, in the bodies of requests: keys of sources stand here, and never in a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    model_validator,
)
from pydantic import StringConstraints as Text
from pydantic.alias_generators import to_camel

from adapters.crossref import EVERYTHING, Lookup, Method, Restriction
from schema.identifiers import IdentifierType

__all__ = [
    "MOST_TOGETHER",
    "AcceptAsked",
    "CustomerId",
    "HistoryAsked",
    "IdentifiersForgotten",
    "IdentifiersNoted",
    "KeyLinked",
    "KeyRelinked",
    "KeyReplaced",
    "KeyUnlinked",
    "LiftAsked",
    "MergeAsked",
    "Moment",
    "NonMatch",
    "Nothing",
    "OutlineAsked",
    "Reasons",
    "RejectAsked",
    "ResolveAsked",
    "ResolveManyAsked",
    "RestrictionAsked",
    "SplitAsked",
]

MOST_TOGETHER = 1000
"""The most look-ups, keys or entries of one request."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_LONGEST_KEY = 1024
_MOST = 2**63 - 1

_ID = r"^[A-Za-z0-9_-]{1,64}$"
CustomerId = Annotated[str, Text(pattern=_ID), Field(description="a canonical id", examples=["cus_08f3d6"])]
SourceName = Annotated[
    str, Text(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"), Field(description="the name of a source", examples=["crm"])
]
Key = Annotated[str, Text(min_length=1, max_length=_LONGEST_KEY), Field(description="a source's own key", repr=False)]
Flag = Annotated[bool, Strict()]
Seq = Annotated[int, Strict(), Field(ge=0, le=_MOST)]


def _text(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.match(value):  # a number would be one since 1970
        raise ValueError("wanted a time as text, such as 2027-03-01T09:30:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Refuse members that are not known, before all else: a body that is short of its outer part has these."""
        if isinstance(given, dict):
            wanted = members_of(cls)
            unknown = [name for name in given if name not in wanted]
            if unknown:
                raise _not_known(unknown, wanted)
        return given


class Nothing(_Given):
    """An empty object."""


class Reasons(_Given):
    """Why something is written: a code, and a reference to where the why is written down. Never free text."""

    reason_code: Annotated[str, Text(max_length=64), Field(examples=["duplicate"])] | None = None
    reason_ref: Annotated[str, Text(max_length=128), Field(examples=["TICKET-17"])] | None = None


class SourceKey(_Given):
    """A source's own key, as it writes it."""

    source: SourceName
    key: Key

    def lookup(self) -> Lookup:
        """Return whoever has the key."""
        return Lookup(self.source, self.key)


class CanonicalId(_Given):
    """A canonical id, also one that a merge has replaced."""

    customer: CustomerId

    def lookup(self) -> Lookup:
        """Return whoever the id leads to."""
        return Lookup(None, self.customer)


class Identifier(_Given):
    """An identifier of a person, of which the cross-reference keeps a digest alone."""

    type: IdentifierType
    value: Annotated[str, Text(min_length=1, max_length=_LONGEST_KEY), Field(repr=False)]


class ByIdentifier(_Given):
    """An identifier that the customer alone has."""

    identifier: Identifier

    def lookup(self) -> Lookup:
        """Return whoever alone has the identifier."""
        return Lookup(None, self.identifier.value, self.identifier.type)


def members_of(model: type[BaseModel]) -> Sequence[str]:
    """Return the members of an object, as JSON has them."""
    return [one.alias or name for name, one in model.model_fields.items()]


@cache
def _every_member() -> frozenset[str]:
    """Return the members of all objects: what else a caller calls a member may be a value."""
    return frozenset(name for model in _below(_Given) for name in members_of(model))


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def _not_known(unknown: Sequence[str], wanted: Sequence[str]) -> ValueError:
    told = sorted(unknown) if _every_member().issuperset(unknown) else ["something"]
    are = "are" if len(told) > 1 else "is"
    return ValueError(f"{_listed(told)} {are} not known here; the members are {_listed(wanted) or 'none'}")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _kind(given: Any) -> str | None:
    names = given.keys() if isinstance(given, dict) else ()
    if "identifier" in names:
        return "an identifier"
    if "customer" in names:
        return "an id"
    return "a key" if "key" in names or "source" in names else None


def _by_what(wanted: str) -> Discriminator:
    return Discriminator(_kind, custom_error_type="lookup", custom_error_message=wanted)


By = Annotated[
    Annotated[SourceKey, Tag("a key")]
    | Annotated[CanonicalId, Tag("an id")]
    | Annotated[ByIdentifier, Tag("an identifier")],
    _by_what('wanted {"source", "key"}, {"customer"} or {"identifier": {"type", "value"}}'),
]
ByKeyOrId = Annotated[
    Annotated[SourceKey, Tag("a key")] | Annotated[CanonicalId, Tag("an id")],
    _by_what('wanted {"source", "key"} or {"customer"}; an identifier is resolved first'),
]


class ResolveAsked(_Given):
    """Who is meant, now or at a time of the past."""

    by: By
    as_of: Moment | None = None


class ResolveManyAsked(_Given):
    """Who is meant by each, all at one moment."""

    by: Annotated[list[By], Field(min_length=1, max_length=MOST_TOGETHER)]
    as_of: Moment | None = None


class KeyLinked(Reasons):
    """A key, and whose it is: without `customer` whoever has it already, else a new customer."""

    source: SourceName
    key: Key
    customer: CustomerId | None = None
    method: Method = Method.MANUAL
    confidence: Annotated[float, Strict(), Field(ge=0, le=1)] = 1.0


class KeyUnlinked(Reasons):
    """A key that is its customer's no longer."""

    source: SourceName
    key: Key


class KeyRelinked(Reasons):
    """A key that has a customer, and whose it is from now on."""

    source: SourceName
    key: Key
    customer: CustomerId


class KeyReplaced(Reasons):
    """A source's key, and the one that has taken its place there."""

    source: SourceName
    old: Key
    new: Key


class NonMatch(Reasons):
    """Two keys, linked or not."""

    first: SourceKey
    second: SourceKey


class MergeAsked(Reasons):
    """Two customers who are one: `loser` and `survivor`, or `customers`, of whom the oldest survives.

    With `dryRun` nothing is written. With `force` they are merged though they have more keys of a source than it
    allows; a candidate tells of it. `loserVersion` is the version that the loser has to have, as `If-Match` names the
    survivor's.
    """

    loser: CustomerId | None = None
    survivor: CustomerId | None = None
    customers: Annotated[list[CustomerId], Field(min_length=2, max_length=2)] | None = None
    dry_run: Flag = False
    force: Flag = False
    loser_version: Seq | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        named = (self.loser is not None, self.survivor is not None)
        if named not in ((True, True), (False, False)) or any(named) == (self.customers is not None):
            raise ValueError("wanted loser and survivor, or customers")
        return self


class SplitAsked(Reasons):
    """Keys of a customer that are another person's: a new customer's, or those of `into`."""

    customer: CustomerId
    keys: Annotated[list[SourceKey], Field(min_length=1, max_length=MOST_TOGETHER)]
    into: CustomerId | None = None


class AcceptAsked(Reasons):
    """Accepting merges the two customers; `force` and `loserVersion` are those of a merge."""

    force: Flag = False
    loser_version: Seq | None = None


class RejectAsked(Reasons):
    """Rejecting leaves both as they are; with `nonMatch` their keys are never one person's from now on."""

    non_match: Flag = False


class RestrictionAsked(Reasons):
    """What may not be processed: coordinates such as `Customer.segment`, or `*` for all. The ground is a short code."""

    ground: Annotated[str, Text(min_length=1, max_length=64), Field(examples=["gdpr-art-18"])]
    coordinates: Annotated[
        list[Annotated[str, Text(min_length=1, max_length=400)]],
        Field(min_length=1, max_length=MOST_TOGETHER, examples=[[EVERYTHING]]),
    ]

    def restriction(self) -> Restriction:
        """Return the restriction."""
        return Restriction(self.ground, frozenset(self.coordinates))


class LiftAsked(Reasons):
    """The ground of the restrictions that hold no longer."""

    ground: Annotated[str, Text(min_length=1, max_length=64), Field(examples=["gdpr-art-18"])]


class IdentifiersNoted(Reasons):
    """Identifiers that a source shows of a customer. `country` (DE) is where numbers are from that name none."""

    source: SourceName
    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=50)]
    country: Annotated[str, Text(max_length=2)] | None = None


class IdentifiersForgotten(Reasons):
    """Identifiers to forget, of those that `source` has shown, or any source: these, or with `all` every one."""

    source: SourceName | None = None
    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=50)] | None = None
    all: Flag = False
    country: Annotated[str, Text(max_length=2)] | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.identifiers is None) is not self.all:
            raise ValueError('wanted identifiers, or "all": true to forget every one')
        return self


class OutlineAsked(_Given):
    """Of whom it is told what is known. A key means whoever has it now."""

    by: ByKeyOrId


class HistoryAsked(_Given):
    """Whose history, after which event, and how much of it. A key means whoever has it, or had it last."""

    by: ByKeyOrId
    after: Seq = 0
    limit: Annotated[int, Strict(), Field(ge=1, le=MOST_TOGETHER)] = 100
