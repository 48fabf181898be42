"""GraphQL sources: an adapter that is declared, not programmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Unpack

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Key
from adapters.graphql.documents import GraphQLAsk, make_ask
from adapters.graphql.faults import read_data
from adapters.graphql.offers import GraphQLOffer
from adapters.graphql.reading import depth_of_key, read_answers, root_values
from adapters.http import JsonWire, WireOptions
from adapters.http.wire import limits_of
from adapters.protocol import ProtocolAdapter
from adapters.sending import last_look

__all__ = ["GraphQLAdapter"]

_ACCEPT = "application/graphql-response+json, application/json;q=0.9"
_READ = (*range(200, 300), *range(400, 600))
"""The statuses whose JSON is read: with others than 2xx, too, a GraphQL response says what went wrong."""


@dataclass(frozen=True, slots=True)
class _Reply:
    data: Mapping[str, Any] = field(repr=False)


class GraphQLAdapter(ProtocolAdapter[GraphQLAsk, _Reply]):
    """An adapter for a source that is a GraphQL API.

    `url` is the API's address. The other arguments are those of WireOptions, as for HttpAdapter. A source of ordinary
    habits is a record and an offer:

        class ShopOrder(Record):
            number: str | None = Field(validation_alias="name")
            placed_at: datetime | None = Field(validation_alias="createdAt")

        shop = GraphQLAdapter(
            "shop",
            "https://shop.example/graphql",
            [
                GraphQLOffer(
                    name="orders",
                    serves="Customer.orders",
                    record=ShopOrder,
                    key="id",
                    keys=ByIds("nodes", on="Customer"),
                    at="orders",
                    connection=Connection(),
                    max_page=50,
                    limits_per_key=True,
                    absent=Page,
                )
            ],
            headers={"X-Access-Token": token},
        )

    asks, with the keys and the size of the page as variables,

        query ($keys: [ID!]!, $first: Int!) { nodes(ids: $keys) { ... on Customer {
          id orders(first: $first) { nodes { createdAt name } pageInfo { endCursor hasNextPage } } } } }

    and knows by `id` whose orders are whose. What answers become, beside what HttpAdapter says of HTTP:

        data                                          the records in it, matched by key
        an error at a key, or carried up to it        that key's error; the others stand
        such an error in the list of ByIds            that of all keys without a record, unless in_order=True
        an error below a key                          Fault in the place of the value; the others stand
        an error of no place, no data                 the error of every key of the call
        codes such as THROTTLED                       SOURCE_RATE_LIMITED, whatever the status
        codes such as UNAUTHENTICATED, FORBIDDEN      SOURCE_AUTH
        all other errors                              SOURCE_ERROR; what the source says of it goes nowhere
    """

    def __init__(
        self,
        source: str,
        url: str,
        offers: Sequence[GraphQLOffer],
        **options: Unpack[WireOptions],
    ) -> None:
        self._target = "/" if url.endswith("/") else ""
        options["limits"] = limits = limits_of(source, options)
        self._wire = JsonWire(source, url, accept=_ACCEPT, **options)
        super().__init__(source, offers, limits=limits)

    @property
    def forwards_credential(self) -> bool:
        """Return whether the caller's own token is sent to the source."""
        return self._wire.forwards_credential

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        return _offer(batch).unaskable(key)

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> GraphQLAsk:
        return make_ask(_offer(batch), batch, keys)

    async def _make(self, ask: GraphQLAsk, call: Call) -> _Reply:
        reply = await self._wire.ask(self._target, ask.body, call, answered=_READ, ready=last_look(ask, call))
        return _Reply(read_data(reply.status, reply.body, depth_of_key(_offer(ask.batch)), reply.signal))

    def _read(self, batch: Batch, keys: Sequence[Key], ask: GraphQLAsk, reply: _Reply) -> Mapping[Key, Answer]:
        return read_answers(batch, keys, self._records(ask, reply), datetime.now(UTC))

    def _records(self, ask: GraphQLAsk, reply: _Reply) -> Sequence[object]:
        return root_values(_offer(ask.batch), len(ask.keys), reply.data)


def _offer(batch: Batch) -> GraphQLOffer:
    offer = batch.offer
    assert isinstance(offer, GraphQLOffer), f"got an offer of type {type(offer).__name__}; wanted GraphQLOffer"
    return offer
