"""The commands that print something to keep: SDL, the views' JSON Schema, tokens, secrets, and a view's publication."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gateway.cli.application import load_gateway, read_application
from gateway.cli.codes import REASONS, REFUSALS, print_codes
from gateway.cli.problems import print_problems
from gateway.command_error import CommandError
from gateway.consumers import is_source, new_token
from gateway.secret_file import new_secret_line
from gateway.sources import SourcesFile
from gateway.terminal import open_console
from schema.caller import OPERATOR, CrossrefRole
from schema.lock import LOCK_FILE, Lock, publish
from schema.problems import ConfigurationError
from schema.suggest import did_you_mean
from schema.view_comparing import sdl_of
from schema.view_files import ViewFolder, read_views
from schema.views import View, is_slug

__all__ = ["print_schema", "print_sdl", "print_secret", "print_sources_schema", "print_token", "run_publish"]


def print_sdl(app: str, view_name: str | None, *, codes: bool) -> None:
    """Print the SDL of a view, or of the whole model, with `codes` followed by the enums of codes.

    Raises CommandError: There is no such gateway or view, or the model has a type of the name of an enum of codes.
    """
    application = read_application(app)
    model = application.model
    print(model.sdl() if view_name is None else sdl_of(application.view(view_name), model))
    if not codes:
        return
    for name in (REASONS, REFUSALS):
        if name in model.schema.type_map:
            raise CommandError(f"the model has a type {name} of its own: print its SDL without --codes")
    print(f"\n{print_codes()}")


def print_schema() -> None:
    """Print the JSON Schema of a view's file."""
    print(json.dumps(View.json_schema(), indent=2, ensure_ascii=False))


def print_sources_schema() -> None:
    """Print the JSON Schema of the file of sources."""
    print(json.dumps(SourcesFile.json_schema(), indent=2, ensure_ascii=False))


def print_token(
    name: str, views: Sequence[str], roles: Sequence[str], sources: Sequence[str], *, as_json: bool
) -> None:
    """Print a fresh token, once, and the lines that make it known.

    Raises CommandError: What is given cannot be that of a consumer, or is one that may do nothing.
    """
    if not is_slug(name):
        raise CommandError(f"got the name {name!r}; wanted lower-case words joined by hyphens, such as agent-desktop")
    _check_roles(views, roles)
    _check_sources(roles, sources)
    lists = {"views": [*views] if views or roles else ["name-of-a-view"]}
    lists |= {
        each: [*dict.fromkeys(given)] for each, given in (("roles", roles), ("crossref_sources", sources)) if given
    }
    token, digest = new_token()
    if as_json:
        entry = {"name": name, "token_sha256": digest.partition(": ")[2], **lists}
        print(json.dumps({"token": token, "consumer": entry}, indent=2))
        return
    print(f"The token of {name}. It is shown this once and kept nowhere; hand it over by a safe way:\n\n{token}\n")
    told = "".join(f"\n  {each}: [{', '.join(given)}]" for each, given in lists.items())
    print(f"Add to consumers.yaml:\n\n- name: {name}\n  {digest}{told}")


def _check_roles(views: Sequence[str], roles: Sequence[str]) -> None:
    if not all(map(is_slug, roles)):
        raise CommandError("got a --role that is none; wanted lower-case words joined by hyphens, such as steward")
    known = [*map(str, CrossrefRole), OPERATOR]
    if roles and not views and not set(roles).intersection(known):
        wanted = f"wanted one of: {', '.join(known)}; or give --view too"
        advice = did_you_mean(roles[0], known, wanted)
        raise CommandError(f"got the role {roles[0]!r}, by which alone a consumer may do nothing; {advice}")


def _check_sources(roles: Sequence[str], sources: Sequence[str]) -> None:
    if not all(map(is_source, sources)):
        raise CommandError("got a --source that is none; wanted a source of the cross-reference, such as crm")
    if sources and CrossrefRole.STEWARD not in roles:
        raise CommandError(f"got a --source, and sources are for a steward; give --role {CrossrefRole.STEWARD} too")


def print_secret(version: int) -> None:
    """Print a line for the secret file, with a fresh secret."""
    print(new_secret_line(version))


def run_publish(app: str, view_id: str) -> bool:
    """Publish a view, and return whether that could be done: what keeps it from being served is printed.

    Raises CommandError: There is no such gateway, or the view is named without its version.
    """
    gateway = load_gateway(app)
    folder = gateway.declared.views
    views = read_views(folder)[0]
    _check_has_version(view_id, views)
    loaded = views.get(view_id)
    errors = gateway.check().errors
    of_view = [each for each in errors if loaded is None or each.file in (str(loaded.path), str(folder / LOCK_FILE))]
    was_published = False
    try:
        if not of_view:
            was_published = loaded is not None and Lock.read(folder).is_published(loaded.view)
            publish(folder, view_id)
    except ConfigurationError as error:
        of_view = list(error.problems)
    if of_view:
        print_problems(open_console(stderr=True), of_view)
        return False
    if was_published:
        print(f"{view_id} was published already; nothing changed.")
        return True
    kept = f"Keep the view's file and {LOCK_FILE} under version control; the file may not change any more."
    print(f"{view_id} is published in {folder / LOCK_FILE}. {kept}")
    return True


def _check_has_version(view_id: str, views: ViewFolder) -> None:
    versions = " or ".join(loaded.view.id for loaded in views.versions(view_id))
    if versions:
        raise CommandError(f"got {view_id!r} without a version; name the version: {versions}")
