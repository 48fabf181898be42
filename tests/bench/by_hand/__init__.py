"""Gateways in Python that are measured beside this one, written by hand."""
