"""The property of `test_disclosure` sees it when the engine is broken: each of these breaks is found by few cases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from adapters.crossref import Subject
from adapters.gathering import Gathered
from resolvers import engine, finding, readings, receipt, run
from resolvers.gating import Gating
from resolvers.plan import Plan
from resolvers.policy import evidence, gates, profiles, verdicts
from resolvers.policy.evidence import Evidence
from resolvers.policy.profiles import Glass, PlanRules, Profile
from resolvers.policy.rules import Rule
from resolvers.policy.verdicts import Verdicts
from resolvers.selection import Selected
from resolvers.steps import Step, Wanted
from schema.model import Model
from schema.verification import Assertion
from schema.withheld import Withheld
from tests.resolvers.disclosure.cases import made
from tests.resolvers.disclosure.checking import check
from tests.resolvers.disclosure.documents import documents as some_documents
from tests.resolvers.queries import Query

pytestmark = pytest.mark.no_cover  # it would take twice as long, and the tests of each part cover the same

Patch = pytest.MonkeyPatch

MOST = 60
"""How many documents are asked, of ten cases each, until the break has to be found."""


def any_assertion_raises_everybody(patch: Patch) -> None:
    """An assertion of one customer is taken for every customer."""
    named = finding._by_customer

    def everybody(assertions: Sequence[Assertion], resolved: Mapping[Any, Any]) -> Mapping[str, Sequence[Assertion]]:
        return {f"v{number}": tuple(assertions) for number in range(1, 5)} if named(assertions, resolved) else {}

    patch.setattr(finding, "_by_customer", everybody)


def verification_never_grows_old(patch: Patch) -> None:
    """The age that a view allows is not looked at."""
    patch.setattr(evidence, "_is_fresh", lambda one, now, _oldest: now < one.expires_at)


def verification_never_ends(patch: Patch) -> None:
    """An assertion that is over counts."""
    patch.setattr(evidence, "_is_fresh", lambda one, now, oldest: now - one.verified_at <= oldest)


def restrictions_are_forgotten(patch: Patch) -> None:
    """What is restricted of a customer is shown."""
    decided = verdicts._profile

    def unrestricted(plan: Plan, subject: Subject, *rest: Any) -> Profile:
        return decided(plan, Subject(subject.customer_id, subject.redirected, subject.keys, ()), *rest)

    patch.setattr(verdicts, "_profile", unrestricted)


def a_gate_that_fails_is_open(patch: Patch) -> None:
    """Who cannot be asked about is taken to have agreed."""
    read = gates.outcome_of

    def opened(*asked: Any) -> Withheld | None:
        outcome = read(*asked)
        return None if outcome is None or outcome.reason.endswith(("_UNKNOWN", "_UNAVAILABLE")) else outcome

    patch.setattr(readings, "outcome_of", opened)


def everything_is_fetched_and_withheld_later(patch: Patch) -> None:
    """What is withheld is asked of its source, and only left out of the answer."""
    patch.setattr(Verdicts, "fields", lambda _self, step, _subject: step.fields)


def rules_stand_on_the_last_step_alone(patch: Patch) -> None:
    """A rule on what leads to a value does not withhold it."""

    def without(self: Step, withheld: frozenset[str]) -> tuple[Wanted, ...]:
        return tuple(one for one in self.wanted if one.coordinate not in withheld)

    patch.setattr(Step, "wanted_without", without)


def rules_on_interfaces_are_not_looked_at(patch: Patch) -> None:
    """A field of an object is not taken for that of its interface."""
    patch.setattr(Model, "standing", lambda _self, type_name, field: frozenset({f"{type_name}.{field}"}))


def filters_tell_of_what_is_withheld(patch: Patch) -> None:
    """A list is filtered by a value that is withheld."""

    def above(self: Gating, selected: Selected, before: frozenset[str]) -> frozenset[str]:
        return before | self._model.standing(selected.parent_type, selected.field_name)

    patch.setattr(Gating, "above", above)


def below_its_level_a_text_is_whole(patch: Patch) -> None:
    """The mask for those who are not verified is the one for those who are."""
    patch.setattr(profiles._Making, "_transform", lambda _self, rule: rule.shown)


def a_grant_opens_every_customer(patch: Patch) -> None:
    """The glass is broken for all, and for good."""

    def glass(self: Evidence, _customer: str) -> Glass:
        return Glass.SHUT if self.grant is None else Glass.OPEN

    patch.setattr(Evidence, "glass", glass)


def every_situation_will_do(patch: Patch) -> None:
    """A field of some channels is shown in all."""
    patch.setattr(Rule, "is_for", lambda *_: True)


def gates_are_asked_for_everybody(patch: Patch) -> None:
    """Consent is looked up of those as well of whom nothing waits for it."""
    patch.setattr(Verdicts, "waiting_for", lambda self, _gate: self.subjects)


def any_interaction_will_do(patch: Patch) -> None:
    """Another one than the situation names lets as well."""
    patch.setattr(gates, "_named_in", lambda *_: None)


def an_interaction_need_not_be_told(patch: Patch) -> None:
    """Where the situation names none, any that goes on will do."""
    patch.setattr(readings, "unasked", lambda *_: None)
    patch.setattr(gates, "unasked", lambda *_: None)


def a_relationship_is_asked_again_for_a_field(patch: Patch) -> None:
    """What the whole view waits for is forgotten when something in it waits for the same."""
    patch.setattr(PlanRules, "related", PlanRules.nobody)


def the_last_code_is_told_first(patch: Patch) -> None:
    """The order in which it is decided is not kept."""
    first = profiles._first
    patch.setattr(profiles, "_first", lambda found: first(found[::-1]))


def a_bound_view_reads_for_anybody(patch: Patch) -> None:
    """A look-up of another customer than the assertion's is read."""
    patch.setattr(finding, "refuse_unbound", lambda *_: {})


