"""What a source says of a key when it is asked by it: a question to a steward, and nothing else is changed by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.crossref.errors import InputError, SecretError
from adapters.crossref.events import Act, EventType, canonical
from adapters.crossref.ids import is_id
from adapters.crossref.keys.sealing import KeptKey
from adapters.crossref.keys.sources import SourceKey
from adapters.crossref.ledger import Ledger, LinkToCome
from adapters.crossref.operations.candidates import decide_candidate
from adapters.crossref.port import KeyNews

__all__ = ["GONE", "REPLACED", "Heard", "Question", "hear", "question"]

GONE, REPLACED = "source_says_gone", "source_says_replaced"
"""The kinds of candidates that are opened for what sources say."""

_MOST_OPEN = 1_000
"""Questions of one source that are open together: one that says so of more is to be looked at itself."""

_LINK = (
    "SELECT source_id, customer_id, key_lookup, key_sealed FROM link "
    "WHERE link_id = ? AND tenant_id = ? AND valid_to IS NULL AND key_status = 'live'"
)

_ASKED = (
    "SELECT candidate_id, customer_a, key_lookup, status FROM match_candidate INDEXED BY match_candidate_link "
    "WHERE tenant_id = ? AND link_id = ? AND kind = ? AND status IN ('open', 'rejected')"
)

_OPEN = (
    "SELECT count(*) FROM (SELECT 1 FROM match_candidate INDEXED BY match_candidate_source "
    "WHERE tenant_id = ? AND source_id = ? AND status = 'open' LIMIT ?) AS among"
)

_QUESTION = (
    "SELECT c.source_id, c.key_lookup, c.key_sealed, l.key_lookup, l.key_sealed FROM match_candidate AS c "
    "JOIN link AS l ON l.link_id = c.link_id WHERE c.tenant_id = ? AND c.candidate_id = ?"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """How many candidates were opened, and how much was left out: its key cannot be one of the source, the link's own
    key does not open, or too many of the source's candidates are open."""

    opened: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Question:
    """The key of which a source has said something, and the one that takes its place, None for a key that is gone."""

    old: SourceKey = field(repr=False)
    new: SourceKey | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Link:
    link_id: str
    customer: str
    entry: SourceKey = field(repr=False)


async def hear(ledger: Ledger, act: Act, several: Sequence[KeyNews]) -> Heard:
    """Open a candidate for each piece of news; none where it is asked already, or was and a steward has rejected it.

    News of a link that has ended, or whose key is asked for no more, is no news.
    """
    opened = left_out = 0
    for news in several:
        try:
            link = await _link(ledger, news.link_id)
            comes = None if link is None or news.replaced_by is None else _replacing(ledger, link, news.replaced_by)
        except (InputError, SecretError):
            left_out += 1
            continue
        if link is None or link.entry == comes or await _is_asked(ledger, act, link, comes):
            continue
        if await _is_full(ledger, link):
            left_out += 1
            continue
        await _open(ledger, act, link, comes)
        opened += 1
    return Heard(opened, left_out)


async def question(ledger: Ledger, candidate_id: str) -> Question:
    """Return the keys that a candidate of what a source has said is about."""
    row = await ledger.connection.fetch_one(_QUESTION, ledger.tenant, candidate_id)
    assert row is not None  # a link goes with its customer, and so does the candidate
    source = ledger.source(row[0])
    old = SourceKey(source, ledger.keyring.read(source, KeptKey(row[3], row[4])))
    if row[1] is None:
        return Question(old, None)
    return Question(old, SourceKey(source, ledger.keyring.read(source, KeptKey(row[1], row[2]))))


async def _link(ledger: Ledger, link_id: str) -> _Link | None:
    row = await ledger.connection.fetch_one(_LINK, link_id, ledger.tenant) if is_id(link_id) else None
    if row is None:
        return None
    source = ledger.source(row[0])
    return _Link(link_id, row[1], SourceKey(source, ledger.keyring.read(source, KeptKey(row[2], row[3]))))


def _replacing(ledger: Ledger, link: _Link, key: str) -> SourceKey:
    return ledger.entry(link.entry.source.name, key)


async def _is_asked(ledger: Ledger, act: Act, link: _Link, comes: SourceKey | None) -> bool:
    """Return whether a steward is asked this already, or has rejected it; what the source said before is superseded."""
    forms = None if comes is None else ledger.keyring.lookup_forms(comes.source, comes.key)
    rows = await ledger.connection.fetch(_ASKED, ledger.tenant, link.link_id, _kind(comes))
    if any(forms is None or row[2] in forms for row in rows):
        return True
    for candidate, customer, _, status in rows:
        if status == "open":
            await decide_candidate(ledger, act, candidate, (customer, None), "superseded")
    return False


def _kind(comes: SourceKey | None) -> str:
    return GONE if comes is None else REPLACED


async def _is_full(ledger: Ledger, link: _Link) -> bool:
    row = await ledger.connection.fetch_one(_OPEN, ledger.tenant, link.entry.source.name, _MOST_OPEN)
    return row is not None and row[0] >= _MOST_OPEN


async def _open(ledger: Ledger, act: Act, link: _Link, comes: SourceKey | None) -> None:
    candidate, source = ledger.new_id("cand"), link.entry.source
    evidence = {"code": _kind(comes).upper(), "source": source.name, "link": link.link_id}
    committed = [] if comes is None else [LinkToCome(f"{candidate}/new", source, comes.key)]
    body = {
        "candidate": candidate,
        "customers": [link.customer, None],
        "kind": _kind(comes),
        "grade": "probable",
        "evidence": evidence,
        "replacing": [{"link": one.link_id, "source": source.name} for one in committed],
    }
    seq = await ledger.append(EventType.CANDIDATE_OPENED, link.customer, act, body, committed)
    kept = None if comes is None else ledger.keyring.kept(source, comes.key)
    await ledger.connection.execute(
        "INSERT INTO match_candidate (tenant_id, candidate_id, customer_a, kind, grade, evidence, source_id, link_id, "
        "key_lookup, key_sealed, opened_seq) VALUES (?, ?, ?, ?, 'probable', ?, ?, ?, ?, ?, ?)",
        *(ledger.tenant, candidate, link.customer, _kind(comes), canonical(evidence), source.name, link.link_id),
        *(kept and kept.lookup, kept and kept.sealed, seq),
    )
