"""The shape of an answer, compiled."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLSchema

from resolvers.plan import Plan
from resolvers.policy import Transforms

__all__ = ["DoubtError", "Shape", "compile_shape"]


class DoubtError(Exception):
    """The exact way has to decide."""


class Shape:
    code = ""

    def __call__(self, *_: Any) -> Any:
        raise DoubtError


def compile_shape(_schema: GraphQLSchema, _plan: Plan, _transforms: Transforms) -> Shape | None:
    return None
