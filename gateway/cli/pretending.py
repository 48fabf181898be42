"""`customer-view serve --sandbox`: a view answered from made-up data, without sources and without a cross-reference."""

from __future__ import annotations

import base64
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.pretending import OPEN_CASE, PretendingCrossReference, WishError, Wishing, pretending_adapters
from gateway.cli.application import find_view, load_gateway
from gateway.cli.pretending_gateway import PretendingGateway
from gateway.cli.serve import serve_gateway
from gateway.cli.whole_view import whole_view
from gateway.command_error import CommandError
from gateway.demo.asking import Question
from gateway.demo.reference import reference
from gateway.gateway import Gateway
from gateway.service import Service
from gateway.serving import run_until_told
from gateway.terminal import open_console
from schema.lock import publish
from schema.model import Model
from schema.problems import ConfigurationError
from schema.problems import Level as ProblemLevel
from schema.verification import Level
from schema.view_check import verify_view
from schema.view_files import LoadedView, read_views
from schema.views import View

__all__ = ["TOKEN", "Sandbox", "Wanted", "level_of", "open_sandbox", "run_sandbox", "situation_of"]

TOKEN = f"cv_{base64.urlsafe_b64encode(sha256(b'customer-view serve --sandbox').digest()).decode().rstrip('=')}"
"""The token of every sandbox: it lets into made-up data alone, and front ends keep it in their settings."""

_EXAMPLE_KEY = "ada"
_USUAL_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 4200, 5173, 8080)
)
"""Where development servers of web pages listen."""

_EXAMPLES = (
    ("any key", "made-up data, the same for the same key every time"),
    ("NULL@{field}", "the source has no value there"),
    ("SOURCE_TIMEOUT@{field}", "that field's source does not answer; any code of a null will do"),
    ("SUBJECT_RESTRICTED@{field}", "the field is withheld"),
    ("SUBJECT_UNKNOWN", "nobody can be shown"),
    ("SLOW@2", "each answer takes two seconds"),
    ("NULL@{field}+SLOW@2#bob", "several of these, and a name that makes it another customer"),
)


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


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A gateway over made-up data, not yet open, and the view that it serves."""

    gateway: Gateway
    view: View
    consumer: str
    example: str = field(repr=False)
    one_field: str = ""


def run_sandbox(app: str | None, wanted: Wanted, host: str | None, port: int | None) -> None:
    """Serve the view from made-up data until the process is told to stop.

    Without an APP it is one of the sandbox's own views of the reference model. Of an APP only model and views are
    read: adapters, consumers and the cross-reference may be missing. A draft is served too.

    Raises:
        CommandError: There is no such gateway or view, a wish cannot be granted, or the address is not to be had.
        ConfigurationError: The model or the view is declared wrongly. Nothing listened.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with tempfile.TemporaryDirectory(prefix="customer-view-sandbox-") as name:
        sandbox = open_sandbox(app, wanted, Path(name))
        run_until_told(serve_gateway(sandbox.gateway, host, port, _telling(sandbox)))


def open_sandbox(app: str | None, wanted: Wanted, folder: Path) -> Sandbox:
    """Return the gateway over made-up data; its declarations are written into the folder, which is the caller's.

    Raises:
        CommandError: There is no such gateway or view, or a wish cannot be granted.
        ConfigurationError: The model or the view is declared wrongly.
    """
    subject, types, views = _declared(app)
    model, loaded = Model(subject, types=types), _view(views, wanted.view)
    errors = [problem for problem in verify_view(loaded, model) if problem.level is ProblemLevel.ERROR]
    if errors:
        raise ConfigurationError(errors)
    view = loaded.view
    try:
        wishing = Wishing(view, model, wanted.always)
    except WishError as error:
        raise CommandError(f"--always cannot be granted: {error}") from None
    answering, *others = pretending_adapters(view, model, wishing, nulls=wanted.nulls)
    gateway = PretendingGateway(
        view,
        wanted.level,
        model=subject,
        types=types,
        adapters=(answering, *others),
        views=_published(loaded, folder),
        crossref=PretendingCrossReference(answering.source, wishing),
        consumers=_consumers(view, wanted.origins, folder),
    )
    example = whole_view(view, model, _EXAMPLE_KEY)
    return Sandbox(gateway, view, view.consumers[0], example, next(iter(wishing.fields), ""))


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
    file.write_text(
        f"- name: {view.consumers[0]}\n  token_sha256: {digest}\n  views: [{view.id}]\n"
        f"  roles: [developer]\n  origins: [{pages}]\n",
        "utf-8",
    )
    return file


def _telling(sandbox: Sandbox) -> Callable[[str, Service], None]:
    def tell(url: str, _service: Service) -> None:
        question = Question(
            url, sandbox.consumer, sandbox.view.name, sandbox.example, {}, TOKEN, situation_of(sandbox.view)
        )
        console = open_console()
        console.print(Text.assemble(("Serving ", ""), (sandbox.view.id, "bold"), " from made-up data."), soft_wrap=True)
        for word, text in (
            ("url", question.url),
            ("token", TOKEN),
            ("schema", _schema(url, sandbox.view)),
            ("page", _page(url, sandbox.view)),
        ):
            console.print(Text.assemble((f"{word:<8}", "dim"), text), soft_wrap=True)
        _print_keys(console, sandbox)
        console.print(f"\n{question.as_curl()}\n\nStop with Ctrl-C.", soft_wrap=True)

    return tell


def situation_of(view: View) -> Mapping[str, str]:
    """Return a situation that the view takes: the first word of each list, and a reference where one is required."""
    rule = view.situation
    words = (("channel", rule.channels), ("journey", rule.journeys), ("objective", rule.objectives))
    named = (("case", rule.case, OPEN_CASE), ("interaction", rule.interaction, "call-1"), ("actor", rule.actor, "ada"))
    told = {name: listed[0] for name, listed in words if listed}
    return told | {name: reference for name, demand, reference in named if demand == "required"}


def _schema(url: str, view: View) -> str:
    return f"{url}/views/{view.name}/schema.graphql"


def _page(url: str, view: View) -> str:
    return f"{url}/views/{view.name}/graphiql"


def _print_keys(console: Console, sandbox: Sandbox) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), title="\nkeys to look up", title_justify="left")
    table.add_column("key", header_style="dim", overflow="fold")
    table.add_column("what comes back", header_style="dim", overflow="fold")
    for key, text in _EXAMPLES:
        if "{field}" not in key or sandbox.one_field:
            table.add_row(Text(key.format(field=sandbox.one_field), "cyan"), text)
    console.print(table)
