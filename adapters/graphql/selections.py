"""Which fields of a source's objects are selected for the fields that are wanted, and no others."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.graphql.roots import check_names
from adapters.records import Record, SourcePath, by_head, by_type, is_inline, source_paths

__all__ = ["Selection", "printed", "selection_of", "with_path"]

Selection = dict[str, "Selection | None"]
"""The fields selected: name -> None for a value, or the selection in the object. `... on Type` is such a name, too."""

_TYPE = "__typename"


def selection_of(record: type[Record], fields: Iterable[str]) -> Selection:
    """Return the selection for these fields: dotted paths in the record's words.

    Raises ValueError where one place is read as a value and as an object, and where a name is none that GraphQL has.
    """
    selection: Selection = {}
    _add(selection, record, fields)
    return selection


def with_path(selection: Selection, path: SourcePath) -> Selection:
    """Add the value at the path to the selection, and return the selection."""
    *steps, last = _steps(path)
    if _below(selection, steps).setdefault(last, None) is not None:
        raise _both(last)
    return selection


def printed(selection: Selection) -> str:
    """Return the selection as a document has it; an empty one asks for the type's name, for it must have something."""
    parts = (name if below is None else f"{name} {printed(below)}" for name, below in sorted(selection.items()))
    return f"{{ {' '.join(parts) or _TYPE} }}"


def _add(selection: Selection, record: type[Record], fields: Iterable[str]) -> None:
    if record.record_told_by is not None:
        with_path(selection, record.record_told_by)
    for type_name, paths in by_type(fields).items():
        variant = record.record_variant(type_name) or record
        _add_own(_below(selection, _fragment(record, variant)), variant, paths)


def _fragment(record: type[Record], variant: type[Record]) -> list[str]:
    """Return the step into a concrete type, where the source's records are told apart by GraphQL's own types."""
    if record.record_told_by != _TYPE or variant is record:
        return []
    (word,) = (word for word, one in record.record_variants.items() if one is variant)
    check_names(word)
    return [f"... on {word}"]


def _add_own(selection: Selection, record: type[Record], fields: Iterable[str]) -> None:
    for name, rests in by_head(fields).items():
        info, nested = record.model_fields[name], record.record_nested(name)
        if nested is not None and is_inline(info):
            _add(selection, nested, rests)
            continue
        for path in source_paths(name, info):
            if nested is None:
                with_path(selection, path)
            else:
                _add(_below(selection, _steps(path)), nested, rests)


def _steps(path: SourcePath) -> list[str]:
    """Return the names in a path; a position in a list is none."""
    steps = [path] if isinstance(path, str) else [step for step in path.path if isinstance(step, str)]
    check_names(*steps)
    return steps


def _below(selection: Selection, steps: Iterable[str]) -> Selection:
    for step in steps:
        below = selection.setdefault(step, {})
        if below is None:
            raise _both(step)
        selection = below
    return selection


def _both(name: str) -> ValueError:
    return ValueError(
        f"got {name} read as a value in one field and as an object in another; wanted one of them: a GraphQL document "
        "selects either"
    )
