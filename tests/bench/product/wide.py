"""A record of very many fields, as a type of a model and as a source's record: both models have it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import strawberry
from pydantic import create_model

from adapters.records import Inline, Record
from tests.bench.workload import WIDE_FIELDS, wide_names

__all__ = ["Wide", "WideCustomer"]

_T = TypeVar("_T")


def _with_many_fields(cls: type[_T]) -> type[_T]:
    names = wide_names(WIDE_FIELDS)
    cls.__annotations__ = dict.fromkeys(names, "str | None")
    for name in names:
        setattr(cls, name, strawberry.field(description=f"The value {name}."))
    return cls


@strawberry.type
@_with_many_fields
class Wide:
    """A record of very many fields, from `f1` on."""


_FIELDS: dict[str, Any] = dict.fromkeys(wide_names(WIDE_FIELDS), (str | None, ...))
_CrmWide: Any = create_model("CrmWide", __base__=Record, **_FIELDS)
WideCustomer: Any = create_model("WideCustomer", __base__=Record, wide=(Annotated[_CrmWide, Inline()], ...))
