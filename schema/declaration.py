"""A YAML document checked against the Pydantic model that it declares, with problems that say how to mend it.

What a problem says is wanted comes from the descriptions in the model's JSON Schema, so that the published schema, an
editor that uses it and `check` speak with one voice. A value that the schema marks `writeOnly` is never shown, nor is
what stands in place of a key in a mapping that is marked so, unless it is a plain word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from schema.problems import ConfigurationError, Problem
from schema.suggest import did_you_mean, nearest
from schema.yaml_file import Document, Place

__all__ = ["each_once", "read_declaration", "said", "shown"]

_SAID = "said"
# shorter than any token: one that was pasted into the wrong place is not printed
_SHOWN = 44
_FEW = 10
_MOST_TOLD = 100
"""Problems of one file: nobody reads more, and each takes time."""

_WORD = re.compile(r"[a-z_]{1,20}")
"""An unknown key that may be shown where values are not."""

_Item = TypeVar("_Item")
_Declared = TypeVar("_Declared", bound=BaseModel)


def read_declaration(document: Document, model: type[_Declared]) -> _Declared:
    """Return what the document declares. Raises ConfigurationError, holding every problem found."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        reading = _Reading(document, model.model_json_schema())
        around = {each["loc"][:steps] for each in details for steps in range(len(each["loc"]))}
        # a list of which an item is wrong also counts as too short
        told = [each for each in details if each["loc"] not in around]
        told, untold = told[:_MOST_TOLD], len(told[_MOST_TOLD:])
        meant = {reading.meant(each["loc"]) for each in told if each["type"] == "extra_forbidden"}
        problems = [reading.problem(each) for each in told if each["type"] != "missing" or each["loc"] not in meant]
        problems += [_more(document.file, untold)] if untold else []
    raise ConfigurationError(problems)


def each_once(items: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """Return the items, for a Pydantic validator; refuse them when one stands twice."""
    if len(set(items)) < len(items):
        raise said("every entry once")
    return items


def said(wanted: str) -> PydanticCustomError:
    """Return an error for a Pydantic validator to raise, with what is wanted instead of the field's description."""
    return PydanticCustomError(_SAID, "{wanted}", {"wanted": wanted})


def _more(file: str, count: int) -> Problem:
    got = f"{count} more problem{'s' if count > 1 else ''} of the same file"
    return Problem(file, None, got, "a file without them", "correct those above first")


def shown(value: object) -> str:
    """Return a value as a message may show it: short texts and numbers themselves, of everything else the kind."""
    match value:
        case None:
            return "nothing"
        case str():
            return repr(value) if len(value) <= _SHOWN else f"a text of {len(value)} characters"
        case dict():
            return "a mapping"
        case list():
            return "a list" if value else "an empty list"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step + 1}]"
    return f".{step}" if len(step) <= _SHOWN else ".…"


def _advice(value: object, choices: Sequence[str]) -> str:
    # of a few choices the message names them all; the nearest one is no advice where one letter is another law
    if isinstance(value, str) and len(choices) > _FEW:
        return did_you_mean(value, choices, "correct the value")
    return "correct the value"


@dataclass(frozen=True, slots=True)
class _Reading:
    """A document and the JSON Schema that it does not meet."""

    document: Document
    schema: Mapping[str, Any]

    def problem(self, error: ErrorDetails) -> Problem:
        """Return one of Pydantic's errors as a problem."""
        if error["loc"][-1:] == ("[key]",):
            return self._bad_key(error["loc"][:-1])
        match error["type"]:
            case "extra_forbidden":
                return self._unknown(error["loc"])
            case "missing":
                return self._missing(error["loc"])
        return self._bad_value(error["loc"], error["msg"] if error["type"] == _SAID else "")

    def meant(self, place: Place) -> Place:
        """Return the place of the key that an unknown one probably is."""
        return (*place[:-1], nearest(str(place[-1]), self._node(place[:-1]).get("properties", {})) or "")

    def _unknown(self, place: Place) -> Problem:
        node, key = self._node(place[:-1]), str(place[-1])
        known = node.get("properties", {})
        wanted = f"one of: {', '.join(known)}"
        if node.get("writeOnly") and not _WORD.fullmatch(key):  # a value may stand where a key should
            return self._at(place[:-1], "an unknown key that is not shown", wanted, "remove it", at=place)
        return self._at(place, f"the unknown key {shown(key)}", wanted, did_you_mean(key, known, "remove it"))

    def _missing(self, place: Place) -> Problem:
        return self._at(place, f"no {place[-1]}", self._wanted(place), f"add `{place[-1]}:`")

    def _bad_key(self, place: Place) -> Problem:
        wanted = self._node(place[:-1]).get("propertyNames", {}).get("description", "another key")
        return self._at(place, f"the key {shown(str(place[-1]))}", wanted, "correct the key")

    def _bad_value(self, place: Place, said: str) -> Problem:
        node, value = self._node(place), self._value(place)
        is_hidden = node.get("writeOnly") and not isinstance(value, dict | list | None)  # of these the kind is shown
        got = "a value that is not shown" if is_hidden else shown(value)
        return self._at(place, got, said or self._wanted(place), _advice(value, node.get("enum", ())))

    def _at(self, place: Place, got: str, wanted: str, mend: str, *, at: Place | None = None) -> Problem:
        line = self.document.line_of(at or place)
        name = "".join(map(_step, place)).lstrip(".")
        return Problem(self.document.file, line, f"{got} ({name})" if name else got, wanted, mend)

    def _wanted(self, place: Place) -> str:
        if not place and "properties" in self.schema:
            return f"a mapping with the keys {', '.join(self.schema['properties'])}"
        return str(self._node(place).get("description", "another value"))

    def _value(self, place: Place) -> object:
        value = self.document.data
        for step in place:
            value = value[step]
        return value

    def _node(self, place: Place) -> Mapping[str, Any]:
        """Return the part of the JSON Schema that describes the place."""
        node: Mapping[str, Any] = self.schema
        for step in place:
            node = self._inside(node, step)
        return self._referred(node)

    def _inside(self, node: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
        inner = self._referred(node)
        child = inner["items"] if isinstance(step, int) else inner.get("properties", {}).get(step)
        return child if child is not None else inner.get("additionalProperties") or {}

    def _referred(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the node with what it refers to merged in; its own words come before those of the definition."""
        for option in self._options(node):
            if "$ref" in option:
                definition = self.schema["$defs"][option["$ref"].rpartition("/")[2]]
                return {**definition, **node}
            if "items" in option:  # a list, or nothing
                return {**option, **node}
        return node

    def _options(self, node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield node
        yield from node.get("anyOf", ())
