"""Receipts held against their published schema, and what of them does not depend on the time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

__all__ = ["SCHEMA", "check_receipt", "timeless"]

SCHEMA: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "receipt.schema.json").read_text(encoding="utf-8")
)
"""The JSON Schema of receipts. It lets members pass that it does not know; the tests do not."""


def check_receipt(receipt: object) -> None:
    """Raise ValidationError unless a receipt is as the schema says, and has no member that the schema does not."""
    _validator().validate(receipt)


def timeless(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt without what it says of times."""
    sources = [{name: one[name] for name in one if name not in ("ms", "waitedMs")} for one in receipt["sources"]]
    return {**receipt, "ms": None, "sources": sources}


@cache
def _validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(_strict(SCHEMA), format_checker=Draft202012Validator.FORMAT_CHECKER)


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(one) for name, one in schema.items()}
    return {"additionalProperties": False, **strict} if isinstance(schema.get("properties"), dict) else strict
