"""The codes of answers as GraphQL enums, for generators of typed clients: beside a view's SDL, and in no view."""

from __future__ import annotations

from collections.abc import Mapping

from graphql import GraphQLEnumType, GraphQLEnumValue, print_type

from gateway.refusals import RequestCode
from resolvers import RefusalCode
from schema.describing import attribute_docs
from schema.reasons import Place, Reason

__all__ = ["REASONS", "REFUSALS", "print_codes"]

REASONS, REFUSALS = "ReasonCode", "RefusalCode"
"""The names of the enums."""

_STANDS = {place: "errors" if place is Place.ERROR else f"extensions.{place.value}" for place in Place}


def print_codes() -> str:
    """Return the SDL of two enums: why a value is null or masked, and why a request is refused."""
    return f"{print_type(_reasons())}\n\n{print_type(_refusals())}"


def _reasons() -> GraphQLEnumType:
    values = {
        str(reason): GraphQLEnumValue(str(reason), description=f"{reason.message} Stands in {_STANDS[reason.place]}.")
        for reason in Reason
    }
    return GraphQLEnumType(REASONS, values, description="Why a value of an answer is null or masked.")


def _refusals() -> GraphQLEnumType:
    docs: Mapping[str, str] = {**attribute_docs(RequestCode), **attribute_docs(RefusalCode)}
    names = dict.fromkeys((*map(str, RefusalCode), *map(str, RequestCode)))
    values = {name: GraphQLEnumValue(name, description=docs[name]) for name in names}
    return GraphQLEnumType(REFUSALS, values, description="Why a request is refused; stands in errors, without data.")
