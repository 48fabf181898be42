"""`customer-view sdl --diff`: what changed between two versions of a view, or of the model since a file was kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.application import Application, read_application
from gateway.cli.codes import REASONS, REFUSALS, print_codes
from gateway.command_error import CommandError
from gateway.terminal import open_console
from schema.comparing import Change, Effect, compare_sdl
from schema.lock import Lock
from schema.view_comparing import compare_views, sdl_of
from schema.views import View

__all__ = ["run_diff"]

_ENDINGS = (".gql", ".graphql", ".graphqls")
_COLOURS = {Effect.BREAKING: "bold red", Effect.DANGEROUS: "yellow", Effect.NOTE: "cyan", Effect.SAFE: "green"}


@dataclass(frozen=True, slots=True)
class _Compared:
    """What changed from `before` to `after`. `may_break` says that `after` is a published version of its own."""

    before: str
    after: str
    may_break: bool
    changes: Sequence[Change]

    @property
    def is_fine(self) -> bool:
        return self.may_break or not any(change.effect is Effect.BREAKING for change in self.changes)


def run_diff(app: str, first: str | None, second: str | None, *, as_json: bool) -> bool:
    """Print what changed, and return whether nothing breaks that is not published as a version of its own.

    `first` and `second` name views, versions of views, or a file with SDL that was kept; without any every view is held
    against the newest published version before it.

    Raises CommandError: There is no such gateway, view or file, or the file holds no schema.
    """
    comparing = _Comparing(read_application(app))
    compared = list(comparing.all_views() if first is None else comparing.chosen(first, second))
    if as_json:
        print(json.dumps(_members(compared), indent=2))
    else:
        _print(open_console(), compared)
    return all(one.is_fine for one in compared)


class _Comparing:
    def __init__(self, application: Application) -> None:
        self._application, self._model = application, application.model
        lock = Lock.read(application.gateway.declared.views)
        self._published = [view for view in application.views if lock.is_published(view)]

    def all_views(self) -> Iterator[_Compared]:
        for view in self._application.views:
            yield from self._since_published(view)

    def chosen(self, first: str, second: str | None) -> Iterator[_Compared]:
        names = [name for name in (first, second) if name is not None]
        files = [name for name in names if name.endswith(_ENDINGS)]
        views = [self._application.view(name) for name in names if name not in files]
        if len(files) > 1:
            raise CommandError(f"got two files, {files[0]} and {files[1]}; wanted a view, or nothing for the model")
        if files:
            yield self._since_file(files[0], views[0] if views else None)
        elif len(views) == 1:
            yield from self._since_published(views[0])
        else:
            yield self._between(*_in_order(*views))

    def _since_published(self, view: View) -> Iterator[_Compared]:
        earlier = [one for one in self._published if one.name == view.name and one.version < view.version]
        if earlier:
            yield self._between(max(earlier, key=lambda one: one.version), view)

    def _between(self, before: View, after: View) -> _Compared:
        changes = compare_views(before, after, self._model)
        return _Compared(before.id, after.id, after in self._published, changes)

    def _since_file(self, file: str, view: View | None) -> _Compared:
        kept = _read(file)
        now = self._model.sdl() if view is None else sdl_of(view, self._model)
        if any(f"enum {name} " in kept for name in (REASONS, REFUSALS)):
            now += f"\n{print_codes()}"
        try:
            changes = compare_sdl(kept, now)
        except (GraphQLError, TypeError) as error:
            said = " ".join(str(error).split())[:300]
            raise CommandError(f"{file} holds no schema: {said}") from None
        return _Compared(file, "the model" if view is None else view.id, False, changes)


def _in_order(view: View, other: View) -> tuple[View, View]:
    """Return what is before and what is after: of one view the older version, else the other view."""
    is_newer = view.name != other.name or view.version >= other.version
    return (other, view) if is_newer else (view, other)


def _read(file: str) -> str:
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        kept = "Keep one with: customer-view sdl APP > model.graphql"
        raise CommandError(f"The SDL cannot be read from {file} ({type(error).__name__}). {kept}") from None


def _members(compared: Sequence[_Compared]) -> dict[str, Any]:
    return {"ok": all(one.is_fine for one in compared), "compared": [_one(one) for one in compared]}


def _one(compared: _Compared) -> dict[str, Any]:
    return {
        "before": compared.before,
        "after": compared.after,
        "published": compared.may_break,
        "ok": compared.is_fine,
        **_counts(compared.changes),
        "changes": [
            {"effect": str(one.effect), "code": one.code, "place": one.place, "text": one.text}
            for one in compared.changes
        ],
    }


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    counted = Counter(change.effect for change in changes)
    return {str(effect): counted[effect] for effect in Effect}


def _print(console: Console, compared: Sequence[_Compared]) -> None:
    if not compared:
        console.print(
            "Nothing to compare: there is no earlier version that is published. Name two to compare: APP VIEW@2 VIEW@1",
            soft_wrap=True,
        )
    for one in compared:
        counts = ", ".join(f"{count} {effect}" for effect, count in _counts(one.changes).items() if count)
        title = Text.assemble(one.before, " -> ", (one.after, "bold"), f": {counts or 'no change'}")
        console.print(title, soft_wrap=True)
        if one.changes:
            console.print(_table(one.changes))
        if not one.is_fine:
            console.print(Text(_refusal(one), "bold red"), soft_wrap=True)


def _table(changes: Sequence[Change]) -> Table:
    table = Table(box=box.ROUNDED)
    for name in ("effect", "where", "what"):
        table.add_column(name, overflow="fold")
    for change in changes:
        table.add_row(Text(str(change.effect), _COLOURS[change.effect]), Text(change.place), Text(change.text))
    return table


def _refusal(compared: _Compared) -> str:
    if compared.before.endswith(_ENDINGS):
        return f"Breaking: undo it, or keep the new SDL in {compared.before} when everybody has changed over."
    return f"Breaking, and {compared.after} is not published: publish it when it is meant so, or undo it."
