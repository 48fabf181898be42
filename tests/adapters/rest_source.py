"""A REST source in memory that misbehaves on command; one logic, staged as a mock and as a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote

from pydantic import AliasPath, Field

from adapters.answers import Facts, Key, Missing, Page
from adapters.http import ByCursor, HttpAdapter, HttpOffer, InBody, InLastRecord, InPath, InQuery
from adapters.records import Inline, Record
from adapters.testing import HOSTILE_KEYS, Misbehaviour, SeenCall, SourceUnderTest

__all__ = ["ACCOUNTS", "OFFERS", "CrmAccount", "CrmCustomer", "RestSource", "RestUnderTest", "rows"]


class CrmName(Record):
    given: str = Field(validation_alias="firstName")
    family: str | None = Field(validation_alias="lastName")


class CrmCustomer(Record):
    name: Annotated[CrmName, Inline()]
    segment: str | None
    since: date = Field(validation_alias=AliasPath("meta", "created"))
    credit: Decimal = Field(validation_alias="creditLimit")


class CrmAccount(Record):
    number: str
    label: str = Field(validation_alias="title")


OFFERS = {
    "joined": HttpOffer(
        name="joined",
        serves="Customer",
        record=CrmCustomer,
        key="id",
        path="/customers",
        keys=InQuery("ids"),
        fields=InQuery("fields"),
        records=AliasPath("data", "items"),
        params=(("archived", "no&yes"),),
        max_batch=5,
        absent=Missing,
    ),
    "repeated": HttpOffer(
        name="repeated",
        serves="Customer",
        record=CrmCustomer,
        key="id",
        path="/customers",
        keys=InQuery("filter[id]", separator=None),
        fields=InQuery("f", separator=None),
        max_batch=4,
    ),
    "body": HttpOffer(
        name="body",
        serves="Customer",
        record=CrmCustomer,
        key=AliasPath("meta", "id"),
        path="/customers/read",
        keys=InBody("inputs", each="id"),
        fields=InBody("properties"),
        records="results",
        max_batch=4,
    ),
    "single": HttpOffer(
        name="single",
        serves="Customer",
        record=CrmCustomer,
        key="id",
        path="/customers/{key}",
        fields=InQuery("fields"),
    ),
    "unechoed": HttpOffer(
        name="unechoed",
        serves="Customer",
        record=CrmCustomer,
        key=None,
        path="/v1/{key}/profile",
        records="data",
        keys=InPath(),
    ),
    "attributes": HttpOffer(
        name="attributes",
        serves="Customer",
        record=CrmCustomer,
        key="id",
        path="/customers",
        keys=InQuery("filter[id]", separator=None),
        fields=InQuery("fields[customers]"),
        records="data",
        attributes="attributes",
        max_batch=4,
        absent=Missing,
    ),
    "attributes_of": HttpOffer(
        name="attributes_of",
        serves="Customer",
        record=CrmCustomer,
        key="id",
        path="/customers/{key}",
        fields=InQuery("fields[customers]"),
        records="data",
        attributes="attributes",
    ),
}

ACCOUNTS = {
    "accounts": HttpOffer(
        name="accounts",
        serves="Customer.accounts",
        record=CrmAccount,
        key="owner",
        path="/accounts",
        keys=InQuery("owner", separator="|"),
        fields=InQuery("fields"),
        records="accounts",
        max_batch=4,
        absent=Page,
    ),
    "accounts_of": HttpOffer(
        name="accounts_of",
        serves="Customer.accounts",
        record=CrmAccount,
        key=None,
        path="/customers/{key}/accounts",
        records="accounts",
    ),
}


@dataclass
class RestSource:
    """Holds records by key and answers requests for one offer."""

    offer: HttpOffer
    held: dict[Key, list[dict[str, Any]]] = field(default_factory=dict)
    how: Misbehaviour | None = None
    calls: list[SeenCall] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    async def answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer; status 0 stands for a server that hangs up."""
        path, _, query = target.partition("?")
        keys, fields = self._asked(path, parse_qsl(query, keep_blank_values=True), json.loads(body or b"{}"))
        self.calls.append(SeenCall(len(keys), fields))
        self.targets.append(target)
        if self.how is Misbehaviour.SLOW:
            await asyncio.sleep(30)
        if self.how is Misbehaviour.DOWN:
            return 0, b""
        if self.how is Misbehaviour.REFUSED and keys[0] == next(iter(self.held)):
            return 500, b"{}"
        if self.how is Misbehaviour.GARBAGE:
            return 200, b"<html>it works</html>"
        found = self._found(keys)
        if isinstance(self.offer.keys, InPath) and not found:
            return 404, b'{"error": "no such customer"}'
        return self._told(found, fields, dict(parse_qsl(query)) | json.loads(body or b"{}"))

    def _told(
        self, found: list[dict[str, Any]], fields: frozenset[str] | None, said: Mapping[str, Any]
    ) -> tuple[int, bytes]:
        """Return the answer with these records in it; `said` are the parameters of the call by name."""
        return 200, json.dumps(self._wrapped([self._cut(record, fields) for record in found])).encode()

    def _asked(
        self, path: str, query: list[tuple[str, str]], body: Mapping[str, Any]
    ) -> tuple[list[Key], frozenset[str] | None]:
        if isinstance(self.offer.keys, InPath):
            before, after = self.offer.path.split("{key}")
            assert path.startswith(before)
            assert path.endswith(after)
            keys = [unquote(path[len(before) : len(path) - len(after)])]
        else:
            assert path == self.offer.path
            keys = self._values(self.offer.keys, query, body)
        fields = None if self.offer.fields is None else frozenset(self._values(self.offer.fields, query, body))
        assert all(pair in query for pair in self.offer.params)
        return keys, fields

    @staticmethod
    def _values(place: InQuery | InBody | InPath, query: list[tuple[str, str]], body: Mapping[str, Any]) -> list[str]:
        if isinstance(place, InBody):
            return [value if place.each is None else value[place.each] for value in body[place.name]]
        assert isinstance(place, InQuery)
        values = [value for name, value in query if name == place.name]
        return values if place.separator is None else values[0].split(place.separator)

    def _found(self, keys: Sequence[Key]) -> list[dict[str, Any]]:
        groups = [self.held[key] for key in keys if key in self.held]
        match self.how:
            case Misbehaviour.SHUFFLED:
                groups = [*groups[1:], groups[0]]
            case Misbehaviour.FOREIGN:
                groups[0] = records("K-foreign", is_list=self.offer.is_list)
            case Misbehaviour.DUPLICATED:
                groups.append(groups[0])
            case Misbehaviour.SPOILED:
                bad = {"title": 5} if self.offer.is_list else {"segment": ["gold"]}
                groups[0] = [groups[0][0] | bad, *groups[0][1:]]
        return [record for group in groups for record in group]

    def _cut(self, record: dict[str, Any], fields: frozenset[str] | None) -> dict[str, Any]:
        if self.offer.attributes is not None and fields is not None:
            attributes = {name: value for name, value in record.items() if name in fields - {"id"}}
            return {"type": "customers", "id": record["id"], self.offer.attributes: attributes}
        return record if fields is None else {name: value for name, value in record.items() if name in fields}

    def _wrapped(self, found: list[Any]) -> Any:
        body: Any = found
        if isinstance(self.offer.keys, InPath) and not self.offer.is_list and len(found) == 1:
            body = found[0]
        where = self.offer.records
        for step in reversed((where,) if isinstance(where, str) else where.path if where else ()):
            body = {step: body}
        return body


