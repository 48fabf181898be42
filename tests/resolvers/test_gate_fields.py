"""Which fields a source that answers gates is asked for."""

from __future__ import annotations

import pytest

from adapters.answers import Page
from adapters.gates import CONSENT, ConsentRecord, ConsentStatus
from adapters.offers import Offer
from resolvers import Engine
from tests.resolvers.gated import Port, consent, gated
from tests.resolvers.harbour import MemorySource
from tests.resolvers.vessels import MODEL

VIEW = gated({"Vessel.name": {"consent": {"purpose": "DirectMarketing", "channel": "email"}}})
NAME = '{ vessel(by: {id: "v1"}) { name } }'


class Undated(ConsentRecord):
    """Of a source that knows no dates."""

    purpose: str | None
    channel: str | None
    status: ConsentStatus | None
    valid_from: None = None
    valid_until: None = None


class Plain(Undated):
    """Of a source that knows no channels either: what is decided there is decided for all."""

    channel: None = None


@pytest.mark.parametrize(
    ("record", "fields"),
    [(Undated, ("channel", "purpose", "status")), (Plain, ("purpose", "status"))],
)
async def test_a_source_is_not_asked_for_what_it_does_not_have(
    record: type[ConsentRecord], fields: tuple[str, ...]
) -> None:
    """It decides as if it stood there as null, and no source is asked for a column that it lacks."""
    port = Port()
    offer = Offer(name="consents", serves=CONSENT, record=record, key="ship", absent=Page)
    for status, shown in (("given", True), ("withdrawn", False)):
        port.office = MemorySource("office", [offer], {"consents": {"O1": [consent("O1", status)]}})
        port.harbour.engine = Engine(MODEL, [*port.harbour.sources, port.office], port.harbour.crossref)
        answer = await port.ask(NAME, VIEW)
        assert (answer["data"]["vessel"]["name"] is not None) is shown
        assert [batch.fields for batch in port.office.batches] == [fields]
