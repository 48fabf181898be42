"""The sandbox's public register of companies, in the shape of GLEIF's API (JSON:API), without a credential.

    GET /api/v1/lei-records?filter[lei]=A,B&fields[lei-records]=entity&page[size]=50
    {"data": [{"type": "lei-records", "id": A, "attributes": {"entity": {...}}}, ...], "meta": {"pagination": ...}}

A page holds 15 records unless another size, at most 200, is asked for. Identifiers that it does not know are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from adapters.sandbox.companies import Company, companies
from adapters.sandbox.server import Ask, Records, project

__all__ = ["Register", "as_register_record"]

_PAGE, _LARGEST_PAGE = 15, 200


class Register:
    """The register's interface and records."""

    path = "/api/v1/lei-records"

    def __init__(self, whom: Sequence[Company] | None = None) -> None:
        self.records = {company.lei: as_register_record(company) for company in whom or companies()}

    def read(self, request: Request) -> Ask:
        """Return what is asked; 400 without an identifier."""
        query = request.query_params
        ask = Ask(_listed(query.get("filter[lei]")), _listed(query.get("fields[lei-records]")))
        if not ask.keys:
            raise HTTPException(400, "filter[lei] is wanted")
        return ask

    def body(self, ask: Ask, records: Records, request: Request) -> object:
        """Return one page of the records, with the attributes asked."""
        size, page = _size(request, "page[size]", _PAGE, _LARGEST_PAGE), _size(request, "page[number]", 1, 10_000)
        shown = records[(page - 1) * size : page * size]
        data = [{**record, "attributes": project(record["attributes"], ask.fields)} for record in shown]
        pagination = {"currentPage": page, "perPage": size, "total": len(records)}
        return {"meta": {"pagination": pagination}, "data": data}


def as_register_record(company: Company) -> Mapping[str, Any]:
    """Return the company in GLEIF's words."""
    street, city, postcode = company.seat
    return {
        "type": "lei-records",
        "id": company.lei,
        "attributes": {
            "lei": company.lei,
            "entity": {
                "legalName": {"name": company.name, "language": "en"},
                "legalAddress": {
                    "addressLines": [street],
                    "city": city,
                    "region": None,
                    "country": company.jurisdiction,
                    "postalCode": postcode,
                },
                "jurisdiction": company.jurisdiction,
                "status": company.status,
                "creationDate": f"{company.founded.isoformat()}T00:00:00Z",
            },
            "registration": {"status": company.registration},
        },
    }


def _listed(value: str | None) -> tuple[str, ...]:
    return tuple(part for part in (value or "").split(",") if part)


def _size(request: Request, name: str, usual: int, most: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise HTTPException(400, f"{name}: a whole number from 1 to {most} is wanted")
    return int(text)
