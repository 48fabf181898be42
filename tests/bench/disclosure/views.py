"""The views that are compared: the same fields of the same customers, under other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from schema.lock import publish
from tests.bench.product.declared import TOKEN

__all__ = ["CONSENT", "CONSUMER", "LEVELS", "MASK", "PLAIN", "path_of", "write_views"]

PLAIN, LEVELS, MASK, CONSENT = "plain", "levels", "mask", "consent"

CONSUMER = "bench"

_VERIFIED = "verification: {methods: [otp], max_age: 86400}\nsituation: {interaction: optional}\n"

_BEGINS: Mapping[str, str] = MappingProxyType({PLAIN: "", LEVELS: _VERIFIED, MASK: _VERIFIED, CONSENT: ""})

_HALF = (
    "Customer.segment",
    "Customer.preferredChannel",
    "Name.given",
    "Name.family",
    "Account.status",
    "Account.daysOverdue",
    "Company.status",
)
"""Some of each source: whoever is not verified costs the sources as many calls as whoever is."""

_RULES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        PLAIN: {},
        LEVELS: dict.fromkeys(_HALF, "{min: V2}"),
        MASK: {"Name.display": "{min: V2, below: initials}"},
        CONSENT: {"Customer.accounts": "{consent: {purpose: DirectMarketing, channel: email}}"},
    }
)

_VIEW = """\
name: {name}
version: 1
title: Benchmark
description: The fields that the benchmark asks for.
owner: Benchmark
review_by: 2099-01-01
purpose: {{dpv: CustomerCare}}
lawful_basis: {{gdpr: A6-1-b}}
consumers: [{consumer}]
lookups: [id]
limits: {{customers: 1000, deadline_ms: 20000, calls: 4000, tokens: 1000, weight: 100000}}
receipt: fields
{begins}fields:
{fields}"""


def path_of(view: str) -> str:
    """Return the path by which a view is asked."""
    return f"/views/{view}/graphql"


def write_views(folder: Path, fields: Mapping[str, str], consumers: Sequence[str] = (CONSUMER,)) -> None:
    """Write the views, for these consumers, and the entry of CONSUMER into the folder; `fields` are names by type."""
    views = folder / "views"
    views.mkdir()
    coordinates = [f"{owner}.{name}" for owner, names in fields.items() for name in names.split()]
    for name, rules in _RULES.items():
        listed = "".join(f"  {one}: {rules.get(one, '')}".rstrip() + "\n" for one in coordinates)
        listing = ", ".join(consumers)
        text = _VIEW.format(name=name, consumer=listing, begins=_BEGINS[name], fields=listed)
        (views / f"{name}@1.yaml").write_text(text)
        publish(views, f"{name}@1")
    digest, allowed = sha256(TOKEN.encode()).hexdigest(), ", ".join(_RULES)
    entry = f"- {{name: {CONSUMER}, token_sha256: {digest}, views: [{allowed}]}}\n"
    (folder / "consumers.yaml").write_text(entry)
