"""REST sources: an adapter that is declared, not programmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Unpack

from adapters.adapter import Batch, Call
from adapters.answers import Answer, Found, Gone, Key, Missing, Page
from adapters.http.asks import HttpAsk, are_plain, make_ask, matches_nothing, unaskable
from adapters.http.offers import HttpOffer
from adapters.http.pages import RawPage
from adapters.http.parts import InPath
from adapters.http.reading import Readers, ReadRecords
from adapters.http.wire import HttpReply, JsonWire, WireOptions, limits_of
from adapters.matching import Ends, PageEnd
from adapters.protocol import ProtocolAdapter
from adapters.records import is_there, read_path
from adapters.sending import SendError, last_look
from schema.reasons import Reason

__all__ = ["HttpAdapter"]


class HttpAdapter(ProtocolAdapter[HttpAsk, HttpReply]):
    """An adapter for a source that answers JSON over HTTP.

    `base_url` is where the offers' paths begin. The other arguments are those of WireOptions, by name: headers with
    the adapter's own credential or the caller's token, what the source is told, and the bounds of a call.

    A source of ordinary habits is a record and an offer:

        class CrmCustomer(Record):
            customer_since: date | None = Field(validation_alias=AliasPath("meta", "created"))
            segment: str | None

        crm = HttpAdapter(
            "crm",
            "https://crm.example/api",
            [
                HttpOffer(
                    name="customers",
                    serves="Customer",
                    record=CrmCustomer,
                    path="/customers",
                    key="id",
                    keys=InQuery("ids"),
                    fields=InQuery("fields"),
                    records="items",
                    absent=Missing,
                )
            ],
            headers={"Authorization": f"Bearer {token}"},
        )

    asks `GET /api/customers?ids=1,2,3&fields=id,meta` and knows by `id` which record is whose. What answers become:

        200, JSON                            the records in it, matched by key
        404, 410 with the key in the path    Missing, Gone
        401, 403                             SOURCE_AUTH
        429                                  SOURCE_RATE_LIMITED
        no connection or no byte in time     SOURCE_TIMEOUT
        all else                             SOURCE_ERROR: redirects, other statuses, other types, no JSON, too long
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        offers: Sequence[HttpOffer],
        **options: Unpack[WireOptions],
    ) -> None:
        self._readers = Readers()
        options["limits"] = limits = limits_of(source, options)
        self._wire = JsonWire(source, base_url, accept="application/json", **options)
        super().__init__(source, offers, limits=limits)

    @property
    def forwards_credential(self) -> bool:
        """Return whether the caller's own token is sent to the source."""
        return self._wire.forwards_credential

    async def aclose(self) -> None:
        """Close every connection."""
        await self._wire.aclose()

    def _unaskable(self, batch: Batch, key: Key) -> Answer | None:
        refused = unaskable(_http(batch), key)
        if refused is None and matches_nothing(_http(batch), batch):
            return Found(Page(()), datetime.now(UTC))
        return refused

    def _are_askable(self, batch: Batch) -> bool:
        return are_plain(_http(batch), batch)

    def _asks(self, batch: Batch, keys: Sequence[Key]) -> HttpAsk:
        return make_ask(_http(batch), batch, keys)

    async def _make(self, ask: HttpAsk, call: Call) -> HttpReply:
        one_by_one = isinstance(_http(ask.batch).keys, InPath)
        read = self._readers.reader(_http(ask.batch), ask.batch.fields)
        bare, ready = _ABSENT if one_by_one else (), last_look(ask, call)
        return await self._wire.ask(ask.target, ask.body, call, bare=bare, read=read, ready=ready)

    def _read(self, batch: Batch, keys: Sequence[Key], ask: HttpAsk, reply: HttpReply) -> Mapping[Key, Answer]:
        if reply.status in _ABSENT:
            return dict.fromkeys(keys, _ABSENT[reply.status])
        return super()._read(batch, keys, ask, reply)

    def _records(self, ask: HttpAsk, reply: HttpReply) -> Iterable[object]:
        offer = _http(ask.batch)
        found = _found(offer, reply) if offer.paging is None else _page(ask, reply).raws
        there = [record for record in found if record is not None]  # some write null for a key they do not have
        return there if offer.attributes is None else (_flat(record, offer.attributes) for record in there)

    def _ends(self, ask: HttpAsk, reply: HttpReply) -> Ends:
        page = _page(ask, reply)
        return lambda _, records: PageEnd(records, page.end_cursor, page.has_next)


_ABSENT: dict[int, Answer] = {404: Missing(), 410: Gone()}


def _found(offer: HttpOffer, reply: HttpReply) -> Sequence[object]:
    if isinstance(reply.body, ReadRecords):
        return reply.body.records
    found = reply.body if offer.records is None else read_path(reply.body, offer.records)
    if isinstance(found, Mapping):
        found = [found]
    if not is_there(found) or not isinstance(found, list):
        raise SendError(Reason.SOURCE_ERROR, "the answer holds no records where the offer says that they stand")
    return found


def _page(ask: HttpAsk, reply: HttpReply) -> RawPage:
    offer, asked = _http(ask.batch), ask.batch.slice
    assert offer.paging is not None
    assert offer.max_page is not None
    assert asked is not None
    told = reply.body.told if isinstance(reply.body, ReadRecords) else reply.body
    return offer.paging.read(asked, offer.max_page, told, _found(offer, reply))


def _flat(record: object, attributes: str) -> object:
    """Return the record with its attributes beside its own members; as it is where it has no attributes."""
    inner = record.get(attributes) if isinstance(record, Mapping) else None
    return {**inner, **record} if isinstance(record, Mapping) and isinstance(inner, Mapping) else record


def _http(batch: Batch) -> HttpOffer:
    assert isinstance(batch.offer, HttpOffer), f"got an offer of type {type(batch.offer).__name__}; wanted HttpOffer"
    return batch.offer
