"""Which of two rules of a view shows more: the order by which inference is closed and versions are compared."""

from __future__ import annotations

from collections.abc import Sequence

from schema.masks import Mask
from schema.verification import Level
from schema.view_rules import FieldRule, When

__all__ = ["can_withhold", "hides_as_much", "is_at_least_as_strict", "is_within"]

_PARTS = ("channels", "journeys", "objectives")


def is_at_least_as_strict(rule: FieldRule, other: FieldRule) -> bool:
    """Return whether whatever the rule shows, the other shows as well, to whomever and in whatever situation.

    So a list under `rule` may be filtered and ordered by a field under `other`: who sees the list sees the values that
    its order and its gaps tell of. Each rule is at least as strict as itself. Two consents, or two objections, are held
    for unlike unless they are the same: which records answer both is not for a view to know.
    """
    return _waits_for_as_much(rule, other) and _shows_no_more(rule, other)


def hides_as_much(mask: Mask | None, other: Mask | None) -> bool:
    """Return whether one mask shows nothing that the other hides; None: the whole text.

    Of `initials`, `last4` and `email` each shows what the others hide.
    """
    return other is None or mask in (other, Mask.ALL)


def can_withhold(rule: FieldRule) -> bool:
    """Return whether there is anybody to whom the rule shows nothing, not even a mask."""
    waits = (rule.consent, rule.objection, rule.relationship, rule.when, rule.break_glass or None)
    return any(each is not None for each in waits) or (rule.min > Level.V0 and rule.below is None)


def is_within(when: When, other: When) -> bool:
    """Return whether in every situation in which the one holds the other does."""
    return all(_are_among(getattr(when, part), getattr(other, part)) for part in _PARTS)


def _waits_for_as_much(rule: FieldRule, other: FieldRule) -> bool:
    """Return whether the other waits for nothing that the rule does not wait for, levels left aside."""
    return (
        other.consent in (None, rule.consent)
        and other.objection in (None, rule.objection)
        and other.relationship in (None, rule.relationship)
        and rule.break_glass >= other.break_glass
        and is_within(rule.when or When(), other.when or When())
    )


def _are_among(words: Sequence[str], others: Sequence[str]) -> bool:
    # no words at all are any word
    return not others or (bool(words) and set(words) <= set(others))


def _shows_no_more(rule: FieldRule, other: FieldRule) -> bool:
    """Return whether at every level, and however long ago the customer was verified, the rule shows no more."""
    if not hides_as_much(rule.mask, other.mask):
        return False
    if not _needs_as_much(rule, other) and not _is_below(rule.mask, other):
        return False
    if rule.min is Level.V0 or rule.below is None:
        return True
    if not _needs_as_much(other, rule) and not hides_as_much(rule.below, other.mask):
        return False
    return other.min is Level.V0 or _is_below(rule.below, other)


def _needs_as_much(rule: FieldRule, other: FieldRule) -> bool:
    """Return whether who is verified well enough for the rule is so for the other."""
    return other.min is Level.V0 or (rule.min >= other.min and _lasts_no_longer(rule.max_age, other.max_age))


def _lasts_no_longer(age: int | None, other: int | None) -> bool:
    return other is None or (age is not None and age <= other)


def _is_below(mask: Mask | None, other: FieldRule) -> bool:
    """Return whether a mask shows no more than the other rule below its level."""
    return other.below is not None and hides_as_much(mask, other.below)
