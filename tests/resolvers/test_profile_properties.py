"""What holds for every view with levels, masks, situations and break-glass, every document and every assertion.

What each rule means is written here once more, plainly: per customer and coordinate, with no profile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.answers import Answer
from adapters.crossref import Restriction, Subject
from schema.grants import Grant
from schema.masks import Mask
from schema.situation import Situation
from schema.verification import Assertion, Level
from schema.views import ReceiptDetail, View
from tests.resolvers.harbour import Harbour, harbour, known
from tests.resolvers.oracle import MaskedText, expected
from tests.resolvers.queries import Query, queries
from tests.resolvers.test_masks import SECRET, TEXTS, secretive
from tests.resolvers.test_properties import TROUBLE, WIDE, behind, is_allowed, matches, places, troubled
from tests.resolvers.verified import NOW, Asking, asked, asserted, granted, ruled
from tests.resolvers.vessels import FIELDS

MANY = settings(max_examples=25, deadline=None)
CUSTOMERS = ("v1", "v2", "v3", "v4")
CHANNELS = ("voice", "chat")
RULED = [name for name in FIELDS if name != "Vessel.id"]

Rule = dict[str, Any]


def rule_of(name: str) -> st.SearchStrategy[Rule]:
    """A rule of one coordinate: masks are on texts alone."""
    parts: dict[str, st.SearchStrategy[Any]] = {
        "min": st.sampled_from(["V0", "V1", "V2", "V3"]),
        "max_age": st.sampled_from([60, 1800]),
        "break_glass": st.booleans(),
        "when": st.sampled_from([{"channels": ["voice"]}, {"channels": ["chat"]}, {"channels": list(CHANNELS)}]),
    }
    if name in TEXTS:
        masks = st.sampled_from([str(mask) for mask in Mask])
        parts |= {"mask": masks, "below": masks}
    return st.fixed_dictionaries({}, optional=parts)


RULES: st.SearchStrategy[dict[str, Rule]] = st.lists(st.sampled_from(RULED), max_size=8, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: rule_of(name) for name in names})
)
ASSERTIONS = st.lists(
    st.builds(
        asserted,
        st.sampled_from([*CUSTOMERS, "nobody"]),
        st.sampled_from(Level),
        age=st.sampled_from([1, 100, 5_000]),
        left=st.sampled_from([-1, 100]),
    ),
    max_size=4,
)
GRANTS = st.sampled_from([None, granted(), granted(customer="v2"), granted(customer="v3", until=NOW - 1)])
RESTRICTIONS = st.lists(st.lists(st.sampled_from(FIELDS), max_size=2), min_size=4, max_size=4)


@dataclass(frozen=True)
class Case:
    """One request beside its document."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    assertions: Sequence[Assertion] = ()
    grant: Grant | None = None
    channel: str = "voice"
    restrictions: Sequence[Sequence[str]] = ((), (), (), ())

    @property
    def view(self) -> View:
        return ruled(self.rules, limits=WIDE.limits.model_dump(), situation={"channels": list(CHANNELS)})

    def restricted(self, customer: str) -> Sequence[str]:
        """What the restrictions on a customer name."""
        return self.restrictions[CUSTOMERS.index(customer)]

    def is_reached(self, customer: str, rule: Rule) -> bool:
        """Whether a customer is verified as a rule wants it."""
        wanted = Level[rule.get("min", "V0")]
        return wanted is Level.V0 or any(
            one.key == customer
            and one.level >= wanted
            and one.expires_at > NOW
            and NOW - one.verified_at <= min(1800, rule.get("max_age", 1800))
            for one in self.assertions
        )

    def is_withheld(self, customer: str, name: str) -> bool:
        """Whether a coordinate is withheld of a customer."""
        rule = self.rules.get(name, {})
        open_to = self.grant is not None and self.grant.customer == customer and self.grant.until > NOW
        return (
            name in self.restricted(customer)
            or self.channel not in rule.get("when", {}).get("channels", CHANNELS)
            or (rule.get("break_glass", False) and not open_to)
            or (not self.is_reached(customer, rule) and "below" not in rule)
        )

    def masks(self, customer: str) -> dict[str, Mask]:
        """How texts of a customer are shown."""
        shown = {
            name: rule.get("mask" if self.is_reached(customer, rule) else "below")
            for name, rule in self.rules.items()
            if name in TEXTS
        }
        return {name: Mask(mask) for name, mask in shown.items() if mask is not None}

    def subjects(self) -> list[Subject]:
        """The customers, restricted as they are."""
        return [known(number, *self.restricted(name)) for number, name in enumerate(CUSTOMERS, start=1)]

    def plainly(self) -> list[Subject]:
        """The customers, of whom a restriction names all that is withheld for whatever reason."""
        hidden = {name: [one for one in FIELDS if self.is_withheld(name, one)] for name in CUSTOMERS}
        return [known(number, *hidden[name]) for number, name in enumerate(CUSTOMERS, start=1)]

    async def ask(self, asking: Asking, query: Query, **more: Any) -> dict[str, Any]:
        return await asking.ask(
            query.text,
            self.view,
            *self.assertions,
            grant=self.grant,
            situation=Situation(self.channel),
            variables=query.variables,
            **more,
        )


