"""What of a file of sources is in order, though something else in it is wrong: so that all that is wrong is told at
once."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from gateway.sources.declaration import SourceRule, SourcesFile

__all__ = ["sound_rules"]

_OFFERS = "offers"


def sound_rules(given: object) -> dict[str, SourceRule]:
    """Return the rules that remain of what a file holds without each key of a source, or of one of its offers, that is
    wrong; none where it is no mapping of sources."""
    if not isinstance(given, dict):
        return {}
    try:
        return SourcesFile.model_validate(given).root
    except ValidationError as error:
        places = [each["loc"] for each in error.errors(include_input=False, include_url=False, include_context=False)]
    try:
        return SourcesFile.model_validate(_without(given, places)).root
    except ValidationError:
        return {}


def _without(given: dict[str, Any], places: list[tuple[int | str, ...]]) -> dict[str, Any]:
    left = {source: _copied(rule) for source, rule in given.items()}
    for source, *inside in filter(None, places):
        rule = left[str(source)]
        match inside:
            case [key, offer, *_] if key == _OFFERS and isinstance(rule.get(_OFFERS), dict):
                rule[_OFFERS][offer] = {}
            case [key, *_]:
                rule.pop(str(key), None)
    return left


def _copied(rule: object) -> dict[str, Any]:
    copy = dict(rule) if isinstance(rule, dict) else {}
    if isinstance(copy.get(_OFFERS), dict):
        copy[_OFFERS] = dict(copy[_OFFERS])
    return copy
