"""The sources in C that every gateway is measured on: what they answer, and what can be set."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from tests.bench.peers.sources import Sources

RESOURCES = {
    "/crm/customers": ("ids", "id"),
    "/billing/accounts": ("customer_ids", "customerId"),
    "/support/tickets": ("customer_ids", "customerId"),
    "/crm/wide": ("ids", "id"),
}


def batch(served: Sources, path: str, ids: str, more: str = "") -> Any:
    return served.get(f"{path}?{RESOURCES[path][0]}={ids}{more}")


@pytest.mark.parametrize("path", RESOURCES)
def test_a_batch_holds_the_records_that_are_answered_alone(running_sources: Sources, path: str) -> None:
    """In the order asked, once for each time a key is named."""
    alone = [running_sources.get(f"{path}/{number}") for number in (7, 8, 900_000, 7)]
    assert batch(running_sources, path, "7,8,900000,7") == alone
    assert [record[RESOURCES[path][1]] for record in alone] == [7, 8, 900_000, 7]


@pytest.mark.parametrize("path", RESOURCES)
def test_every_projection_is_the_whole_record_without_the_rest(running_sources: Sources, path: str) -> None:
    """Each field alone, two of them, and all; in a batch and alone; an unknown name asks for nothing."""
    whole = running_sources.get(f"{path}/7")
    names = [*whole]
    wanted = [*([name] for name in names), names[-2:], names, [*names[:1], "unknown"]]
    for some in wanted:
        projected = {name: whole[name] for name in some if name in whole}
        assert running_sources.get(f"{path}/7?fields={','.join(some)}") == projected
        assert running_sources.get(f"{path}/7?fields={'%2C'.join(some)}") == projected
        assert batch(running_sources, path, "7", f"&fields={','.join(some)}") == [projected]


def test_keys_may_be_joined_or_repeated(running_sources: Sources) -> None:
    """As different clients write lists."""
    joined = batch(running_sources, "/crm/customers", "1,2")
    assert running_sources.get("/crm/customers?ids=1&ids=2") == joined
    assert running_sources.get("/crm/customers?fields=id&ids=1%2C2") == [{"id": 1}, {"id": 2}]


def test_records_have_the_sizes_that_are_told(running_sources: Sources) -> None:
    """15 fields in the CRM, three invoices, five tickets, and 200 fields and a key in the wide record."""
    crm, billing, support, wide = (running_sources.get(f"{path}/7") for path in RESOURCES)
    assert (len(crm), len(billing["invoices"]), len(support["tickets"]), len(wide)) == (15, 3, 5, 201)


def test_a_thousand_customers_come_in_one_call(running_sources: Sources) -> None:
    """The longest query that is measured."""
    ids = range(892_993, 900_000, 7)
    assert [record["id"] for record in batch(running_sources, "/crm/customers", ",".join(map(str, ids)))] == [*ids]


def test_calls_keys_and_credentials_are_counted(running_sources: Sources) -> None:
    """What a gateway has asked is read from these counts."""
    running_sources.reset()
    batch(running_sources, "/crm/customers", "1,2,3")
    running_sources.get("/billing/accounts/1")
    for token in ("a", "b", "a"):
        connection = HTTPConnection(urlsplit(running_sources.url).netloc)
        connection.request("GET", "/support/tickets/1", headers={"Authorization": f"Bearer {token}"})
        connection.getresponse().read()
        connection.close()
    counted = running_sources.counts()
    assert {
        name: counted[name] for name in ("calls", "keys", "batches", "crm", "billing", "support", "credentials")
    } == {
        "calls": 5,
        "keys": 7,
        "batches": 1,
        "crm": 1,
        "billing": 1,
        "support": 3,
        "credentials": 2,
    }
    running_sources.reset()
    assert set(running_sources.counts().values()) <= {0, 1}  # the connection that asks for them


def test_one_source_can_be_down_while_the_others_answer(running_sources: Sources) -> None:
    """It answers 503, and is well again afterwards."""
    with running_sources.holding(down="billing"):
        with pytest.raises(HTTPError, match="503"):
            running_sources.get("/billing/accounts/1")
        assert running_sources.get("/crm/customers/1")["id"] == 1
    assert running_sources.get("/billing/accounts/1")["customerId"] == 1


def test_a_source_that_takes_one_key_a_call_refuses_lists(running_sources: Sources) -> None:
    """So that nobody who is measured on it batches after all."""
    with running_sources.holding(batching=False):
        with pytest.raises(HTTPError, match="404"):
            batch(running_sources, "/crm/customers", "1,2")
        assert running_sources.get("/crm/customers/1?fields=id") == {"id": 1}


def test_a_source_that_hangs_up_gives_no_answer(running_sources: Sources) -> None:
    """The other way to be down."""
    running_sources.get("/__set?down=crm&how=close")
    try:
        with pytest.raises(OSError, match="closed"):
            running_sources.get("/crm/customers/1")
    finally:
        running_sources.get("/__set?down=none&how=error")
    assert running_sources.get("/crm/customers/1")["id"] == 1
