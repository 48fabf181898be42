"""The admin API of the cross-reference: `/crossref/...`, for stewards and those who look after privacy."""

from gateway.crossref.application import make_crossref

__all__ = ["make_crossref"]
