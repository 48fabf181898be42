"""Customers that are one, and those that are two; and what sources show of them."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.crossref import IdentifierType, Linked
from gateway.crossref.answers import PreviewTold, Written
from gateway.crossref.parameters import MergeSeq
from gateway.crossref.requests import (
    CustomerId,
    Identifier,
    IdentifiersForgotten,
    IdentifiersNoted,
    MergeAsked,
    Reasons,
    SplitAsked,
)
from gateway.crossref.roles import WRITERS
from gateway.crossref.routes import Operation
from gateway.crossref.writing import ByWriter, Writer

__all__ = ["CUSTOMERS"]


async def merge(body: MergeAsked, writer: ByWriter) -> Written | PreviewTold:
    """Merge two customers that are one person.

    The loser's id leads to the survivor from then on. `If-Match` is the survivor's version, `loserVersion` the loser's.
    With `dryRun` it is answered what would be done, and nothing is written. It can be undone by the number that is
    answered, `seq`.
    """
    writer.asking.check_every_source()
    pair = _pair(body)
    await writer.asking.check_customers(*pair)
    if body.dry_run:
        return PreviewTold.of(await writer.crossref.preview_merge(*pair, oldest=body.customers is not None))
    return writer.written(await _merge(body, pair, writer))


def _pair(body: MergeAsked) -> tuple[str, str]:
    if body.customers is not None:
        one, other = body.customers
        return one, other
    assert body.loser is not None
    assert body.survivor is not None
    return body.loser, body.survivor


async def _merge(body: MergeAsked, pair: tuple[str, str], writer: Writer) -> Linked:
    made = writer.crossref.merge if body.customers is None else writer.crossref.merge_oldest
    return await made(*pair, force=body.force, loser_version=body.loser_version, **writer.because(body))


async def undo_merge(seq: MergeSeq, body: Reasons, writer: ByWriter) -> Written:
    """Undo a merge.

    Its loser is active again, and answered. Keys that it brought go back, unless they were taken away since. `If-Match`
    is the version of the customer to whom the loser leads.
    """
    writer.asking.check_every_source()
    return writer.written(await writer.crossref.undo_merge(seq, **writer.because(body)))


async def split(body: SplitAsked, writer: ByWriter) -> Written:
    """Split a customer that is two persons.

    The keys go to a new customer, or to `into`, who is answered; some have to stay. `If-Match` is the version of the
    customer that is split.
    """
    writer.asking.check_sources(*(one.source for one in body.keys))
    await writer.asking.check_customers(body.customer, body.into)
    keys = [(one.source, one.key) for one in body.keys]
    return writer.written(await writer.crossref.split(body.customer, keys, body.into, **writer.because(body)))


async def note_identifiers(customer: CustomerId, body: IdentifiersNoted, writer: ByWriter) -> Written:
    """Note identifiers that a source shows of a customer.

    Digests alone are kept. Customers who share one stay apart, and a candidate tells of them. How many are noted is
    limited for each consumer.
    """
    writer.asking.check_sources(body.source)
    writer.asking.check_noting(len(body.identifiers))
    await writer.asking.check_customers(customer)
    linked = await writer.crossref.note_identifiers(
        customer, body.source, _by_type(body.identifiers), country=body.country, **writer.because(body)
    )
    return writer.written(linked)


async def forget_identifiers(customer: CustomerId, body: IdentifiersForgotten, writer: ByWriter) -> Written:
    """Forget identifiers of a customer.

    A feed does so with what its source shows no longer. The version tells whether the customer had them, so those that
    are named count as look-ups by identifiers do.
    """
    if body.source is None:
        writer.asking.check_every_source()
    else:
        writer.asking.check_sources(body.source)
    writer.asking.check_rate(len(body.identifiers or ()))
    await writer.asking.check_customers(customer)
    identifiers = None if body.identifiers is None else _by_type(body.identifiers)
    linked = await writer.crossref.forget_identifiers(
        customer, body.source, identifiers, country=body.country, **writer.because(body)
    )
    return writer.written(linked)


def _by_type(identifiers: Iterable[Identifier]) -> dict[IdentifierType, list[str]]:
    by_type: dict[IdentifierType, list[str]] = {}
    for one in identifiers:
        by_type.setdefault(one.type, []).append(one.value)
    return by_type


CUSTOMERS = (
    Operation("POST", "/merges", merge, WRITERS, is_write=True),
    Operation("POST", "/merges/{seq}/undo", undo_merge, WRITERS, is_write=True),
    Operation("POST", "/splits", split, WRITERS, is_write=True),
    Operation("POST", "/customers/{customer}/identifiers", note_identifiers, WRITERS, is_write=True),
    Operation("POST", "/customers/{customer}/identifiers/forget", forget_identifiers, WRITERS, is_write=True),
)
