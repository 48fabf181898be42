"""The protocol bases as the matrix asks them: the same small record of each, by the same two keys."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.answers import Key, Missing
from adapters.graphql import ByIds, GraphQLAdapter, GraphQLOffer
from adapters.http import HttpAdapter, HttpOffer, InQuery
from adapters.protocol import ProtocolAdapter
from adapters.records import Record
from adapters.sql import SqlAdapter, SqlOffer
from adapters.testing import HttpAnswer, HttpAsked

__all__ = ["BASES", "Base", "Labelled", "label_of"]


class Labelled(Record):
    """What the source knows of a key."""

    label: str | None
    provenance: str | None


def label_of(key: Key) -> str:
    """Return the label that tells whose it is."""
    return f"label of {key}"


def _row(key: Key) -> dict[str, Any]:
    return {"id": key, "label": label_of(key), "provenance": f"bought as {key}"}


class Base(ABC):
    """One protocol base with an offer of ordinary habits, and what its source answers in order."""

    @abstractmethod
    def adapter_at(self, url: str) -> ProtocolAdapter[Any, Any]:
        """Return a new adapter of the source at this URL."""

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        """Return what the source answers in order, where it speaks HTTP."""
        raise NotImplementedError(f"got {asked.method}; a base that speaks HTTP says what it answers")


class _Rest(Base):
    def adapter_at(self, url: str) -> HttpAdapter:
        offer = HttpOffer(
            name="labels",
            serves="Plant",
            record=Labelled,
            key="id",
            path="/labels",
            keys=InQuery("ids"),
            records="items",
            max_batch=50,
            absent=Missing,
        )
        return HttpAdapter("sick", url, [offer])

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        keys = asked.target.partition("ids=")[2].partition("&")[0].replace("%2C", ",").split(",")
        return HttpAnswer(200, _json({"items": [_row(key) for key in keys]}))


class _GraphQL(Base):
    def adapter_at(self, url: str) -> GraphQLAdapter:
        offer = GraphQLOffer(
            name="labels",
            serves="Plant",
            record=Labelled,
            key="id",
            keys=ByIds("nodes", on="Plant"),
            max_batch=50,
            absent=Missing,
        )
        return GraphQLAdapter("sick", f"{url}/graphql", [offer])

    async def answer(self, asked: HttpAsked) -> HttpAnswer:
        keys: Sequence[Key] = json.loads(asked.body)["variables"]["keys"]
        return HttpAnswer(200, _json({"data": {"nodes": [_row(key) for key in keys]}}))


class _Sql(Base):
    def adapter_at(self, url: str) -> SqlAdapter:
        offer = SqlOffer(
            name="labels",
            serves="Plant",
            record=Labelled,
            table="label",
            key="id",
            max_batch=50,
            absent=Missing,
        )
        return SqlAdapter("sick", [offer], url=url)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


BASES: Mapping[str, Base] = {"REST": _Rest(), "GraphQL": _GraphQL(), "PostgreSQL": _Sql(), "SQLite": _Sql()}
"""Each by its name."""
