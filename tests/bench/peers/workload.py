"""What is measured: the customers, what is asked of them, and how each gateway is to be asked."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.workload import wide_names

__all__ = [
    "CUSTOMERS",
    "PEER",
    "QUERIES",
    "Dialect",
    "Query",
    "expected",
    "of_customers",
    "of_fields",
    "ours",
    "some_ids",
]

CUSTOMERS = 900_000
"""Customers whom the sources know, by the numbers from 1; so many stand in our cross-reference."""

STRIDE = 7
"""How far apart the numbers of one list stand."""

FIELDS = """{
  profile { firstName lastName email phone city segment }
  account { balance currency status }
  support { tickets { id subject status } }
}"""

_PROFILE = ("firstName", "lastName", "email", "phone", "city", "segment")
_ACCOUNT = ("balance", "currency", "status")
_TICKET = ("id", "subject", "status")


@dataclass(frozen=True, slots=True)
class Query:
    """One question of the workload, of `count` customers: a list where they are more than one, none where it is 0."""

    name: str
    title: str
    selection: str
    count: int = 1


QUERIES = {
    one.name: one
    for one in (
        Query("q0", "Q0, `{__typename}`: nothing is fetched", "", 0),
        Query("q1", "Q1, one customer: 12 fields, 22 values, from three sources", FIELDS),
        Query("q2", "Q2, fifty customers: the same fields, 1,200 values", FIELDS, 50),
        Query("q3", "Q3, one field of one customer, from one source", "{ account { balance } }"),
    )
}


def of_customers(count: int) -> Query:
    """Return Q1's fields of so many customers."""
    return Query(f"q1 x {count}", f"{count} customers", FIELDS, count)


def of_fields(count: int) -> Query:
    """Return the first fields of one wide record."""
    return Query(f"{count} fields", f"{count} fields", f"{{ wide {{ {' '.join(wide_names(count))} }} }}")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a gateway is asked: the documents' heads, one variable for a customer, and what else a request has.

    `one` and `each` are formats with one number in them: the variables of one customer, an entry of the list.
    """

    path: str
    one_head: str
    many_head: str
    one: str
    many: str
    each: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    members: Mapping[str, Any] = field(default_factory=dict)

    def document(self, query: Query) -> str:
        """Return the GraphQL text, which is the same in every request."""
        if not query.count:
            return "{ __typename }"
        head = self.many_head if query.count > 1 else self.one_head
        return f"{head} {query.selection} }}"

    def before(self, query: Query) -> str:
        """Return the body of a request up to its variables."""
        head = json.dumps({"query": self.document(query), **self.members})[:-1]
        return f'{head}, "variables": ' if query.count else head

    def body(self, query: Query, ids: Sequence[int]) -> bytes:
        """Return the body of one request."""
        variables = self.many.replace("LIST", ",".join(self.each % one for one in ids))
        if query.count < 2:
            variables = self.one % ids[0] if query.count else ""
        return f"{self.before(query)}{variables}}}".encode()


PEER = Dialect(
    path="/graphql",
    one_head="query ($id: Int!) { customer(id: $id)",
    many_head="query ($ids: [Int!]!) { customers(ids: $ids)",
    one='{"id": %d}',
    many='{"ids": [LIST]}',
    each="%d",
)


def ours(path: str, token: str, receipt: str | None = "fields") -> Dialect:
    """Return how this gateway is asked there: by the CRM's key, as a registered consumer, for a receipt or without."""
    return Dialect(
        path=path,
        one_head="query ($id: ID!) { customer(by: {crm: $id})",
        many_head="query ($by: [CustomerBy!]!) { customers(by: $by)",
        one='{"id": "%d"}',
        many='{"by": [LIST]}',
        each='{"crm": "%d"}',
        headers={"Authorization": f"Bearer {token}"},
        members={} if receipt is None else {"extensions": {"receipt": receipt}},
    )


def some_ids(query: Query, first: int | None = None) -> list[int]:
    """Return the customers of one request, from a random one on or from `first`."""
    start = random.randrange(1, CUSTOMERS - query.count * STRIDE) if first is None else first
    return [start + place * STRIDE for place in range(query.count)]


def expected(query: Query, records: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]]) -> Any:
    """Return the data that a right answer holds, from the sources' own records: (crm, billing, support) a customer."""
    if not query.count:
        return {"__typename": "Query"}
    if query.name == "q3":
        return {"customer": {"account": {"balance": records[0][1]["balance"]}}}
    told = [_customer(*one) for one in records]
    return {"customers": told} if query.count > 1 else {"customer": told[0]}


def _customer(crm: Mapping[str, Any], billing: Mapping[str, Any], support: Mapping[str, Any]) -> Any:
    return {
        "profile": {name: crm[name] for name in _PROFILE},
        "account": {name: billing[name] for name in _ACCOUNT},
        "support": {"tickets": [{name: one[name] for name in _TICKET} for one in support["tickets"]]},
    }
