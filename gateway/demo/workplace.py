"""The demo's own files: tokens, secret, consumers and cross-reference, made fresh in a folder that goes at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from adapters.adapter import Adapter
from adapters.crossref import LoadReport, SourceSystem, SqliteCrossReference
from adapters.sandbox.links import LINKED, cross_reference, restrictions
from adapters.sandbox.people import Customer
from gateway.audit import Disclosures
from gateway.consumers import new_token
from gateway.demo.verifier import AUDIENCE, ISSUER, Verifier
from gateway.gateway import Gateway
from gateway.secret_file import load_secrets, new_secret_line
from gateway.settings import Settings
from gateway.signatures import PrivateKey
from gateway.verification.signing import write_signing_key, write_verifiers
from schema.customer import Customer as Model

__all__ = [
    "AUDIT_FOLDER",
    "CONSUMERS",
    "MORE_CONSUMERS",
    "OFFICER",
    "OPERATOR",
    "STEWARD",
    "Access",
    "declare_gateway",
    "load_customers",
]
__all__ += ["open_cross_reference", "read_query", "write_access"]

CONSUMERS: Mapping[str, str] = {"agent-desktop": "support-call", "collections": "debt-collection"}
"""The first of the demo's consumers, each with the view that it is registered for: every published version of it."""

MORE_CONSUMERS: Mapping[str, str] = {
    "voice-desk": "support-call",
    "newsletter-sender": "newsletter",
    "customer-app": "self-service",
    "fraud-desk": "fraud-review",
}
"""Those whose views ask how well a customer is verified, what was agreed to, or for a reason; in the same way."""

STEWARD, OFFICER, OPERATOR = "data-steward", "privacy-office", "operations"
"""The consumers who decide in the cross-reference, look after privacy, and run it all; they have no view."""

_ROLES = {
    "fraud-desk": ("developer", "fraud-lead"),
    STEWARD: ("steward",),
    OFFICER: ("privacy-officer",),
    OPERATOR: ("operator",),
}
_USUAL_ROLES = ("developer",)

AUDIT_FOLDER = "audit"
"""Where requests are recorded, in the demo's folder."""

_CROSS_REFERENCE, _CONSUMERS, _SECRETS, _ANCHORS = "crossref.db", "consumers.yaml", "secrets.txt", "anchors"
_VERIFIERS, _SIGNING_KEY = "verifiers.yaml", "idv.jwk"
_METHODS = ("otp", "app", "kba")


@dataclass(frozen=True, slots=True)
class Access:
    """The consumers' tokens, which stand in no file, and who verifies customers."""

    tokens: Mapping[str, str] = field(repr=False)
    verifier: Verifier


def read_query(name: str) -> str:
    """Return a query that the demo asks, by the view or the consumer that it is named after."""
    return (files("adapters.sandbox") / "queries" / f"{name}.graphql").read_text("utf-8")


def write_access(folder: Path) -> Access:
    """Write the secret file, the consumers' and the verifiers', and make the folders of the audit."""
    (folder / _SECRETS).write_text(f"{new_secret_line()}\n", "ascii")
    for name in (AUDIT_FOLDER, _ANCHORS):
        (folder / name).mkdir(mode=0o700)
    viewing = {**CONSUMERS, **MORE_CONSUMERS}
    tokens, lines = {}, []
    for consumer in (*viewing, STEWARD, OFFICER, OPERATOR):
        tokens[consumer], digest = new_token()
        roles = ", ".join(_ROLES.get(consumer, _USUAL_ROLES))
        lines.append(f"- name: {consumer}\n  {digest}\n  views: [{viewing.get(consumer, '')}]\n  roles: [{roles}]\n")
    (folder / _CONSUMERS).write_text("".join(lines), "ascii")
    return Access(tokens, _write_verifier(folder))


def _write_verifier(folder: Path) -> Verifier:
    """Write who verifies customers and its keys: whoever runs the demo can sign with them for as long as it is up."""
    key, file = PrivateKey.generate("EdDSA", "idv-1"), folder / _SIGNING_KEY
    write_signing_key(key, file)
    write_verifiers(folder, key, ISSUER, AUDIENCE, _METHODS)
    return Verifier(key, file)


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
        adapters=[*adapters, Disclosures()],
        views=Path(str(files("adapters.sandbox"))) / "views",
        crossref=f"sqlite:///{folder / _CROSS_REFERENCE}",
        consumers=folder / _CONSUMERS,
        settings=Settings.from_environment().model_copy(
            update={
                "secret_file": folder / _SECRETS,
                "verifiers": folder / _VERIFIERS,
                "audit": folder / AUDIT_FOLDER,
                "audit_anchors": folder / _ANCHORS,
            }
        ),
    )
