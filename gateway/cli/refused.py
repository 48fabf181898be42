"""A query that its view refuses, as the operator is told it: why, where, and what would mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from gateway.cli.not_in_view import NotInView, not_in_view
from gateway.cli.query import example_of
from gateway.terminal import open_console
from resolvers import RefusalCode
from schema.model import Model
from schema.reasons import FIELD_NOT_IN_VIEW
from schema.views import View

__all__ = ["Refused", "refused"]

_VARIABLE = re.compile(r"Variable '\$([_A-Za-z][_0-9A-Za-z]*)'")


@dataclass(frozen=True, slots=True)
class Refused:
    """A query that its view refuses. `errors` are as they stand in a GraphQL response, `variables` those that were
    given, and `outside` is what the query names that the model has and the view has not."""

    view: View
    errors: Sequence[Mapping[str, Any]]
    variables: Mapping[str, Any]
    outside: Sequence[NotInView]

    def told(self) -> dict[str, Any]:
        """Return it as the members of a JSON object."""
        return {"view": self.view.id, "errors": self.errors, "notInView": [one.told() for one in self.outside]}

    def print(self) -> None:
        """Print it for people, on standard error."""
        console, lines = open_console(stderr=True), [*self._lines()]
        for line in lines:
            console.print(line, soft_wrap=True)

    def _lines(self) -> Iterator[Text]:
        yield Text.assemble(("refused", "bold red"), f" by {self.view.id}: {_plain(_code(self.errors))}")
        for error in self.errors:
            yield Text(f"  {_plain(error['message'])}{''.join(map(_place, error.get('locations') or ()))}")
        for remedy in dict.fromkeys(str(_extensions(error).get("remedy") or "") for error in self.errors):
            if remedy:
                yield Text(f"  {_plain(remedy)}")
        if self._wants_variables():
            yield Text(f"  Give each variable with {example_of(self.view)}")
        for one in self.outside:
            said = f" {one.coordinate} (line {one.line}, column {one.column}) is not in {self.view.id}"
            yield Text.assemble((FIELD_NOT_IN_VIEW, "bold"), said)
            yield Text(f"  {one.remedy}")

    def _wants_variables(self) -> bool:
        """Return whether a variable is missing of which an error tells."""
        if _code(self.errors) != RefusalCode.BAD_USER_INPUT:
            return False
        named = {name for error in self.errors for name in _VARIABLE.findall(str(error["message"]))}
        return not self.variables or not named <= self.variables.keys()


def refused(
    view: View,
    errors: Sequence[Mapping[str, Any]],
    *,
    query: str,
    variables: Mapping[str, Any],
    views: Sequence[View],
    model: Model,
) -> Refused:
    """Return how it is told that a view refuses a query with these errors; `views` are all that there are."""
    is_invalid = _code(errors) == RefusalCode.GRAPHQL_VALIDATION_FAILED
    return Refused(view, errors, variables, not_in_view(query, view, views, model) if is_invalid else [])


def _code(errors: Sequence[Mapping[str, Any]]) -> str:
    return str(_extensions(errors[0]).get("code", "")) if errors else ""


def _extensions(error: Mapping[str, Any]) -> Mapping[str, Any]:
    return error.get("extensions") or {}


def _place(at: Mapping[str, Any]) -> str:
    return f" (line {_plain(at['line'])}, column {_plain(at['column'])})"


def _plain(text: object) -> str:
    """Return a text without what a terminal would act on: who refuses may be another server."""
    return "".join(one if one.isprintable() else "?" for one in str(text))
