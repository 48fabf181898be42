"""The cross-reference: which key each system uses for the same customer."""

from adapters.crossref.errors import (
    Conflict,
    ConflictCode,
    ConflictError,
    CrossReferenceError,
    InputError,
    RefusalCode,
    SchemaOutdatedError,
    SecretError,
    StoreError,
    TenantUnknownError,
)
from adapters.crossref.identifiers.blocking import IdentifierRules
from adapters.crossref.keys.secrets import HkdfSecrets, Secrets
from adapters.crossref.keys.sources import KeyFormat, KeyMode, SourceSystem
from adapters.crossref.non_matches import NonMatch, NonMatchedKey
from adapters.crossref.opening import open_crossref
from adapters.crossref.operations.deciding import Candidate, CandidateStatus
from adapters.crossref.operations.hearing import Heard
from adapters.crossref.operations.linking import Linked, Method
from adapters.crossref.operations.loading import LoadReport, LoadRow, LoadStep, RowProblem
from adapters.crossref.operations.merging import MergePreview
from adapters.crossref.operations.registering import Registered
from adapters.crossref.operations.writes import Writing
from adapters.crossref.outlining import Outline, OutlinedLink
from adapters.crossref.past.exporting import (
    Export,
    ExportedIdentifier,
    ExportedLink,
    ExportedReplacement,
    ExportedRestriction,
)
from adapters.crossref.past.feed import Change
from adapters.crossref.past.history import HistoryEntry
from adapters.crossref.past.names import KnownAs
from adapters.crossref.port import EVERYTHING, CrossReference, KeyNews, LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.postgres.store import PostgresCrossReference
from adapters.crossref.sqlite.store import SqliteCrossReference
from adapters.crossref.standing import Standing
from adapters.crossref.stored import Now, StoredCrossReference
from adapters.crossref.verification.verifying import ChainProblem, ChainReport
from schema.identifiers import IdentifierType

__all__ = [
    "EVERYTHING",
    "Candidate",
    "CandidateStatus",
    "ChainProblem",
    "ChainReport",
    "Change",
    "Conflict",
    "ConflictCode",
    "ConflictError",
    "CrossReference",
    "CrossReferenceError",
    "Export",
    "ExportedIdentifier",
    "ExportedLink",
    "ExportedReplacement",
    "ExportedRestriction",
    "Heard",
    "HistoryEntry",
    "HkdfSecrets",
    "IdentifierRules",
    "IdentifierType",
    "InputError",
    "KeyFormat",
    "KeyMode",
    "KeyNews",
    "KnownAs",
    "Linked",
    "LinkedKey",
    "LoadReport",
    "LoadRow",
    "LoadStep",
    "Lookup",
    "MergePreview",
    "Method",
    "NonMatch",
    "NonMatchedKey",
    "Now",
    "Outline",
    "OutlinedLink",
    "PostgresCrossReference",
    "RefusalCode",
    "Registered",
    "Restriction",
    "RowProblem",
    "SchemaOutdatedError",
    "SecretError",
    "Secrets",
    "SourceSystem",
    "SqliteCrossReference",
    "Standing",
    "StoreError",
    "StoredCrossReference",
    "Subject",
    "TenantUnknownError",
    "Writing",
    "open_crossref",
]