def a_refusal_leaves_at_once(patch: Patch) -> None:
    """Who has no open case is told from who is not there by the time it takes."""
    patch.setattr(engine, "has_refused", lambda _found: False)


def the_true_reason_is_told(patch: Patch) -> None:
    """That a customer exists and is restricted is told."""
    find = finding.find

    async def telling(*asked: Any) -> finding.Found:
        found = await find(*asked)
        return replace(found, refused={**found.refused, **found.causes})

    patch.setattr(engine, "find", telling)


def the_decision_point_is_not_heard(patch: Patch) -> None:
    """What it denies is shown."""

    async def unheard(*_: object) -> None:
        """Narrow nothing."""

    patch.setattr(engine, "narrow", unheard)


def receipts_hold_keys(patch: Patch) -> None:
    """Whose record was read is told."""
    told = receipt.Receipt._step

    def telling(made: receipt.Receipt, step: Step, alike: Any) -> dict[str, Any]:
        keys = [key for subject in made._subjects for key in made._fetched.keys(step, subject)]
        return {**told(made, step, alike), "of": keys}

    patch.setattr(receipt.Receipt, "_step", telling)


def answers_are_logged(patch: Patch) -> None:
    """What a source says is written to the log, shown or masked."""
    keep = run._Running._keep

    def logging_it(self: Any, step: Step, batch: Any, gathered: Gathered) -> None:
        logging.getLogger(__name__).debug("kept %s", gathered.answers)
        keep(self, step, batch, gathered)

    patch.setattr(run._Running, "_keep", logging_it)


BREAKS: Sequence[Callable[[Patch], None]] = (
    any_assertion_raises_everybody,
    verification_never_grows_old,
    verification_never_ends,
    restrictions_are_forgotten,
    a_gate_that_fails_is_open,
    everything_is_fetched_and_withheld_later,
    rules_stand_on_the_last_step_alone,
    rules_on_interfaces_are_not_looked_at,
    filters_tell_of_what_is_withheld,
    below_its_level_a_text_is_whole,
    a_grant_opens_every_customer,
    every_situation_will_do,
    gates_are_asked_for_everybody,
    any_interaction_will_do,
    an_interaction_need_not_be_told,
    a_relationship_is_asked_again_for_a_field,
    the_last_code_is_told_first,
    a_bound_view_reads_for_anybody,
    a_refusal_leaves_at_once,
    the_true_reason_is_told,
    the_decision_point_is_not_heard,
    receipts_hold_keys,
    answers_are_logged,
)


@pytest.fixture(scope="module")
def documents() -> Sequence[Query]:
    """Some documents, always the same."""
    found: list[Query] = []

    @seed(6)
    @settings(
        max_examples=MOST,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(some_documents())
    def keep(query: Query) -> None:
        found.append(query)

    keep()
    return found


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: one.__name__)
def test_a_break_is_found(broken: Callable[[Patch], None], documents: Sequence[Query], monkeypatch: Patch) -> None:
    """By a check that fails; unbroken, the same cases pass."""
    broken(monkeypatch)
    asked = ((number, query) for number in range(10) for query in documents)
    with pytest.raises(AssertionError):
        asyncio.run(_all(asked))


async def _all(asked: Iterable[tuple[int, Query]]) -> None:
    for place, (number, query) in enumerate(asked):
        await check(made(number * MOST + place), query)