def rows(key: Key, count: int) -> list[dict[str, Any]]:
    """Return the records of a list of accounts."""
    return [
        {"owner": key, "id": f"{key}/{n}", "number": f"{key}/{n}", "title": f"Account {n} of {key}", "iban": "NL00"}
        for n in range(1, count + 1)
    ]


def records(key: Key, *, is_list: bool) -> list[dict[str, Any]]:
    if is_list:
        return rows(key, 2)
    return [
        {
            "id": key,
            "firstName": f"Given-{key}",
            "lastName": None,
            "segment": "gold-plated",
            "meta": {"created": "2019-04-05", "id": key},
            "creditLimit": 1234.5,
            "passport": "never asked for",
        }
    ]


class RestUnderTest(SourceUnderTest):
    """The adapter and the source for one offer."""

    def __init__(self, adapter: HttpAdapter, source: RestSource) -> None:
        self.adapter, self.offer, self.source = adapter, source.offer, source
        one_by_one = isinstance(source.offer.keys, InPath)
        self.missing_is_known = one_by_one
        cannot = set() if one_by_one else {Misbehaviour.REFUSED}
        if source.offer.key is None:
            cannot |= {Misbehaviour.FOREIGN}
        self.can = frozenset(set(Misbehaviour) - cannot)
        separator = source.offer.keys.separator if isinstance(source.offer.keys, InQuery) else None
        self.hostile_keys = [key for key in HOSTILE_KEYS if separator is None or separator not in key]

    async def put(self, keys: Sequence[Key]) -> None:
        self.source.held = {key: records(key, is_list=self.offer.is_list) for key in keys}

    async def put_list(self, key: Key, rows_of_key: int) -> None:
        self.source.held[key] = rows(key, rows_of_key)

    def facts(self, key: Key) -> Facts | Sequence[Facts]:
        if self.offer.is_list:
            count = len(self.source.held[key])
            return [{"number": f"{key}/{n}", "label": f"Account {n} of {key}"} for n in range(1, count + 1)]
        return {
            "name": {"given": f"Given-{key}", "family": None},
            "segment": "gold-plated",
            "since": date(2019, 4, 5),
            "credit": Decimal("1234.5"),
        }

    def asked_of_source(self, fields: Sequence[str]) -> frozenset[str]:
        asked, paging = super().asked_of_source(fields), self.source.offer.paging
        if isinstance(paging, ByCursor) and isinstance(paging.next, InLastRecord):
            asked |= {str(paging.next.at)}
        return asked if self.source.offer.attributes is None else asked - {"id"}

    async def seen(self) -> Sequence[SeenCall]:
        return self.source.calls

    async def misbehave(self, how: Misbehaviour | None) -> None:
        self.source.how = how
