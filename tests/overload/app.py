"""What `customer-view serve tests.overload.app:gateway` serves."""

from __future__ import annotations

from gateway.gateway import Gateway
from tests.overload.product import from_environment

__all__: list[str] = []


def __getattr__(name: str) -> Gateway:
    """Make the gateway when the command asks for it."""
    if name != "gateway":
        raise AttributeError(name)
    return from_environment()
