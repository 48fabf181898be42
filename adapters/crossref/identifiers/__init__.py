"""Identifiers that a customer knows, as an address or a number: their normal forms and the digests that are kept."""
