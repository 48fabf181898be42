"""A list that comes in the order of what is withheld is not shown: its order would tell of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from adapters.answers import Page
from adapters.offers import Offer
from adapters.records import Record
from resolvers import Engine, Request
from resolvers.cursors import Cursors
from resolvers.policy.decision_point import Decision, DecisionUnavailableError, Question
from schema.caller import Caller
from schema.customer import Customer
from schema.deadline import Deadline
from schema.model import Model
from schema.situation import Situation
from schema.views import ReceiptDetail, View
from tests.resolvers.harbour import MemoryCrossReference, MemorySource, subject
from tests.resolvers.verified import Memory
from tests.resolvers.vessels import view

MODEL = Model(Customer)
CURSORS = Cursors()
LISTED = (
    *("Customer.id", "Customer.invoices", "Customer.invoices(first:)", "Customer.invoices(after:)"),
    *("Invoice.number", "Invoice.issuedOn"),
)
ASK = 'query%s { customer(by: {id: "c1"}) { id invoices(%s) { edges { cursor node { number } } } } }'


class Billed(Record):
    number: str | None
    issued_on: str | None = None


INVOICES = Offer(name="invoices", serves="Customer.invoices", record=Billed, key="who", absent=Page, max_page=5)


class Point:
    """A decision point that denies the day on which invoices were issued, or does not answer."""

    def __init__(self, denies: str | None = "Invoice.issuedOn", *, fails: bool = False) -> None:
        self.denies, self.fails, self.asked = denies, fails, list[str]()

    async def decide(self, question: Question, _deadline: Deadline) -> Sequence[Decision]:
        self.asked += [one.coordinate for one in question.evaluations]
        if self.fails:
            raise DecisionUnavailableError
        return [Decision(one.coordinate != self.denies) for one in question.evaluations]


class World:
    """One customer's invoices in the order in which they were issued, which nothing else tells."""

    def __init__(self, *numbers: str, restricted: Sequence[str] = (), point: Point | None = None) -> None:
        records = [{"who": "B1", "number": number} for number in numbers]
        self.billing = MemorySource("billing", (INVOICES,), {"invoices": {"B1": records}})
        crossref = MemoryCrossReference({"c1": subject("c1", *restricted, billing="B1")})
        self.memory = Memory()
        self.engine = Engine(
            MODEL, [self.billing], crossref, decision_point=point, cursors=CURSORS, recorder=self.memory
        )

    async def ask(self, arguments: str = "first: 2", through: View | None = None, **variables: Any) -> dict[str, Any]:
        request = Request(
            ASK % ("($after: String)" if variables else "", arguments),
            variables=variables,
            receipt=ReceiptDetail.FIELDS,
            situation=Situation(channel="voice"),
        )
        answer = await self.engine.answer(through or shown(), request, Caller("bridge-desk"), Deadline.after(5))
        answer["extensions"]["receipt"].pop("ms")
        for one in answer["extensions"]["receipt"].get("sources", ()):
            one.pop("ms")
        return answer


def shown(**rules: Any) -> View:
    fields = dict.fromkeys(LISTED) | rules
    return view(fields=fields, lookups=["id"], receipt="fields", situation={"channels": ["voice", "chat"]})


@pytest.mark.parametrize(("selected", "told"), [("number", {"Invoice.issuedOn"}), ("number issuedOn", set())])
async def test_what_an_order_alone_tells_is_recorded_as_no_value_that_was_shown(selected: str, told: set[str]) -> None:
    """It was decided on, for the list would not be shown without it; but nobody has seen a day. Explain says so too."""
    world, query = World("A-1"), f'{{ customer(by: {{id: "c1"}}) {{ id invoices {{ nodes {{ {selected} }} }} }} }}'
    request = Request(query, situation=Situation(channel="voice"))
    await world.engine.answer(shown(), request, Caller("bridge-desk"), Deadline.after(5))
    (one,) = world.memory.kept[0].customers
    assert one.effects["Invoice.issuedOn"].effect == "allow"
    assert one.told == told
    verdicts = world.engine.explain(shown(), request)["verdicts"]
    assert {each["coordinate"] for each in verdicts if each.get("onlyTold")} == told


def test_the_model_tells_which_lists_come_in_the_order_of_what() -> None:
    """By an argument that has a default, whether the view offers it or not."""
    assert MODEL.told_unasked["Customer.invoices"] == {"Invoice.issuedOn"}
    assert MODEL.told_unasked["Ticket.messages"] == {"Message.sentAt"}


@pytest.mark.parametrize("arguments", ["first: 2", "first: 1, after: $after"])
@pytest.mark.parametrize(
    ("withholding", "code"),
    [
        ({"restricted": ["Invoice.issuedOn"]}, "SUBJECT_RESTRICTED"),
        ({"point": Point()}, "POLICY_DENIED"),
        ({"point": Point(fails=True)}, "POLICY_UNAVAILABLE"),
    ],
    ids=["restriction", "denied", "not answered"],
)
async def test_two_worlds_that_differ_in_a_withheld_order_are_the_same(
    withholding: dict[str, Any], code: str, arguments: str
) -> None:
    """Though neither the field is asked for nor the order, from the beginning or behind a cursor; nobody is asked."""
    answers = []
    whole = await World("R-1", "R-2", "R-3").ask()
    after = whole["data"]["customer"]["invoices"]["edges"][0]["cursor"]
    for numbers in (("R-1", "R-2", "R-3"), ("R-3", "R-1", "R-2")):
        world = World(*numbers, **withholding)
        answers.append(await world.ask(arguments, **({"after": after} if "after" in arguments else {})))
        assert world.billing.batches == []
        assert answers[-1]["data"] == {"customer": {"id": "c1", "invoices": None}}
        assert "errors" not in answers[-1]
        told = answers[-1]["extensions"]["withheld"]
        assert code in {one["code"] for one in told}
    assert json.dumps(answers[0]) == json.dumps(answers[1])


async def test_whoever_may_see_the_order_sees_it() -> None:
    """The worlds differ to whom it is shown; the decision point is asked about the day of the invoices."""
    point = Point(denies=None)
    answers = [await World(*numbers, point=point).ask() for numbers in (("R-1", "R-2"), ("R-2", "R-1"))]
    first, second = (
        [one["node"]["number"] for one in answer["data"]["customer"]["invoices"]["edges"]] for answer in answers
    )
    assert (first, second) == (["R-1", "R-2"], ["R-2", "R-1"])
    assert point.asked.count("Invoice.issuedOn") == 2


async def test_a_rule_on_what_a_list_is_ordered_by_holds_for_the_list() -> None:
    """Also where nobody has checked the view: then it is withheld, and not asked."""
    world = World("R-1", "R-2")
    answer = await world.ask(through=shown(**{"Invoice.issuedOn": {"when": {"channels": ["chat"]}}}))
    assert answer["data"] == {"customer": {"id": "c1", "invoices": None}}
    assert world.billing.batches == []
