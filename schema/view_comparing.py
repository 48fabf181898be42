"""What changed between two versions of a view, and whether it breaks those who use it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schema.comparing import Change, Effect, compare_sdl
from schema.model import Model
from schema.rule_comparing import COMPARED, compare_parts, compare_rules
from schema.view_schema import cut_schema
from schema.views import Introspection, ReceiptDetail, View

__all__ = ["compare_views", "sdl_of"]

_IN_SDL = frozenset({"name", "version", "fields", "identifiers", "lookups"})
"""What the SDL shows, or what tells two versions apart by nature."""

_FOR_PEOPLE = frozenset({"title", "description", "owner", "review_by", "dpia_ref"})
_GRADES: Mapping[str, Sequence[str]] = {"receipt": tuple(ReceiptDetail), "introspection": tuple(Introspection)[::-1]}
"""Keys whose values are grades, the one that gives least first."""

_LIMITS, _SOURCES = "limits", "sources"


def sdl_of(view: View, model: Model) -> str:
    """Return the SDL of a verified view."""
    return cut_schema(model, view.fields, view.lookups, view.identifiers).sdl()


def compare_views(before: View, after: View, model: Model) -> tuple[Change, ...]:
    """Return what changed from one verified view to another, the worst first, both in the model as it is."""
    changes = [*compare_sdl(sdl_of(before, model), sdl_of(after, model))]
    was, now = (view.model_dump(mode="json", exclude={*_IN_SDL, *COMPARED}) for view in (before, after))
    changes += [*compare_rules(before, after), *compare_parts(before, after)]
    changes += _limits(was.pop(_LIMITS), now.pop(_LIMITS))
    changes += _hold_ups(was.pop(_SOURCES), now.pop(_SOURCES))
    changes += [_declared(key, was[key], now[key]) for key in was if _plain(was[key]) != _plain(now[key])]
    return tuple(sorted(changes, key=lambda change: list(Effect).index(change.effect)))


def _limits(was: Mapping[str, int], now: Mapping[str, int]) -> Iterator[Change]:
    for name in was:
        if was[name] != now[name]:
            is_lower = now[name] < was[name]
            effect, code = (Effect.DANGEROUS, "LIMIT_LOWERED") if is_lower else (Effect.SAFE, "LIMIT_RAISED")
            text = f"The limit changed from {was[name]} to {now[name]}."
            yield Change(effect, code, f"{_LIMITS}.{name}", text)


def _hold_ups(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield for how much less, or more, a source may hold up the answer: one that is not named, until the deadline."""
    for source in sorted({*was, *now}):
        before, after = (each[source]["holds_up_ms"] if source in each else math.inf for each in (was, now))
        if before != after:
            effect, code = (Effect.DANGEROUS, "HOLD_UP_LOWERED") if after < before else (Effect.SAFE, "HOLD_UP_RAISED")
            text = f"How long it may hold up the answer changed from {_waited(before)} to {_waited(after)}."
            yield Change(effect, code, f"{_SOURCES}.{source}", text)


def _waited(most: float) -> str:
    return "the deadline" if most == math.inf else f"{most} ms"


def _declared(key: str, was: Any, now: Any) -> Change:
    text = f"It changed from {_said(was)} to {_said(now)}."
    if key in _FOR_PEOPLE:
        return Change(Effect.SAFE, "WORDS_CHANGED", key, f"The view's {key} changed.")
    if key not in _GRADES:
        return Change(Effect.NOTE, "DECLARATION_CHANGED", key, text)
    if _GRADES[key].index(now) < _GRADES[key].index(was):
        return Change(Effect.DANGEROUS, "LESS_TOLD", key, text)
    return Change(Effect.SAFE, "MORE_TOLD", key, text)


def _plain(value: Any) -> Any:
    """Return a value of a view's file for comparison: the order of lists says nothing."""
    return sorted(value, key=json.dumps) if isinstance(value, list) else value


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
