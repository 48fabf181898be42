"""Whose keys are: linked, unlinked, moved, replaced, and never one person's."""

from __future__ import annotations

from gateway.crossref.answers import Written
from gateway.crossref.requests import KeyLinked, KeyRelinked, KeyReplaced, KeyUnlinked, NonMatch
from gateway.crossref.roles import WRITERS
from gateway.crossref.routes import Operation
from gateway.crossref.writing import ByWriter

__all__ = ["LINKS"]


async def link(body: KeyLinked, writer: ByWriter) -> Written:
    """Link a key to a customer.

    Without `customer` to whoever has the key, else to a new customer. A link that stands is left as it is. `If-Match`
    is the version of the customer that the key is linked to.
    """
    writer.asking.check_sources(body.source)
    await writer.asking.check_customers(body.customer)
    linked = await writer.crossref.link(
        body.source,
        body.key,
        body.customer,
        asserted_by=writer.asking.consumer,
        method=body.method,
        confidence=body.confidence,
        reason_code=body.reason_code,
        reason_ref=body.reason_ref,
        idempotency_key=writer.idempotency_key,
        expected_version=writer.expected_version,
    )
    return writer.written(linked)


async def unlink(body: KeyUnlinked, writer: ByWriter) -> Written:
    """Take a key from its customer.

    The customer stays, even without any key; `If-Match` is its version.
    """
    writer.asking.check_sources(body.source)
    return writer.written(await writer.crossref.unlink(body.source, body.key, **writer.because(body)))


async def relink(body: KeyRelinked, writer: ByWriter) -> Written:
    """Move a key to another customer.

    `If-Match` is the version of the customer that gets it, who is answered. Restrictions stay with the one it comes
    from.
    """
    writer.asking.check_sources(body.source)
    await writer.asking.check_customers(body.customer)
    return writer.written(await writer.crossref.relink(body.source, body.key, body.customer, **writer.because(body)))


async def replace_key(body: KeyReplaced, writer: ByWriter) -> Written:
    """Let a source's new key take the place of its old one.

    As when the source has merged two of its records. The old key still leads to the customer, and is asked for no more.
    """
    writer.asking.check_sources(body.source)
    return writer.written(await writer.crossref.replace_key(body.source, body.old, body.new, **writer.because(body)))


async def assert_non_match(body: NonMatch, writer: ByWriter) -> Written:
    """Say of two keys that they are never one person's.

    Nothing brings them together from then on, whether they are linked or not. Answered is where the owner of the first
    key stands, else that of the second.
    """
    writer.asking.check_sources(body.first.source, body.second.source)
    pair = body.first.lookup(), body.second.lookup()
    return writer.written(await writer.crossref.assert_non_match(*pair, **writer.because(body)))


async def clear_non_match(body: NonMatch, writer: ByWriter) -> Written:
    """Take back that two keys are never one person's."""
    writer.asking.check_sources(body.first.source, body.second.source)
    pair = body.first.lookup(), body.second.lookup()
    return writer.written(await writer.crossref.clear_non_match(*pair, **writer.because(body)))


LINKS = (
    Operation("POST", "/links", link, WRITERS, is_write=True),
    Operation("POST", "/links/unlink", unlink, WRITERS, is_write=True),
    Operation("POST", "/links/relink", relink, WRITERS, is_write=True),
    Operation("POST", "/links/replace-key", replace_key, WRITERS, is_write=True),
    Operation("POST", "/non-matches", assert_non_match, WRITERS, is_write=True),
    Operation("POST", "/non-matches/clear", clear_non_match, WRITERS, is_write=True),
)
