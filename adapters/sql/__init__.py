"""Sources that are SQL databases: SQLite and PostgreSQL."""

from adapters.sql.adapter import SqlAdapter
from adapters.sql.columns import By
from adapters.sql.filters import AtLeast, Below, IsOneOf, Sorted
from adapters.sql.offers import KeyType, SqlOffer

__all__ = ["AtLeast", "Below", "By", "IsOneOf", "KeyType", "Sorted", "SqlAdapter", "SqlOffer"]
