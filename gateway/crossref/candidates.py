"""What a steward has to decide."""

from __future__ import annotations

from adapters.crossref import InputError, RefusalCode
from gateway.crossref.answers import CandidatesTold, CandidateTold, Written
from gateway.crossref.asking import Asked
from gateway.crossref.parameters import CandidateId, CandidatesQuery
from gateway.crossref.requests import AcceptAsked, RejectAsked
from gateway.crossref.roles import READERS, WRITERS
from gateway.crossref.routes import Operation
from gateway.crossref.writing import ByWriter

__all__ = ["CANDIDATES"]


async def list_candidates(asked: CandidatesQuery, asking: Asked) -> CandidatesTold:
    """List candidates of a status, the oldest first."""
    found = await asking.crossref.candidates(asked.status, after=asked.after, limit=asked.limit)
    return CandidatesTold.of(found, asked.limit)


async def get_candidate(candidate: CandidateId, asking: Asked) -> CandidateTold:
    """Tell one candidate."""
    found = await asking.crossref.candidate(candidate)
    if found is None:
        raise InputError(RefusalCode.CANDIDATE_UNKNOWN, "no candidate has this id; one goes when a customer is erased")
    return CandidateTold.model_validate(found)


async def accept_candidate(candidate: CandidateId, body: AcceptAsked, writer: ByWriter) -> Written:
    """Accept a candidate: its two customers are merged.

    The oldest survives, and is answered. `If-Match` is its version, `loserVersion` the other's. What a merge may not
    cross stands against it here too. One for what a source says of a key is accepted by unlinking the key, or letting
    the new one take its place.
    """
    writer.asking.check_every_source()
    linked = await writer.crossref.accept(
        candidate, force=body.force, loser_version=body.loser_version, **writer.because(body)
    )
    return writer.written(linked)


async def reject_candidate(candidate: CandidateId, body: RejectAsked, writer: ByWriter) -> Written:
    """Reject a candidate: nothing is done.

    With `nonMatch` the keys of the two are never one person's from then on, and the question does not come again.
    """
    writer.asking.check_every_source()
    return writer.written(await writer.crossref.reject(candidate, non_match=body.non_match, **writer.because(body)))


CANDIDATES = (
    Operation("GET", "/candidates", list_candidates, READERS),
    Operation("GET", "/candidates/{candidate}", get_candidate, READERS),
    Operation("POST", "/candidates/{candidate}/accept", accept_candidate, WRITERS, is_write=True),
    Operation("POST", "/candidates/{candidate}/reject", reject_candidate, WRITERS, is_write=True),
)
