"""A list that comes in the order of what is restricted is not shown: its order would tell of it."""

from __future__ import annotations

from resolvers import Engine, Request
from schema.caller import Caller
from schema.customer import Customer
from schema.deadline import Deadline
from schema.model import Model
from tests.gateway.sandbox_adapters import sandbox_adapters
from tests.resolvers.harbour import MemoryCrossReference, subject
from tests.resolvers.vessels import view

MODEL = Model(Customer)


def test_the_model_tells_which_lists_come_in_the_order_of_what() -> None:
    """By an argument that has a default, whether the view offers it or not."""
    assert MODEL.told_unasked["Customer.invoices"] == {"Invoice.issuedOn"}
    assert MODEL.told_unasked["Ticket.messages"] == {"Message.sentAt"}


async def test_a_list_in_the_order_of_a_restricted_field_is_withheld() -> None:
    """Though neither the field is asked for nor the order; nobody is asked."""
    adapters = sandbox_adapters()
    crossref = MemoryCrossReference({"c1": subject("c1", "Invoice.issuedOn", billing="B1")})
    engine = Engine(MODEL, adapters, crossref)
    listed = ["Customer.id", "Customer.invoices", "Invoice.number"]
    request = Request('{ customer(by: {id: "c1"}) { id invoices { nodes { number } } } }')
    shown = view(fields=dict.fromkeys(listed), lookups=["id"])
    answer = await engine.answer(shown, request, Caller("bridge-desk"), Deadline.after(5))
    assert answer["data"] == {"customer": {"id": "c1", "invoices": None}}
    assert "errors" not in answer
    (entry,) = answer["extensions"]["withheld"]
    assert (entry["coordinate"], entry["code"]) == ("Customer.invoices", "SUBJECT_RESTRICTED")
    await engine.aclose()
    for adapter in adapters:
        await adapter.aclose()
