"""Sources that are SQL databases: SQLite and PostgreSQL."""

from adapters.sql.adapter import SqlAdapter
from adapters.sql.offers import KeyType, SqlOffer

__all__ = ["KeyType", "SqlAdapter", "SqlOffer"]
