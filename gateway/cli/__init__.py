"""The command `customer-view`."""

from gateway.cli.commands import app, main

__all__ = ["app", "main"]
