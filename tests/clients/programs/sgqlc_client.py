"""sgqlc: its endpoint with plain queries, and operations written with classes made from the introspected schema."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sgqlc.endpoint.http import HTTPEndpoint
from sgqlc.operation import Fragment, Operation
from sgqlc.types import Arg, Variable, list_of, non_null

from tests.clients.programs import common

logging.getLogger("sgqlc").setLevel(logging.CRITICAL)  # it logs every error that an answer has


def connect(token: str = common.TOKEN, *, by_itself: bool = False) -> HTTPEndpoint:
    return HTTPEndpoint(common.URL, common.headers(token, by_itself=by_itself))


def ask(name: str, variables: dict[str, Any], endpoint: HTTPEndpoint) -> dict[str, Any]:
    answer: dict[str, Any] = endpoint(common.read(name), variables)
    return answer


def handed(answer: dict[str, Any]) -> dict[str, Any]:
    error = answer["errors"][0]
    if "exception" in error:  # the answer is a text in it
        return {
            "kind": "network",
            "status": error["status"],
            "codes": common.codes(json.loads(error["body"])["errors"]),
        }
    return {"kind": "GraphQL", "codes": common.codes(answer["errors"])}


def generated(folder: Path) -> Any:
    """Return the module that sgqlc makes of the introspected schema."""
    schema, module = folder / "schema.json", folder / "harbour_schema.py"
    bearer = f"Authorization: Bearer {common.TOKEN}"
    tool = [sys.executable, "-m"]
    subprocess.run([*tool, "sgqlc.introspection", "-H", bearer, common.URL, str(schema)], check=True)
    subprocess.run([*tool, "sgqlc.codegen", "schema", str(schema), str(module)], check=True)
    sys.path.insert(0, str(folder))
    return __import__("harbour_schema")


def written(types: Any, endpoint: HTTPEndpoint) -> list[str]:
    """Ask for names with an operation of classes, a variable and a fragment."""
    operation = Operation(
        types.Query, name="Names", variables={"many": Arg(non_null(list_of(non_null(types.VesselBy))))}
    )
    name = Fragment(types.Vessel, "Named")
    name.name()
    operation.vessels(by=Variable("many")).__fragment__(name)
    answer = endpoint(operation, {"many": common.HULL["many"]})
    found = (operation + answer).vessels  # a customer who is null comes as an object without fields
    return [one.name for one in found if hasattr(one, "name")]


def partial(endpoint: HTTPEndpoint) -> dict[str, Any]:
    answer = ask("trouble", common.BERTA, endpoint)
    return {"data": answer["data"], **handed(answer), "withheld": common.withheld(answer["extensions"])}


def refused(endpoint: HTTPEndpoint) -> dict[str, Any]:
    return handed(ask("refused", common.ANNA, endpoint))


endpoint, alone = connect(), connect(by_itself=True)
with tempfile.TemporaryDirectory() as made:
    names = written(generated(Path(made)), endpoint)
common.tell(
    {
        "answered": ask("hull", common.HULL, endpoint)["data"],
        "pages": common.walk(lambda variables: ask("voyages", variables, endpoint)["data"]),
        "partial": partial(endpoint),
        "withheld": common.withheld(ask("withheld", common.BERTA, endpoint)["extensions"]),
        "refused": refused(endpoint),
        "stranger": handed(ask("withheld", common.BERTA, connect(common.STRANGER))),
        "by_itself": {"partial": partial(alone), "refused": refused(alone)},
        "introspected": names == ["Berta"],
    }
)
