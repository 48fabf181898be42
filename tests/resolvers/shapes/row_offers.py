"""Offers whose adapters answer with rows, and the rows, decoded as adapters decode them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from adapters.answers import Facts
from adapters.leaves import read_leaf
from adapters.offers import Offer
from adapters.rows import keyed_row


class RowOffer(Offer):
    """An offer whose adapter answers with rows."""

    @property
    def gives_rows(self) -> bool:
        return True


def row_of(offer: Offer, fields: Sequence[str], raw: Mapping[str, Any]) -> Facts:
    """The row of a source's record."""
    row = keyed_row(offer.record, tuple(fields), offer.key, None)
    assert row is not None
    return cast("Facts", msgspec.json.decode(json.dumps(raw).encode(), type=row, dec_hook=read_leaf))
