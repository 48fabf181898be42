from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from tests.bench import workload
from tests.bench.workload import QUERIES, many, wide


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_requests_ask_of_as_many_customers_as_they_say(query: workload.Query) -> None:
    """Each of another one, all of them known; a list in a list."""
    variables = query.variables(3)
    asked = [one["id"] for one in variables["by"]] if query.is_list else [*variables.values()]
    assert len(set(asked)) == query.count
    assert {int(one[4:], 16) < workload.CUSTOMERS for one in asked} <= {True}


def test_requests_ask_of_other_customers_than_those_before() -> None:
    """What one of them keeps does not serve the next."""
    assert QUERIES["fifty"].variables(0) != QUERIES["fifty"].variables(1)


def test_a_request_is_for_a_receipt_or_for_none() -> None:
    """It is asked for in the request's extensions."""
    with_one, without = (orjson.loads(QUERIES["one"].body(1, receipt)) for receipt in ("fields", None))
    assert with_one == {**without, "extensions": {"receipt": "fields"}}
    assert without["query"] == QUERIES["one"].document


def test_one_customer_may_always_be_asked_of() -> None:
    """In place of the list's last, whatever the number of the request."""
    query = replace(QUERIES["fifty"], among=workload.RESTRICTED)
    for number in range(3):
        *others, last = query.variables(number)["by"]
        assert last == {"id": workload.customer_id(workload.RESTRICTED)}
        assert others == QUERIES["fifty"].variables(number)["by"][:-1]


def test_a_query_grows_by_its_customers_or_by_its_fields() -> None:
    """Both in one request."""
    assert len(many(200).variables(0)["by"]) == 200
    assert "f1 f2 f3 }" in wide(3).document


@pytest.mark.parametrize("number", [0, 7, 9_999])
def test_a_customer_is_known_again_by_each_of_its_keys(number: int) -> None:
    """Records are made from keys alone, so that sources and gateways need no table in common."""
    assert workload.number_of(workload.crm_key(number)) == number
    assert workload.number_of(workload.billing_key(number)) == number
    record = workload.crm_record(workload.crm_key(number))
    assert record["id"] == workload.crm_key(number)
    assert workload.register_record(record["companyLei"])["id"] == workload.lei(number)
