"""`customer-view serve --sandbox`: a view answered from made-up data, without sources and without a cross-reference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from adapters.pretending import PretendingCrossReference, WishError, Wishing, pretending_adapters
from gateway.cli.application import find_view, load_gateway
from gateway.cli.pretending_gateway import PretendingGateway
from gateway.cli.pretending_invitation import invite
from gateway.cli.pretending_sandbox import EXAMPLE_KEY, TOKEN, Sandbox
from gateway.cli.serve import serve_gateway
from gateway.command_error import CommandError
from gateway.demo.reference import reference
from gateway.service import Service
from gateway.serving import run_until_told
from gateway.telemetry.logs import begin_logging
from gateway.terminal import open_console
from gateway.whole_view import whole_view
from schema.lock import publish
from schema.model import Model
from schema.problems import ConfigurationError
from schema.problems import Level as ProblemLevel
from schema.verification import Level
from schema.view_check import verify_view
from schema.view_files import LoadedView, read_views
from schema.views import View

__all__ = ["Wanted", "level_of", "open_sandbox", "run_sandbox"]

_USUAL_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 4200, 5173, 8080)
)
"""Where development servers of web pages listen."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be served: the view by its name, and what is made up.

    `always` are wishes that hold for every key, `nulls` is the share of nullable fields that are null, from 0 to 1.
    `origins` are those of web pages that may ask, beside the usual ones of development servers. `level` is how well
    every customer is verified.
    """

    view: str
    always: Sequence[str] = ()
    nulls: float = 0.0
    origins: Sequence[str] = ()
    level: Level = Level.V3


def run_sandbox(app: str | None, wanted: Wanted, host: str | None, port: int | None) -> None:
    """Serve the view from made-up data until the process is told to stop.

    Without an APP it is one of the sandbox's own views of the reference model. Of an APP only model and views are
    read: adapters, consumers and the cross-reference may be missing. A draft is served too.

    Raises:
        CommandError: There is no such gateway or view, a wish cannot be granted, or the address is not to be had.
        ConfigurationError: The model or the view is declared wrongly. Nothing listened.
    """
    begin_logging()
    with tempfile.TemporaryDirectory(prefix="customer-view-sandbox-") as name:
        sandbox = open_sandbox(app, wanted, Path(name))

        def tell(url: str, _service: Service) -> None:
            invite(open_console(), url, sandbox)

        run_until_told(serve_gateway(sandbox.gateway, host, port, tell))


def open_sandbox(app: str | None, wanted: Wanted, folder: Path) -> Sandbox:
    """Return the gateway over made-up data; its declarations are written into the folder, which is the caller's.

    Raises:
        CommandError: There is no such gateway or view, or a wish cannot be granted.
        ConfigurationError: The model or the view is declared wrongly.
    """
    subject, types, views = _declared(app)
    model, loaded = Model(subject, types=types), _view(views, wanted.view)
    _refuse_wrong(loaded, model)
    view = loaded.view
    try:
        wishing = Wishing(view, model, wanted.always)
    except WishError as error:
        raise CommandError(f"--always cannot be granted: {error}") from None
    answering, *others = pretending_adapters(view, model, wishing, nulls=wanted.nulls)
    gateway = PretendingGateway(
        view,
        wanted.level,
        wishing,
        folder,
        model=subject,
        types=types,
        adapters=(answering, *others),
        views=_published(loaded, folder),
        crossref=PretendingCrossReference(answering.source, wishing),
        consumers=_consumers(view, wanted.origins, folder),
    )
    example = whole_view(view, model, EXAMPLE_KEY)
    return Sandbox(gateway, view, view.consumers[0], wanted.level, example, next(iter(wishing.fields), ""))


def _refuse_wrong(loaded: LoadedView, model: Model) -> None:
    errors = [problem for problem in verify_view(loaded, model) if problem.level is ProblemLevel.ERROR]
    if errors:
        raise ConfigurationError(errors)


def level_of(word: str | None) -> Level:
    """Return the level of this name, the highest for None. Raises CommandError."""
    if word is None or word in Level.__members__:
        return max(Level) if word is None else Level[word]
    raise CommandError(f"There is no level {word!r}: use one of {', '.join(Level.__members__)}")


def _declared(app: str | None) -> tuple[type, Sequence[type], Path]:
    if app is None:
        subject, views = reference()
        return subject, (), views
    declared = load_gateway(app).declared
    return declared.model, declared.types, declared.views


def _view(folder: Path, name: str) -> LoadedView:
    found, problems = read_views(folder)
    try:
        chosen = found.get(find_view([loaded.view for loaded in found.views], name).id)
    except CommandError:
        if problems:  # the view may be one that cannot be read
            raise ConfigurationError(problems) from None
        raise
    assert chosen is not None
    return chosen


def _published(loaded: LoadedView, folder: Path) -> Path:
    """Return a folder in which the view is published, whether or not it is where it comes from."""
    views = folder / "views"
    views.mkdir()
    (views / loaded.path.name).write_bytes(loaded.path.read_bytes())
    publish(views, loaded.view.id)
    return views


def _consumers(view: View, origins: Sequence[str], folder: Path) -> Path:
    file = folder / "consumers.yaml"
    pages = ", ".join(f'"{origin}"' for origin in dict.fromkeys((*_USUAL_ORIGINS, *origins)))
    digest = sha256(TOKEN.encode()).hexdigest()
    opening = () if view.break_glass is None else view.break_glass.roles
    file.write_text(
        f"- name: {view.consumers[0]}\n  token_sha256: {digest}\n  views: [{view.id}]\n"
        f"  roles: [{', '.join(dict.fromkeys(('developer', *opening)))}]\n  origins: [{pages}]\n",
        "utf-8",
    )
    return file
