"""The adapters of the sandbox's sources, of which none runs."""

from __future__ import annotations

from adapters.adapter import Adapter
from adapters.sandbox.sources import (
    billing_adapter,
    crm_adapter,
    orders_adapter,
    register_adapter,
    support_adapter,
)

__all__ = ["sandbox_adapters"]

_NOWHERE = "http://127.0.0.1:9"


def sandbox_adapters() -> list[Adapter]:
    """All five of them; to be closed."""
    return [
        crm_adapter(_NOWHERE, "a-credential"),
        billing_adapter("postgresql://reader:a-password@127.0.0.1:9/billing"),
        register_adapter(_NOWHERE),
        orders_adapter(_NOWHERE, "a-credential"),
        support_adapter(_NOWHERE, "a-credential"),
    ]
