"""Structs made from places in JSON: what is read of an object, member by member, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct
from pydantic import AliasPath

from adapters.leaves import UncoveredError
from adapters.records import SourcePath

__all__ = ["Members", "steps_of"]


@dataclass(slots=True)
class _Member:
    """One member of a JSON object: a value of this type, or an object on the way to one.

    `is_plain` says that a value is text or a whole number just as the source has it, or None; `is_sealed` that a struct
    holds it already.
    """

    attribute: str
    annotation: Any = None
    default: Any = NODEFAULT
    is_plain: bool = False
    inside: Members | None = None
    is_sealed: bool = False

    @property
    def is_new(self) -> bool:
        return not self.is_sealed or (self.inside is not None and self.inside.has_new)

    @property
    def is_needed(self) -> bool:
        return self.inside.are_needed if self.inside is not None else self.default is NODEFAULT


@dataclass(slots=True)
class Members:
    """What is read of one JSON object, by the source's names. Attributes are named by us and numbered."""

    named: dict[str, _Member] = field(default_factory=dict)

    @property
    def are_needed(self) -> bool:
        """Return whether the object must be there."""
        return any(member.is_needed for member in self.named.values())

    @property
    def has_new(self) -> bool:
        """Return whether anything was placed since the members were sealed."""
        return any(member.is_new for member in self.named.values())

    def seal(self) -> None:
        """Take all that was placed so far to stand already in the struct that further ones are made from."""
        for member in self.named.values():
            member.is_sealed = True
            if member.inside is not None:
                member.inside.seal()

    def put(self, path: Sequence[str], name: str, annotation: Any, default: Any, *, is_plain: bool = False) -> str:
        """Place a value and return the path of attributes that leads to it, or raise UncoveredError.

        `annotation` is what msgspec decodes at the path, `default` counts where nothing stands there (NODEFAULT: then
        the whole is refused). One place can be read twice, but not in two ways.
        """
        head, rest = path[0], path[1:]
        if rest:
            on_the_way = self.named.setdefault(head, _Member(f"at_{len(self.named)}", inside=Members()))
            if on_the_way.inside is None:
                raise UncoveredError
            inner = on_the_way.inside.put(rest, name, annotation, default, is_plain=is_plain)
            return f"{on_the_way.attribute}.{inner}"
        new = _Member(f"{name}_{len(self.named)}", annotation, default, is_plain)
        member = self.named.setdefault(head, new)
        if member is not new and (member.inside or (member.annotation, member.default) != (annotation, default)):
            raise UncoveredError
        return member.attribute

    def plain(self, path: Sequence[str]) -> str | None:
        """Return the path of attributes that leads to the plain value at a place, None where there is nothing yet.

        Raises UncoveredError where something else stands there.
        """
        member = self.named.get(path[0])
        if member is None:
            return None
        if member.inside is not None and len(path) > 1:
            inner = member.inside.plain(path[1:])
            return inner and f"{member.attribute}.{inner}"
        if not member.is_plain or len(path) > 1:
            raise UncoveredError
        return member.attribute

    def struct(self, name: str, base: type[Struct], namespace: dict[str, Any]) -> Any:
        """Return the struct class, or raise ValueError where a source's name holds what msgspec cannot look for."""
        return _struct(self.named, name, base, namespace)

    def further_struct(self, name: str, base: type[Struct], namespace: dict[str, Any]) -> Any:
        """Return the struct class as `struct` does; what was sealed is the base's, and not made again."""
        new = {source: member for source, member in self.named.items() if member.is_new}
        return _struct(new, name, base, namespace)


def _struct(named: Mapping[str, _Member], name: str, base: type[Struct], namespace: dict[str, Any]) -> Any:
    fields = []
    for source, member in named.items():
        annotation, default = member.annotation, {"default": member.default}
        if member.inside is not None:
            annotation = member.inside.struct(f"{name}_{member.attribute}", Struct, {})
            default = {} if member.is_needed else {"default_factory": annotation}
        fields.append((member.attribute, annotation, msgspec.field(name=source, **default)))
    return msgspec.defstruct(
        name, fields, bases=(base,), namespace=namespace, frozen=True, gc=False, eq=False, kw_only=True
    )


def steps_of(path: SourcePath) -> Sequence[str]:
    """Return the names that lead to a place, or raise UncoveredError where one is a place in a list."""
    steps = path.path if isinstance(path, AliasPath) else [path]
    names = [step for step in steps if isinstance(step, str)]
    if len(names) < len(steps):
        raise UncoveredError
    return names
