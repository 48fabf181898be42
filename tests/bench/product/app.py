"""What `customer-view serve tests.bench.product.app:reference` serves, or `:plain`: see `Product.from_environment`."""

from __future__ import annotations

from gateway.gateway import Gateway
from tests.bench.product.plain import PLAIN
from tests.bench.product.reference import REFERENCE

__all__: list[str] = []

_SERVED = {"plain": PLAIN, "reference": REFERENCE}


def __getattr__(name: str) -> Gateway:
    """Make a gateway when the command asks for it, and not for a test that imports the module."""
    if name not in _SERVED:
        raise AttributeError(name)
    return _SERVED[name].from_environment()
