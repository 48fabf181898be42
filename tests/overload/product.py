"""The gateway under load: the benchmark's model and sources, two classes of consumers, and two seconds for each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from gateway.gateway import Gateway
from gateway.settings import Settings
from schema.lock import publish
from tests.bench.disclosure.verifier import Verifier
from tests.bench.product.reference import REFERENCE

__all__ = ["CUSTOMERS", "DEADLINE_MS", "KINDS", "TOKENS", "from_environment", "path_of", "prepare"]

CUSTOMERS = 1_000
"""The customers who are asked of."""

DEADLINE_MS = 2_000

WHOLE, LEVELS = "whole", "levels"
KINDS = (WHOLE, LEVELS)
"""The views: one that shows all, and one that withholds names, for nobody is verified."""

TOKENS: Mapping[str, str] = MappingProxyType({"desk": "cv_" + "d" * 43, "batch": "cv_" + "b" * 43})
"""The consumers' tokens; nobody waits for the answers of the batch."""

_CLASSES = {"desk": "interactive", "batch": "bulk"}

_VIEW = """\
name: {name}
version: 1
title: Overload
description: The fields that are asked for under load.
owner: Overload
review_by: 2099-01-01
purpose: {{dpv: CustomerCare}}
lawful_basis: {{gdpr: A6-1-b}}
consumers: [desk, batch]
lookups: [id]
limits: {{customers: 100, deadline_ms: {deadline}, calls: 400, tokens: 1000, weight: 100000}}
receipt: fields
{begins}fields:
{fields}"""
_VERIFIED = "verification: {methods: [otp], max_age: 86400}\nsituation: {interaction: optional}\n"


def path_of(view: str) -> str:
    """Return the path by which a view is asked."""
    return f"/views/{view}/graphql"


def prepare(folder: Path) -> None:
    """Write the views and consumers into an empty folder, and load a cross-reference."""
    views = folder / "views"
    views.mkdir()
    for view in KINDS:
        (views / f"{view}@1.yaml").write_text(_declared(view))
        publish(views, f"{view}@1")
    entries = [
        f"- {{name: {name}, token_sha256: {sha256(token.encode()).hexdigest()}, views: [{', '.join(KINDS)}], "
        f"class: {_CLASSES[name]}}}\n"
        for name, token in TOKENS.items()
    ]
    (folder / "consumers.yaml").write_text("".join(entries))
    Verifier().write(folder)
    REFERENCE.load(folder, range(CUSTOMERS))


def _declared(view: str) -> str:
    rules = {f"Name.{name}": " {min: V2}" for name in ("display", "given")} if view == LEVELS else {}
    coordinates = [f"{owner}.{name}" for owner, names in REFERENCE.fields.items() for name in names.split()]
    fields = "".join(f"  {one}:{rules.get(one, '')}\n" for one in coordinates)
    begins = _VERIFIED if view == LEVELS else ""
    return _VIEW.format(name=view, deadline=DEADLINE_MS, begins=begins, fields=fields)


def from_environment() -> Gateway:
    """Return the gateway over the sources at OVERLOAD_SOURCES and what OVERLOAD_FOLDER holds."""
    folder = Path(os.environ["OVERLOAD_FOLDER"])
    settings = Settings(verifiers=folder / "verifiers.yaml")
    return REFERENCE.gateway(os.environ["OVERLOAD_SOURCES"], folder, settings=settings)
