"""Plans of the tiny model, made as the engine makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.adapter import Adapter
from resolvers.catalog import Catalog
from resolvers.documents import Documents
from resolvers.kept import Kept
from resolvers.plan import Plan
from resolvers.planning import Planner
from resolvers.policy import Rules
from resolvers.steps import Step
from schema.identifiers import IdentifierType
from schema.view_schema import cut_schema
from schema.views import Limits
from tests.resolvers.harbour import harbour
from tests.resolvers.vessels import ARGUMENTS, FIELDS, MODEL, view


def all_but(source: str) -> list[Adapter]:
    """The adapters of the harbour without one."""
    return [one for one in harbour().sources if one.source != source]


def documents(
    *,
    tokens: int = 500,
    adapters: Sequence[Adapter] | None = None,
    kept: Kept | None = None,
    within: Limits | None = None,
) -> Documents:
    """The documents of a view of everything, `within` other limits than its own."""
    schema = cut_schema(MODEL, (*FIELDS, *ARGUMENTS), ("id", "registry", "sonar"), list(IdentifierType))
    catalog = Catalog(harbour().sources if adapters is None else adapters)
    return Documents(
        schema, Planner(catalog, MODEL), kept or Kept(), within or limits(tokens=tokens), Rules(view(), "Vessel.id")
    )


def limits(**changes: int) -> Limits:
    """The limits of the view of everything, changed as said, whether or not a view may have such ones."""
    return view().limits.model_copy(update=changes)


def plan(text: str, variables: Mapping[str, Any] | None = None, *, adapters: Sequence[Adapter] | None = None) -> Plan:
    """The plan of the one operation of a document."""
    made = documents(adapters=adapters)
    document = made.document(text)
    operation = document.operation(None)
    return made.plan(document, operation, made.variables(document, operation, variables or {})).plan


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
