"""What is answered. Keys of sources stand in who is resolved, in exports and in non-matches, and nowhere else."""

from gateway.crossref.answers.decisions import CandidatesTold, CandidateTold, NonMatchesTold, PreviewTold
from gateway.crossref.answers.events import ChangesTold, ChangeTold, EntryTold, HistoryTold, Verified
from gateway.crossref.answers.exports import ExportTold, OutlinedLinkTold, OutlineTold
from gateway.crossref.answers.subjects import ConsumerTold, Resolved, ResolvedMany, Standing, SubjectTold, Written

__all__ = [
    "CandidateTold",
    "CandidatesTold",
    "ChangeTold",
    "ChangesTold",
    "ConsumerTold",
    "EntryTold",
    "ExportTold",
    "HistoryTold",
    "NonMatchesTold",
    "OutlineTold",
    "OutlinedLinkTold",
    "PreviewTold",
    "Resolved",
    "ResolvedMany",
    "Standing",
    "SubjectTold",
    "Verified",
    "Written",
]
