"""`sources.yaml`: what an operator knows of the sources beside what their adapters' authors have declared.

    crm:                                   # a source, as its adapter names it
      timeout: 3                           # seconds after which one call is given up
      width: {most: 20, queue: 100}        # how many calls run together, and how many wait
      breaking: {failures: 5, open_seconds: 1}
      repeating: {most: 2, share: 0.2}
      rates:
        - window: {calls: 100, seconds: 10}
      signals: hubspot                     # how it says that there are too many calls
      offers:
        search: {rates: [{window: {calls: 4, seconds: 1}}]}
      readiness: true                      # without it no request is to come here

What is not given stays as the adapter's author has declared it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from adapters.limits import Breaking, Limits, Repeating, Width
from schema.declaration import said

__all__ = ["MODELS", "Offered", "RateRule", "SourceRule", "SourcesFile"]

MODELS = ("window", "bucket", "points", "execution")
"""In which ways a source counts what it is called."""

_LIMITS, _WIDTH, _BREAKING, _REPEATING = Limits(), Width(), Breaking(), Repeating()
_MOST_RATES, _MOST_NAMED = 10, 500


def _count(what: str, least: int, most: int) -> Any:
    return Field(strict=True, ge=least, le=most, description=f"{what}: a whole number, {least} to {most}")


def _number(what: str, least: float, most: float) -> Any:
    return Field(strict=True, ge=least, le=most, description=f"{what}: a number, {least:g} to {most:g}")


def _switch(what: str) -> Any:
    return Field(strict=True, description=f"{what}: true or false")


def _without_defaults(schema: dict[str, Any]) -> None:
    """Leave out what is not so: what is not given is as the adapter's author has declared it."""
    for told in schema["properties"].values():
        told.pop("default", None)


def _one_alone(schema: dict[str, Any]) -> None:
    schema["properties"] = {name: told["anyOf"][0] for name, told in schema["properties"].items()}
    schema |= {"minProperties": 1, "maxProperties": 1}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_without_defaults)


class _Width(_Part):
    """how many calls run together: a mapping with the keys most, least, queue, adapts"""

    most: Annotated[int, _count("how many calls run together at most", 1, 10_000)] = _WIDTH.most
    least: Annotated[int, _count("how many calls may run together however slow the source is", 1, 10_000)] = (
        _WIDTH.least
    )
    queue: Annotated[int, _count("how many calls may wait for their turn", 0, 100_000)] = _WIDTH.queue
    adapts: Annotated[bool, _switch("whether fewer run together while the source is slow")] = _WIDTH.adapts


class _Breaking(_Part):
    """when the source is left alone: a mapping with the keys failures, share, of, seconds, open_seconds, probes"""

    failures: Annotated[int, _count("failures in a row after which it is left alone", 1, 1_000)] = _BREAKING.failures
    share: Annotated[float, _number("the share of failures at which it is left alone", 0.01, 1)] = _BREAKING.share
    of: Annotated[int, _count("of how many calls the share is taken", 1, 1_000)] = _BREAKING.of
    seconds: Annotated[float, _number("seconds within which these ended", 0.1, 3_600)] = _BREAKING.seconds
    open_seconds: Annotated[float, _number("seconds for which it is left alone", 0.1, 300)] = _BREAKING.open_seconds
    probes: Annotated[int, _count("calls in a row that have to go well then", 1, 1_000)] = _BREAKING.probes


class _Repeating(_Part):
    """how calls are sent again: a mapping with the keys most, share, floor, first_seconds, most_seconds"""

    most: Annotated[int, _count("how often one call is sent again at most", 0, 10)] = _REPEATING.most
    share: Annotated[float, _number("the share of all calls that are sent again at most", 0, 1)] = _REPEATING.share
    floor: Annotated[float, _number("how many are beside that, a second", 0, 1_000)] = _REPEATING.floor
    first_seconds: Annotated[float, _number("the most seconds before the second attempt", 0.001, 60)] = (
        _REPEATING.first_seconds
    )
    most_seconds: Annotated[float, _number("the most seconds before any attempt", 0.001, 60)] = _REPEATING.most_seconds


class _Window(_Part):
    """so many calls in any so many seconds: a mapping with the keys calls, seconds"""

    calls: Annotated[int, _count("calls", 1, 100_000)]
    seconds: Annotated[float, _number("seconds", 0.001, 86_400)]


class _Bucket(_Part):
    """so many at once, refilled by so many a second: a mapping with the keys size, per_second"""

    size: Annotated[float, _number("how many at once", 1, 100_000)]
    per_second: Annotated[float, _number("how many come back a second", 0.001, 100_000)]


class _Execution(_Part):
    """so many seconds of the source's own time in any so many seconds: a mapping with the keys seconds, within"""

    seconds: Annotated[float, _number("seconds of the source's time", 0.001, 1_000_000)]
    within: Annotated[float, _number("seconds", 0.001, 86_400)]


class RateRule(_Part):
    """one rate in the source's own way of counting: a mapping with one of the keys window, bucket, points, execution"""

    model_config = ConfigDict(json_schema_extra=_one_alone)

    window: _Window | None = None
    bucket: _Bucket | None = None
    points: _Bucket | None = None
    execution: _Execution | None = None

    @model_validator(mode="after")
    def _is_one(self) -> RateRule:
        if sum(getattr(self, name) is not None for name in MODELS) != 1:
            raise said(f"exactly one of: {', '.join(MODELS)}")
        return self


Rates = Annotated[
    tuple[RateRule, ...],
    Field(max_length=_MOST_RATES, description="a list of rates, such as [{window: {calls: 100, seconds: 10}}]"),
]


class Offered(_Part):
    """what holds of one offer beside: a mapping with the keys timeout, at_once, rates"""

    timeout: Annotated[float, _number("seconds after which one of its calls is given up", 0.01, 300)] = 300.0
    at_once: Annotated[int, _count("how many of its calls run together at most", 1, 10_000)] = 10_000
    rates: Rates = ()


class SourceRule(_Part):
    """what holds of one source: a mapping with keys such as timeout, width, breaking, rates and offers"""

    timeout: Annotated[float, _number("seconds after which one call is given up", 0.01, 300)] = _LIMITS.timeout or 300.0
    width: _Width = _Width()
    breaking: _Breaking = _Breaking()
    repeating: _Repeating = _Repeating()
    rates: Rates = ()
    signals: Annotated[
        Literal["standard", "hubspot", "zendesk", "salesforce", "shopify", "dynamics", "companies-house"],
        Field(
            description="how it says that there are too many calls, one of: standard, hubspot, zendesk, salesforce, "
            "shopify, dynamics, companies-house"
        ),
    ] = "standard"
    offers: Annotated[
        dict[str, Offered],
        Field(max_length=_MOST_NAMED, description="a mapping of offers, each with timeout, at_once or rates"),
    ] = Field(default_factory=dict)
    readiness: Annotated[bool, _switch("whether requests are to go elsewhere while it is left alone")] = False


class SourcesFile(RootModel[Annotated[dict[str, SourceRule], Field(max_length=_MOST_NAMED)]]):
    """a mapping of sources, each with what holds of it, such as `crm: {timeout: 3}`"""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the file."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}
