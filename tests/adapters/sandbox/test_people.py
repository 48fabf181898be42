"""The sandbox's customers: deterministic, complete, and under keys that tell nothing of each other."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest

from adapters.crossref import Lookup, Restriction
from adapters.sandbox.chance import number, ranks
from adapters.sandbox.companies import companies, has_valid_check_digits, with_check_digits
from adapters.sandbox.ledger import BOOKS_CLOSE, accounts, invoices
from adapters.sandbox.links import LINKED, cross_reference, restrictions
from adapters.sandbox.people import ANNE, Customer, customers


@pytest.fixture(scope="module")
def everyone() -> Sequence[Customer]:
    return customers()


def test_every_call_makes_the_same_customers(everyone: Sequence[Customer]) -> None:
    """Nothing depends on the machine, the process or the day."""
    assert customers() == everyone
    assert everyone[ANNE].customer_id == "cus_08f3d624393ff6b59df4da7dd4c5f2ae"


def test_there_are_enough_and_every_key_is_one_customers(everyone: Sequence[Customer]) -> None:
    """Canonical ids, CRM keys and billing keys are each distinct, and each in a shape of its own."""
    crm = [customer.crm_key for customer in everyone]
    billing = [key for customer in everyone for key in customer.billing_keys]
    ids = [customer.customer_id for customer in everyone]
    assert len(everyone) == len(set(crm)) == len(set(ids)) == 2_500
    assert len(set(billing)) == len(billing)
    assert all(re.fullmatch(r"C-\d{6}", key) for key in crm)
    assert all(re.fullmatch(r"B-1\d{5}", key) for key in billing)
    assert all(re.fullmatch(r"cus_[0-9a-f]{32}", customer_id) for customer_id in ids)


def test_no_key_follows_from_another(everyone: Sequence[Customer]) -> None:
    """Sorted by one source's key, the other source's keys stand in no order."""
    linked = sorted((customer.crm_key, customer.billing_keys[0]) for customer in everyone if customer.billing_keys)
    rising = sum(first[1] < second[1] for first, second in pairwise(linked))
    assert 0.45 < rising / len(linked) < 0.55


def test_some_customers_are_in_no_billing_and_some_are_in_it_twice(everyone: Sequence[Customer]) -> None:
    """About one in twenty is not linked; a few have one billing key for each year."""
    counted = Counter(len(customer.billing_keys) for customer in everyone)
    assert 80 < counted[0] < 170
    assert counted[2] > 5
    assert set(counted) == {0, 1, 2}


def test_some_customers_buy_for_a_company(everyone: Sequence[Customer]) -> None:
    """About one in three does."""
    assert 700 < sum(customer.company is not None for customer in everyone) < 950


def test_bulk_load_gets_every_key_once(everyone: Sequence[Customer]) -> None:
    """A source without a key for the customer is not named."""
    rows = list(cross_reference(everyone))
    assert [customer_id for customer_id, _ in rows] == [customer.customer_id for customer in everyone]
    assert rows[ANNE][1] == {
        "crm": ("C-000009",),
        "billing": ("B-101348",),
        "orders": ("O-702431",),
        "support": ("S-900634",),
    }
    assert {tuple(keys) for _, keys in rows} == {LINKED, tuple(one for one in LINKED if one != "billing")}
    assert dict(cross_reference(everyone[:1], ("crm",))) == {everyone[0].customer_id: {"crm": ("C-000009",)}}


def test_a_few_customers_are_restricted(everyone: Sequence[Customer]) -> None:
    """Their accounts may not be processed; the demo's customer is none of them."""
    rows = restrictions(everyone)
    assert 2 <= len(rows) <= 20
    assert all(lookup.source is None for lookup in rows)
    assert {one for several in rows.values() for one in several} == {
        Restriction("gdpr-18", frozenset({"Customer.accounts", "Customer.invoices"}))
    }
    assert Lookup(None, everyone[ANNE].customer_id) not in rows


def test_anne_has_what_the_demo_shows(everyone: Sequence[Customer]) -> None:
    """A company that exists, and two accounts, one of them overdue."""
    anne = everyone[ANNE]
    assert (anne.person.given, anne.person.family) == ("Anne", "Neumann")
    assert anne.company is not None
    assert anne.company.status == "ACTIVE"
    assert [(row.kind, row.status, row.balance, row.days_overdue) for row in accounts([anne])] == [
        ("current", "open", Decimal("0.00"), 0),
        ("credit", "open", Decimal("48.45"), 36),
    ]


def test_a_balance_is_the_sum_of_what_is_unpaid(everyone: Sequence[Customer]) -> None:
    """For every account, to the cent, and the oldest unpaid invoice says how long it is overdue."""
    rows, bills = list(accounts(everyone)), list(invoices(everyone))
    unpaid = [bill for bill in bills if bill.paid_on is None]
    owed: Counter[str] = Counter()
    for bill in unpaid:
        owed[bill.account_no] += bill.amount  # type: ignore[assignment]  # a Counter adds what it is given
    assert {row.account_no: row.balance for row in rows if row.balance} == {k: v for k, v in owed.items() if v}
    late = {bill.account_no for bill in unpaid if bill.due_on < BOOKS_CLOSE}
    assert {row.account_no for row in rows if row.days_overdue} == late
    assert all(row.days_overdue > 90 for row in rows if row.status == "in_collection")


def test_every_purchase_of_a_billed_customer_is_one_invoice(everyone: Sequence[Customer]) -> None:
    """Amounts and days are those of the data, whichever key and account they stand under."""
    billed = [customer for customer in everyone if customer.billing_keys]
    bills = list(invoices(everyone))
    assert sorted((bill.issued_on, bill.amount) for bill in bills) == sorted(
        (purchase.on, purchase.amount) for customer in billed for purchase in customer.purchases
    )
    assert len({bill.invoice_no for bill in bills}) == len(bills)
    assert {bill.customer_no for bill in bills} == {key for customer in billed for key in customer.billing_keys}


def test_companies_have_valid_identifiers() -> None:
    """300 of them, with names, identifiers of ISO 17442's form and right check digits, none of a real issuer."""
    firms = companies()
    assert len({firm.lei for firm in firms}) == len({firm.name for firm in firms}) == len(firms) == 300
    assert all(has_valid_check_digits(firm.lei) and firm.lei.startswith("ZZZZ00") for firm in firms)
    assert {firm.status for firm in firms} == {"ACTIVE", "INACTIVE"}


@pytest.mark.parametrize("lei", ["5493001KJTIIGC8Y1R12", "54930084UKLVMY22DS16"])
def test_check_digits_are_those_of_the_standard(lei: str) -> None:
    """Two identifiers from the public index."""
    assert has_valid_check_digits(lei)
    assert with_check_digits(lei[:18]) == lei


@pytest.mark.parametrize(
    "lei", ["", "5493001KJTIIGC8Y1R13", "5493001kjtiigc8y1r12", "5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1R1²"]
)
def test_another_identifier_is_not_valid(lei: str) -> None:
    """Wrong digits, small letters, another length, digits that are none."""
    assert not has_valid_check_digits(lei)


def test_ranks_hold_every_place_once() -> None:
    """A shuffled order, another one for each label."""
    assert sorted(ranks("a", 100)) == list(range(100))
    assert ranks("a", 100) != ranks("b", 100)
    assert all(0 <= number("a", index, 7) < 7 for index in range(100))
