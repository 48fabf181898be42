"""The demo's own files: tokens, secret, consumers and cross-reference, made fresh in a folder that goes at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib.resources import files
from pathlib import Path

from adapters.adapter import Adapter
from adapters.crossref import LoadReport, SourceSystem, SqliteCrossReference
from adapters.sandbox.links import LINKED, cross_reference, restrictions
from adapters.sandbox.people import Customer
from gateway.consumers import new_token
from gateway.gateway import Gateway
from gateway.secret_file import load_secrets, new_secret_line
from gateway.settings import Settings
from schema.customer import Customer as Model

__all__ = ["CONSUMERS", "STEWARD", "declare_gateway", "load_customers", "open_cross_reference", "read_query"]
__all__ += ["write_access"]

CONSUMERS: Mapping[str, str] = {"agent-desktop": "support-call", "collections": "debt-collection"}
"""The demo's consumers, each with the view that it is registered for: every published version of it."""

STEWARD = "data-steward"
"""The consumer who decides in the cross-reference, and has no view."""

_CROSS_REFERENCE, _CONSUMERS, _SECRETS = "crossref.db", "consumers.yaml", "secrets.txt"


def read_query(view: str) -> str:
    """Return the query that the demo asks through a view."""
    return (files("adapters.sandbox") / "queries" / f"{view}.graphql").read_text("utf-8")


def write_access(folder: Path) -> Mapping[str, str]:
    """Write the secret file and the consumers' file, and return the consumers' tokens, which stand in no file."""
    (folder / _SECRETS).write_text(f"{new_secret_line()}\n", "ascii")
    tokens, lines = {}, []
    access = {consumer: (view, "developer") for consumer, view in CONSUMERS.items()} | {STEWARD: ("", "steward")}
    for consumer, (view, role) in access.items():
        tokens[consumer], digest = new_token()
        lines.append(f"- name: {consumer}\n  {digest}\n  views: [{view}]\n  roles: [{role}]\n")
    (folder / _CONSUMERS).write_text("".join(lines), "ascii")
    return tokens


def open_cross_reference(folder: Path) -> SqliteCrossReference:
    """Return the cross-reference in the folder, which is made when there is none; to be closed."""
    return SqliteCrossReference.open(folder / _CROSS_REFERENCE, secrets=load_secrets(folder / _SECRETS))


async def load_customers(folder: Path, whom: Sequence[Customer], progress: Callable[[int], None]) -> LoadReport:
    """Make the cross-reference and load every customer with its keys; `progress` is told the customers done so far."""
    with closing(open_cross_reference(folder)) as opened:
        for source in LINKED:
            await opened.register_source(SourceSystem(source), actor="demo")
        rows = cross_reference(whom)
        return await opened.load(rows, actor="demo", restrictions=restrictions(whom), progress=progress)


def declare_gateway(folder: Path, adapters: Sequence[Adapter]) -> Gateway:
    """Return the gateway over these adapters, as an organisation writes its own."""
    return Gateway(
        model=Model,
        adapters=adapters,
        views=Path(str(files("adapters.sandbox"))) / "views",
        crossref=f"sqlite:///{folder / _CROSS_REFERENCE}",
        consumers=folder / _CONSUMERS,
        settings=Settings.from_environment().model_copy(update={"secret_file": folder / _SECRETS}),
    )
