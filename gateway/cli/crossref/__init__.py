"""The commands `customer-view crossref`: the cross-reference looked at, written, loaded and verified."""

from gateway.cli.crossref.commands import crossref

__all__ = ["crossref"]
