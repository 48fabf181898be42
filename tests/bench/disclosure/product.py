"""The gateway that is measured: the reference model, consents in its CRM, and an audit or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from adapters.answers import Page
from adapters.gates import CONSENT, ConsentRecord
from adapters.http import HttpAdapter, HttpOffer, InQuery
from gateway.secret_file import new_secret_line
from tests.bench.disclosure.verifier import Verifier
from tests.bench.disclosure.views import CONSUMER, write_views
from tests.bench.product.reference import REFERENCE

__all__ = ["DISCLOSURE", "declared", "prepare"]


class _Consent(ConsentRecord):
    valid_from: datetime | None = Field(validation_alias="since")
    valid_until: datetime | None = None


def _adapters(url: str, **how: Any) -> list[HttpAdapter]:
    consents = HttpOffer(
        name="consents",
        serves=CONSENT,
        record=_Consent,
        path="/consent",
        key="customer",
        keys=InQuery("ids"),
        absent=Page,
    )
    return REFERENCE.adapters(url, of_crm=[consents], **how)


DISCLOSURE = replace(REFERENCE, adapters=_adapters)


def prepare(folder: Path, customers: Iterable[int], verifier: Verifier, consumers: Sequence[str] = (CONSUMER,)) -> None:
    """Write into an empty folder what the gateway is declared by, and load its cross-reference of these customers."""
    write_views(folder, DISCLOSURE.fields, consumers)
    verifier.write(folder)
    for name in ("audit", "anchors"):
        (folder / name).mkdir(mode=0o700)
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(new_secret_line() + "\n")
    DISCLOSURE.load(folder, customers)


def declared(folder: Path, *, is_audited: bool) -> Mapping[str, Any]:
    """Return the settings of a gateway over what was prepared in the folder, by name."""
    always = {"verifiers": folder / "verifiers.yaml", "secret_file": folder / "secret"}
    audit = {"audit": folder / "audit", "audit_anchors": folder / "anchors"}
    return {**always, **audit} if is_audited else always
