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
)
from adapters.crossref.linking import Linked, Method
from adapters.crossref.loading import LoadReport, LoadRow, RowProblem
from adapters.crossref.opening import open_crossref
from adapters.crossref.port import EVERYTHING, CrossReference, LinkedKey, Lookup, Restriction, Subject
from adapters.crossref.postgres import PostgresCrossReference
from adapters.crossref.secrets import HkdfSecrets, Secrets
from adapters.crossref.sources import KeyFormat, KeyMode, SourceSystem
from adapters.crossref.sqlite import SqliteCrossReference
from adapters.crossref.stored import Now, StoredCrossReference
from adapters.crossref.verifying import ChainProblem, ChainReport

__all__ = [
    "EVERYTHING",
    "ChainProblem",
    "ChainReport",
    "Conflict",
    "ConflictCode",
    "ConflictError",
    "CrossReference",
    "CrossReferenceError",
    "HkdfSecrets",
    "InputError",
    "KeyFormat",
    "KeyMode",
    "Linked",
    "LinkedKey",
    "LoadReport",
    "LoadRow",
    "Lookup",
    "Method",
    "Now",
    "PostgresCrossReference",
    "RefusalCode",
    "Restriction",
    "RowProblem",
    "SchemaOutdatedError",
    "SecretError",
    "Secrets",
    "SourceSystem",
    "SqliteCrossReference",
    "StoreError",
    "StoredCrossReference",
    "Subject",
    "open_crossref",
]
