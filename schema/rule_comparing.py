"""What changed in who is shown what: the rules of coordinates, and the parts of a view that decide for all of them.

What shows more is a note, for people have to know. What shows less is dangerous, for a program may meet a null or a
mask where there was a value. Another situation, and fewer customers at once, break requests that worked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from schema.comparing import Change, Effect
from schema.masks import Mask
from schema.rule_order import is_within
from schema.verification import Level
from schema.view_rules import FieldRule, SituationRule, SubjectRule, Verification, ViewPart, When, written
from schema.views import View

__all__ = ["COMPARED", "compare_parts", "compare_rules"]

COMPARED = frozenset({"verification", "situation", "subject", "consent", "objection", "valid_until"})
"""The parts of a view that are compared here."""

_CONDITIONS = ("consent", "objection", "relationship", "break_glass")
_REFERENCES = ("case", "interaction", "actor")


def compare_rules(before: View, after: View) -> Iterator[Change]:
    """Yield what is shown otherwise, or to others, of the coordinates that both views list."""
    for name in (name for name in before.fields if name in after.fields):
        was, now = before.fields[name], after.fields[name]
        yield from _mask(name, was.mask, now.mask)
        yield from _level(name, was, now)
        for key in _CONDITIONS:
            yield from _condition(name, key, getattr(was, key) or None, getattr(now, key) or None)
        yield from _condition(name, "when", was.when, now.when, lambda one, other: is_within(one, other))


def compare_parts(before: View, after: View) -> Iterator[Change]:
    """Yield what changed in the parts that decide for every coordinate."""
    for key in ("consent", "objection"):
        yield from _condition(key, key, getattr(before, key), getattr(after, key))
    yield from _verification(before.verification, after.verification)
    yield from _situation(before.situation, after.situation)
    yield from _subject(before.subject, after.subject)
    was, now = before.valid_until, after.valid_until
    if was != now:
        is_shorter = now is not None and (was is None or now < was)
        code = "VALIDITY_SHORTENED" if is_shorter else "VALIDITY_EXTENDED"
        text = f"The last day changed from {was or 'none'} to {now or 'none'}."
        yield Change(_effect(opens=not is_shorter), code, "valid_until", text)


def _mask(name: str, was: Mask | None, now: Mask | None) -> Iterator[Change]:
    if was == now:
        return
    if now is None:
        yield Change(Effect.NOTE, "MASK_REMOVED", name, f"It is shown whole and no longer masked ({was}).")
    elif was is None:
        yield Change(Effect.DANGEROUS, "MASK_ADDED", name, f"It is shown masked ({now}) and no longer whole.")
    else:
        yield Change(Effect.DANGEROUS, "MASK_CHANGED", name, f"It is masked otherwise: {was} became {now}.")


def _level(name: str, was: FieldRule, now: FieldRule) -> Iterator[Change]:
    if was.min != now.min:
        opens = now.min < was.min
        text = f"It is shown {_from(now.min)} and no longer {_from(was.min)}."
        yield Change(_effect(opens=opens), "LEVEL_LOWERED" if opens else "LEVEL_RAISED", name, text)
    if Level.V0 not in (was.min, now.min):
        yield from _below(name, was.below, now.below)
        yield from _age(name, was.max_age, now.max_age)


def _below(name: str, was: Mask | None, now: Mask | None) -> Iterator[Change]:
    if was == now:
        return
    if was is None:
        yield Change(Effect.NOTE, "BELOW_ADDED", name, f"Below its level it is masked ({now}) and no longer withheld.")
    elif now is None:
        text = f"Below its level it is withheld and no longer masked ({was})."
        yield Change(Effect.DANGEROUS, "BELOW_REMOVED", name, text)
    else:
        text = f"Below its level it is masked otherwise: {was} became {now}."
        yield Change(Effect.DANGEROUS, "BELOW_CHANGED", name, text)


def _age(place: str, was: int | None, now: int | None) -> Iterator[Change]:
    if was != now:
        is_lower = now is not None and (was is None or now < was)
        code = "AGE_LOWERED" if is_lower else "AGE_RAISED"
        text = f"A verification may be {_seconds(now)} old; before, {_seconds(was)}."
        yield Change(_effect(opens=not is_lower), code, place, text)


def _condition(
    place: str, key: str, was: Any, now: Any, opens: Callable[[Any, Any], bool] = lambda _was, _now: False
) -> Iterator[Change]:
    """Yield what became of something that has to hold; `opens` says whether it holds for all for whom it held."""
    if was == now:
        return
    code = key.upper()
    if was is None:
        yield Change(Effect.DANGEROUS, f"{code}_ADDED", place, f"It waits for {key}{_said(now)}.")
    elif now is None:
        yield Change(Effect.NOTE, f"{code}_REMOVED", place, f"It no longer waits for {key}{_said(was)}.")
    else:
        text = f"It waits for {key}{_said(now)} and no longer{_said(was)}."
        yield Change(_effect(opens=opens(was, now)), f"{code}_CHANGED", place, text)


def _verification(was: Verification | None, now: Verification | None) -> Iterator[Change]:
    if was is not None and now is not None:
        yield from _age("verification.max_age", was.max_age, now.max_age)
        if set(was.methods) != set(now.methods):
            text = f"The methods changed from {', '.join(was.methods)} to {', '.join(now.methods)}."
            yield Change(Effect.NOTE, "DECLARATION_CHANGED", "verification.methods", text)
    elif was is not now:
        text = "Customers can be verified." if was is None else "Customers can no longer be verified."
        yield Change(Effect.NOTE, "DECLARATION_CHANGED", "verification", text)


def _situation(was: SituationRule, now: SituationRule) -> Iterator[Change]:
    for part in When.model_fields:
        yield from _words(f"situation.{part}", getattr(was, part), getattr(now, part))
    for name in _REFERENCES:
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            text = f"It was {old or 'not taken'} and is {new or 'not taken'} now."
            yield Change(*_fitting(new == "optional"), f"situation.{name}", text)


def _words(place: str, was: Sequence[str], now: Sequence[str]) -> Iterator[Change]:
    if set(was) != set(now):
        text = f"What is told is one of {', '.join(now)}" if now else "Nothing is told"
        still_fits = bool(was) and set(was) <= set(now)
        yield Change(*_fitting(still_fits), place, f"{text}; before, {', '.join(was) or 'nothing'}.")


def _subject(was: SubjectRule, now: SubjectRule) -> Iterator[Change]:
    if was.mode != now.mode:
        text = "One customer is asked for at once." if now.mode else "Several customers may be asked for at once."
        effect, code = (Effect.BREAKING, "MODE_ADDED") if now.mode else (Effect.SAFE, "MODE_REMOVED")
        yield Change(effect, code, "subject.mode", text)
    if was.bound != now.bound:
        text = "Nobody is shown but the customer of the assertion." if now.bound else "Others are shown too."
        code = "BOUND_ADDED" if now.bound else "BOUND_REMOVED"
        yield Change(_effect(opens=was.bound), code, "subject.bound", text)
    yield from _condition("subject.relationship", "relationship", was.relationship, now.relationship)
    if was.refusal_ms != now.refusal_ms:
        text = f"It changed from {was.refusal_ms or 'none'} to {now.refusal_ms or 'none'}."
        yield Change(Effect.NOTE, "DECLARATION_CHANGED", "subject.refusal_ms", text)


def _effect(*, opens: bool) -> Effect:
    return Effect.NOTE if opens else Effect.DANGEROUS


def _fitting(still_fits: bool) -> tuple[Effect, str]:
    """Return the effect and code of another situation, by whether those that were told still fit."""
    return (Effect.SAFE, "SITUATION_WIDENED") if still_fits else (Effect.BREAKING, "SITUATION_NARROWED")


def _from(level: Level) -> str:
    return f"from {level} on" if level else "at every level"


def _seconds(age: int | None) -> str:
    return "as many seconds as in the whole view" if age is None else f"{age} seconds"


def _said(value: object) -> str:
    """Return what is waited for beyond its name: nothing, for what is there or not."""
    if isinstance(value, ViewPart):
        return f" {written(value)}"
    return "" if isinstance(value, bool) else f" {value}"
