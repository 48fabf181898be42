"""The answer as it is told: data, and the errors and entries that give every null and every mask its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from resolvers.reasons_of_null import Notes
from schema.reasons import Place, Reason

__all__ = ["ABSENT", "Assembled", "NullError", "assembled", "error_entry"]

ABSENT = "The source's record does not have the value, and always should."
"""What is told of VALUE_INVALID where there is no value that could be wrong."""

_EXTENSIONS: Mapping[Reason, dict[str, str]] = MappingProxyType(
    {reason: {"code": str(reason), "remedy": reason.remedy} for reason in Reason}
)


@dataclass(slots=True)  # not frozen: that would take as long as to shape a small customer
class Assembled:
    """The answer: `data`, `errors` in response form, and the entries of `extensions.withheld`, `.masked`, `.absent`."""

    data: dict[str, Any] | None = field(repr=False)
    errors: list[dict[str, Any]]
    withheld: list[dict[str, Any]]
    masked: list[dict[str, Any]]
    absent: list[dict[str, Any]]


class NullError(Exception):
    """A null that is an error: made afresh for each place, so that no traceback outlives its request."""

    def __init__(self, reason: Reason, *, is_absent: bool = False) -> None:
        self.reason, self.is_absent = reason, is_absent
        super().__init__(reason.message)


def assembled(data: dict[str, Any] | None, errors: list[dict[str, Any]], notes: Notes | None) -> Assembled:
    """Return the answer with what was noted, told in its places."""
    if not notes:
        return Assembled(data, errors, [], [], [])
    withheld, masked, absent = (notes.entries(place, data) for place in (Place.WITHHELD, Place.MASKED, Place.ABSENT))
    return Assembled(data, errors, withheld, masked, absent)


def error_entry(
    reason: Reason, locations: list[dict[str, int]], path: Sequence[str | int] | None, *, is_absent: bool = False
) -> dict[str, Any]:
    """Return an error in response form: its text is the reason's own, whatever was raised.

    `is_absent`: the source's record does not have the value, and the text says that.
    """
    message = ABSENT if is_absent else reason.message
    return {"message": message, "locations": locations, "path": path, "extensions": _EXTENSIONS[reason]}
