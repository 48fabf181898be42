"""Whether coordinates are those of a model. Of a customer with a restriction that names no field nothing is shown."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.crossref import EVERYTHING
from schema.model import Model
from schema.suggest import did_you_mean

__all__ = ["fault_of_coordinates"]


def fault_of_coordinates(coordinates: Iterable[str], model: Model) -> str | None:
    """Return why coordinates cannot be restricted, None when the model has all of them.

    What was given is told by its place and not shown: it may be a value in another's place.
    """
    for place, given in enumerate(coordinates, start=1):
        if given != EVERYTHING and given not in model.coordinates:
            wanted = "wanted Type.field as `customer-view sdl` prints it, or * for all"
            advice = did_you_mean(given, model.coordinates, wanted)
            return f"coordinate {place} is none that the model has: {advice} Correct it"
    return None
