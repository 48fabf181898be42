"""Plans of the tiny model, made as the engine makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resolvers.catalog import Catalog
from resolvers.documents import Documents
from resolvers.plan import Plan, Step
from resolvers.planning import Planner
from schema.view_schema import cut_schema
from tests.resolvers.harbour import ARGUMENTS, FIELDS, MODEL, MemorySource, harbour


def documents(*, tokens: int = 500, without: str = "") -> Documents:
    """The documents of a view of everything; `without` names a source that there is no adapter for."""
    adapters: list[MemorySource] = [source for source in harbour().sources if source.source != without]
    schema = cut_schema(MODEL, (*FIELDS, *ARGUMENTS), ("id", "registry", "sonar"))
    return Documents(schema, Planner(Catalog(adapters), MODEL.python_name), most_tokens=tokens)


def plan(text: str, variables: Mapping[str, Any] | None = None, *, without: str = "") -> Plan:
    """The plan of the one operation of a document."""
    made = documents(without=without)
    document = made.document(text)
    operation = document.operation(None)
    return made.plan(document, operation, made.variables(operation, variables or {}))


def vessel(fields: str) -> Plan:
    """The plan of fields of one vessel."""
    return plan(f'{{ vessel(by: {{id: "v1"}}) {{ {fields} }} }}')


def told(step: Step) -> str:
    """A step in one line, such as `states.flags@2 code,state <- 0:flag`."""
    origins = [
        origin.keyspace if hasattr(origin, "keyspace") else f"{origin.step}:{origin.path}{'*' * origin.is_many}"
        for origin in step.keys_from
    ]
    return f"{step.source}.{step.offer.name}@{step.depth} {','.join(step.fields)} <- {' '.join(origins)}"


def steps(fields: str) -> list[str]:
    """The steps that fields of one vessel need."""
    return [told(step) for step in vessel(fields).steps]