CASES = st.builds(Case, RULES, ASSERTIONS, GRANTS, st.sampled_from(CHANNELS), RESTRICTIONS)


def oracle(case: Case) -> Harbour:
    return harbour(case.plainly())


@MANY
@given(query=queries(), case=CASES)
async def test_the_data_is_what_the_rules_leave(query: Query, case: Case) -> None:
    """Of each customer by itself, whoever else is looked up; and every masked value is told, and no other."""
    asking = asked(*case.subjects())
    answer = await case.ask(asking, query)
    wanted = expected(oracle(case), query, masks_of={name: case.masks(name) for name in CUSTOMERS})
    assert answer["data"] == wanted
    masked = [path for one in answer.get("extensions", {}).get("masked", ()) for path in one["paths"]]
    for path, value in places(wanted):
        if value is not None:
            assert any(matches((one, False), path) for one in masked) is isinstance(value, MaskedText)


@MANY
@given(query=queries(), case=CASES, answers=TROUBLE)
async def test_no_call_is_for_what_is_withheld(query: Query, case: Case, answers: dict[str, Answer | None]) -> None:
    """Every key goes out with fields that are allowed for a customer on whose behalf it is asked, counted by the
    sources; nothing at all is asked for whom nothing is allowed."""
    asking = asked(*case.subjects())
    troubled(asking.h, answers)
    await case.ask(asking, query)
    plain = oracle(case)
    for batch in asking.h.batches:
        for key in batch.keys:
            assert any(is_allowed(one, batch) for one in behind(plain, key))


@MANY
@given(query=queries(), case=CASES, answers=TROUBLE)
async def test_what_is_shown_to_nobody_goes_nowhere(
    query: Query, case: Case, answers: dict[str, Answer | None]
) -> None:
    """No text that is withheld or masked of everybody is in data, errors, extensions, the receipt or the record."""
    whole = {
        TEXTS[name]
        for name in TEXTS
        for customer in CUSTOMERS
        if not case.is_withheld(customer, name) and name not in case.masks(customer)
    }
    hidden = {name: Mask.ALL for name, at in TEXTS.items() if at not in whole}
    asking = asked(*case.subjects())
    secretive(troubled(asking.h, answers), hidden)
    answer = await case.ask(asking, query, receipt=ReceiptDetail.FIELDS)
    assert SECRET not in json.dumps(answer, ensure_ascii=False)
    assert SECRET not in repr(asking.memory.kept)


@MANY
@given(query=queries(), case=CASES)
async def test_a_customer_is_shown_alike_whoever_is_looked_up_beside(query: Query, case: Case) -> None:
    """What is recorded of one customer is the same in every request for the same coordinates."""
    asking = asked(*case.subjects())
    await case.ask(asking, query)
    (recorded,) = asking.memory.kept
    for one in recorded.customers:
        if one.customer is not None:
            for name, effect in one.effects.items():
                assert (effect.effect == "withhold") is case.is_withheld(one.customer, name), (one.customer, name)


def test_the_oracle_knows_restrictions_only() -> None:
    """It says by one kind of rule what the engine decides by all of them."""
    case = Case({"Vessel.name": {"min": "V2"}}, [asserted("v1")])
    assert [one.restrictions for one in case.plainly()][:2] == [(), (Restriction("test", frozenset({"Vessel.name"})),)]
