"""The extension `situation` of a request: in what situation the consumer asks, in words and references of exact form.

WrongSituationError    it is of another form; the text says which part, and repeats nothing that was sent
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from gateway.references import REFERENCE, REFERENCE_FORM
from schema.situation import NO_SITUATION, Situation

__all__ = ["NAMES", "WrongSituationError", "read_situation"]

NAMES = tuple(one.name for one in fields(Situation))
"""What can be told of a situation."""

_WORD = re.compile(r"(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORDS = ("channel", "journey", "objective")
_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        name: (_WORD, "lower-case words joined by hyphens, 64 characters at most")
        if name in _WORDS
        else (REFERENCE, REFERENCE_FORM)
        for name in NAMES
    }
)


class WrongSituationError(ValueError):
    """What was told of the situation cannot be one."""


def read_situation(value: object) -> Situation:
    """Return what was told of the situation, an empty one for None. What is null in it counts as left out.

    Raises:
        WrongSituationError: It is no object of texts of these forms, or has a member that is not known.
    """
    if value is None:
        return NO_SITUATION
    if not isinstance(value, dict) or not value.keys() <= {*NAMES}:
        raise WrongSituationError(f"The extension 'situation' is not an object of {', '.join(NAMES)} alone")
    told = {name: one for name, one in value.items() if one is not None}
    for name, one in told.items():
        form, wanted = _FORMS[name]
        if not isinstance(one, str) or not form.fullmatch(one):
            raise WrongSituationError(f"The part {name!r} of the extension 'situation' is not {wanted}")
    return Situation(**told) if told else NO_SITUATION
