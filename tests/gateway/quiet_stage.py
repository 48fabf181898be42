"""The demo's stage with nothing on it that runs: files, people and the gateway, but no source and no server."""

from __future__ import annotations

from pathlib import Path

from adapters.sandbox.people import ANNE, customers
from gateway.demo.asking import open_client
from gateway.demo.sources import Started
from gateway.demo.stage import Cast, Stage
from gateway.demo.workplace import declare_gateway, open_cross_reference, write_access
from tests.gateway.sandbox_adapters import sandbox_adapters

__all__ = ["quiet_stage"]


def quiet_stage(folder: Path) -> Stage:
    """Return it; nobody answers at its address."""
    access = write_access(folder)
    open_cross_reference(folder).close()
    whom = customers()
    others = [one for one in whom if one is not whom[ANNE] and one.billing_keys][:3]
    return Stage(
        "http://127.0.0.1:9",
        folder,
        (Started("crm", "REST", "http://127.0.0.1:9", 1),),
        declare_gateway(folder, sandbox_adapters()),
        Cast(whom[ANNE], *others),
        access.tokens,
        access.verifier,
        open_client(),
    )
