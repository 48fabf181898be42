"""The schema of the other gateways, in the spellings that some of them want."""

from __future__ import annotations

import pytest
from graphql import GraphQLObjectType, build_schema, parse

from tests.bench.peers.schemas import SCHEMA, json_schemas, record_types

RECORDS = {"Account", "Invoice", "Profile", "Support", "Ticket"}


@pytest.mark.parametrize("config", ["batching", "single"])
def test_tailcalls_types_are_those_of_the_others(config: str) -> None:
    """Its own file ends where they begin, and none stands twice."""
    written = (SCHEMA.parent / "tailcall" / f"{config}.graphql").read_text() + record_types()
    names = [one.name.value for one in parse(written).definitions if hasattr(one, "name") and one.name]
    assert len({*names}) == len(names)
    assert {*names} == {"Query", "Customer", "CustomerRow", *RECORDS}


def test_hives_types_are_those_of_the_others() -> None:
    """Every field of every record, and a list of each record."""
    schema, told = build_schema(SCHEMA.read_text()), json_schemas()["definitions"]
    assert {*told} == RECORDS | {f"{name}s" for name in RECORDS}
    for name in RECORDS:
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        assert [*told[name]["properties"]] == [*type_.fields]
    assert told["Accounts"] == {"type": "array", "items": {"$ref": "#/definitions/Account"}}
    assert told["Account"]["properties"]["invoices"] == {"type": "array", "items": {"$ref": "#/definitions/Invoice"}}
    assert told["Invoice"]["properties"]["amount"] == {"type": "number"}
    assert told["Invoice"]["properties"]["id"] == {"type": "string"}
