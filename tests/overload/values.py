"""Which answer is right: every value tells whose it is, so that one of another customer is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import orjson

from tests.bench import workload
from tests.bench.comparing import paths_of_errors
from tests.overload.product import LEVELS

__all__ = ["body_of", "expected", "fault_of"]

_WITHHELD = ("display", "given")


def body_of(number: int, count: int) -> bytes:
    """Return the request for so many customers, from one on."""
    by = [{"id": workload.customer_id(each)} for each in range(number, number + count)]
    return orjson.dumps({"query": workload.many(count).document, "variables": {"by": by}})


@cache
def expected(view: str, number: int, count: int) -> bytes:
    """Return the data of the answer, made from the sources' records alone; where nothing is withheld it is all."""
    customers = [_customer(view, each) for each in range(number, number + count)]
    return orjson.dumps({"data": {"customers": customers}})


@cache
def _customer(view: str, number: int) -> dict[str, Any]:
    crm = workload.crm_record(workload.crm_key(number))
    name: dict[str, Any] = {"display": crm["displayName"], "given": crm["firstName"], "family": crm["lastName"]}
    if view == LEVELS:
        name |= dict.fromkeys(_WITHHELD)
    return {
        "id": workload.customer_id(number),
        "name": name,
        "customerSince": crm["createdAt"],
        "segment": crm["segment"],
        "preferredChannel": crm["channel"],
        "accounts": [_account(one) for one in workload.billing_records(workload.billing_key(number))],
        "company": {key: workload.register_record(crm["companyLei"])[key] for key in ("name", "status")},
    }


def _account(record: Mapping[str, Any]) -> dict[str, Any]:
    balance = {"amount": record["balance"], "currency": record["currency"]}
    return {
        "number": record["number"],
        "status": record["status"],
        "balance": balance,
        "daysOverdue": record["daysOverdue"],
    }


def fault_of(view: str, number: int, count: int, answered: bytes) -> str | None:
    """Return what is wrong with an answer, None where nothing is: each value is the customer's own, and each null that
    ought to be none has an error."""
    wanted, answer = orjson.loads(expected(view, number, count)), orjson.loads(answered)
    data = answer.get("data")
    if not isinstance(data, dict):
        return "no data"
    if view == LEVELS and not _tells_withheld(data, answer):
        return "the withheld names are not told of"
    failed = {tuple(path) for path in paths_of_errors(answer)}
    return next(_differences(wanted["data"], data, (), failed), None)


def _tells_withheld(data: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    if not any((each or {}).get("name") for each in data.get("customers") or ()):  # the CRM did not answer
        return True
    told = {one["coordinate"] for one in answer.get("extensions", {}).get("withheld", ())}
    return {f"Name.{name}" for name in _WITHHELD} <= told


def _differences(
    wanted: object, got: object, path: tuple[str | int, ...], failed: set[tuple[str | int, ...]]
) -> Iterator[str]:
    if got is None and wanted is not None:
        if not any(path[: len(one)] == one for one in failed):
            yield f"a null without an error at {path}"
    elif isinstance(wanted, Mapping) and isinstance(got, Mapping) and wanted.keys() == got.keys():
        for name in wanted:
            yield from _differences(wanted[name], got[name], (*path, name), failed)
    elif isinstance(wanted, Sequence) and isinstance(got, list) and not isinstance(wanted, str):
        if len(wanted) != len(got):
            yield f"{len(got)} entries at {path}"
        for place, (one, other) in enumerate(zip(wanted, got, strict=False)):
            yield from _differences(one, other, (*path, place), failed)
    elif wanted != got:
        yield f"another value at {path}"
