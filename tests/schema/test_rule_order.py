"""The order of rules is that of what they show: held against every state that a customer can be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.masks import Mask
from schema.rule_order import can_withhold, hides_as_much, is_at_least_as_strict
from schema.verification import Level
from schema.view_rules import ConsentRule, FieldRule, When

AGES = (60, 600)
CONSENTS = (ConsentRule(purpose="DirectMarketing"), ConsentRule(purpose="DirectMarketing", channel="email"))
WORDS = ("voice", "chat")


@dataclass(frozen=True, slots=True)
class State:
    """How well a customer is verified, how many seconds ago, and what else holds."""

    level: Level
    age: int
    consents: tuple[ConsentRule, ...]
    objected: bool
    has_case: bool
    channel: str
    is_broken: bool


def states() -> Iterator[State]:
    """Every state that two rules of the strategy below can tell apart."""
    for level, age in product(Level, (1, 61, 601)):
        for consents in ((), CONSENTS[:1], CONSENTS[1:], CONSENTS):
            for objected, has_case, channel, is_broken in product((0, 1), (0, 1), (*WORDS, "letter"), (0, 1)):
                yield State(level, age, consents, bool(objected), bool(has_case), channel, bool(is_broken))


STATES = tuple(states())

PARTS = frozenset({"whole", "first", "last", "domain", "that"})
SHOWN = {
    None: PARTS,
    Mask.INITIALS: frozenset({"first", "that"}),
    Mask.LAST4: frozenset({"last", "that"}),
    Mask.EMAIL: frozenset({"domain", "that"}),
    Mask.ALL: frozenset({"that"}),
}
"""What of a value a mask shows; that there is one is shown by every mask."""


def shown(rule: FieldRule, state: State) -> frozenset[str]:
    """What the rule shows in a state, told in the simplest way."""
    holds = (
        (rule.consent is None or rule.consent in state.consents)
        and not (rule.objection is not None and state.objected)
        and (rule.relationship is None or state.has_case)
        and (rule.when is None or not rule.when.channels or state.channel in rule.when.channels)
        and (not rule.break_glass or state.is_broken)
    )
    if not holds:
        return frozenset()
    is_young = rule.max_age is None or state.age <= rule.max_age
    if rule.min is Level.V0 or (state.level >= rule.min and is_young):
        return SHOWN[rule.mask]
    return SHOWN[rule.below] if rule.below is not None else frozenset()


masks = st.sampled_from(Mask)
rules = st.builds(
    lambda **keys: FieldRule.model_validate({key: one for key, one in keys.items() if one is not None}),
    mask=st.none() | masks,
    min=st.sampled_from(Level),
    below=st.none() | masks,
    max_age=st.none() | st.sampled_from(AGES),
    consent=st.none() | st.sampled_from(CONSENTS),
    objection=st.none() | st.just(CONSENTS[0]),
    relationship=st.none() | st.just("open-case"),
    when=st.none() | st.sets(st.sampled_from(WORDS)).map(lambda words: When(channels=tuple(words))),
    break_glass=st.booleans(),
)
simple = st.builds(
    lambda **keys: FieldRule.model_validate({key: one for key, one in keys.items() if one is not None}),
    mask=st.none() | masks,
    min=st.sampled_from(Level),
    below=st.none() | masks,
    max_age=st.none() | st.sampled_from(AGES),
)


@settings(deadline=None, max_examples=300)
@given(st.tuples(rules, rules) | st.tuples(simple, simple))
def test_a_rule_is_as_strict_as_another_exactly_where_it_never_shows_more(pair: tuple[FieldRule, FieldRule]) -> None:
    """In no state; and what is not as strict shows more in one."""
    rule, other = pair
    never_more = all(shown(rule, state) <= shown(other, state) for state in STATES)
    assert is_at_least_as_strict(rule, other) is never_more


@settings(deadline=None, max_examples=100)
@given(rules, rules, rules)
def test_the_order_is_reflexive_and_transitive(one: FieldRule, two: FieldRule, three: FieldRule) -> None:
    """Every rule is as strict as itself and as none, and strictness is handed on."""
    assert is_at_least_as_strict(one, one)
    assert is_at_least_as_strict(one, FieldRule())
    if is_at_least_as_strict(one, two) and is_at_least_as_strict(two, three):
        assert is_at_least_as_strict(one, three)


@settings(deadline=None, max_examples=200)
@given(rules)
def test_a_rule_can_withhold_exactly_where_there_is_somebody_who_is_shown_nothing(rule: FieldRule) -> None:
    """A mask below the level shows something; a `when` of no words holds always."""
    if rule.when != When():
        assert can_withhold(rule) is any(not shown(rule, state) for state in STATES)


@pytest.mark.parametrize("mask", [None, *Mask])
def test_a_mask_hides_as_much_as_itself_and_all_as_much_as_any(mask: Mask | None) -> None:
    """The whole text hides nothing; of two partial masks each shows what the other hides."""
    assert hides_as_much(mask, mask)
    assert hides_as_much(mask, None)
    assert hides_as_much(Mask.ALL, mask)
    assert not hides_as_much(None, Mask.ALL)
    assert not hides_as_much(Mask.INITIALS, Mask.EMAIL)
