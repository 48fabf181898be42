"""Finds the gateway that a command is about: APP, written `module:attribute`."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_paths
from traceback import FrameSummary, extract_tb
from types import ModuleType

from pydantic import ValidationError

from gateway.checking import Checked
from gateway.command_error import CommandError
from gateway.gateway import Gateway
from gateway.view_needs import SETTINGS
from schema.model import Model
from schema.problems import ConfigurationError, Problem
from schema.suggest import did_you_mean
from schema.views import View

__all__ = ["Application", "find_view", "load_gateway", "read_application"]

_WANTED = "wanted module:attribute, such as mycompany.view:gateway"
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Application:
    """A gateway whose model and views can be worked with, drafts included."""

    gateway: Gateway
    model: Model
    views: Sequence[View]

    def view(self, name: str) -> View:
        """Return the view `support-call@1`, or without a version the newest. Raises CommandError: there is none."""
        return find_view(self.views, name)


def find_view(views: Sequence[View], name: str) -> View:
    """Return the view `support-call@1`, or without a version the newest. Raises CommandError: there is none."""
    found = [view for view in views if name in (view.name, view.id)]
    if not found:
        known = list(dict.fromkeys(each for view in views for each in (view.name, view.id)))
        advice = did_you_mean(name, known, f"wanted one of: {', '.join(known) or 'none is declared'}")
        raise CommandError(f"There is no view {name!r}: {advice}")
    return max(found, key=lambda view: view.version)


def load_gateway(name: str) -> Gateway:
    """Return the Gateway that APP names, imported with the current folder on the path.

    Raises:
        CommandError: There is none, or its module cannot be imported.
    """
    module_name, _, attribute = name.partition(":")
    if not _NAME.fullmatch(module_name) or not _NAME.fullmatch(attribute):
        raise CommandError(f"got the APP {name!r}; {_WANTED}")
    found = _attribute(_import(module_name), module_name, attribute)
    if not isinstance(found, Gateway):
        raise CommandError(f"got {name}, which is of type {type(found).__name__}; wanted a gateway.gateway.Gateway")
    return found


def read_application(name: str) -> Application:
    """Return what APP declares, for commands that let nobody in and look nobody up.

    Who may ask, with which secrets, and the cross-reference are left aside.

    Raises:
        CommandError: There is no such gateway.
        ConfigurationError: Its model, adapters or views are wrong.
    """
    gateway = load_gateway(name)
    checked = gateway.check()
    errors = _errors_of_declaration(gateway, checked)
    if errors or checked.model is None:
        raise ConfigurationError(errors)
    return Application(gateway, checked.model, checked.views)


def _errors_of_declaration(gateway: Gateway, checked: Checked) -> Sequence[Problem]:
    declared = gateway.declared
    files = (declared.consumers, declared.secret_file, declared.verifiers, declared.sources)
    aside = {*map(str, files), "crossref", "CUSTOMER_VIEW_AUDIT_ANCHORS", *SETTINGS}
    return [problem for problem in checked.errors if problem.file not in aside]


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ConfigurationError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise CommandError(
                f"There is no module {error.name!r} in {here} or in this environment; {_WANTED}, "
                "and run the command in the folder that holds the module"
            ) from None
        raise CommandError(f"{name} cannot be imported: {_said(error)}") from error
    except Exception as error:  # a module of others can raise anything
        raise CommandError(f"{name} cannot be imported: {_said(error)}") from error


def _attribute(module: ModuleType, name: str, attribute: str) -> object:
    found: object = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = [each for each, value in vars(module).items() if isinstance(value, Gateway)]
            raise CommandError(f"{name} has no {attribute!r}: {did_you_mean(attribute, known, _meant(known))}")
        found = getattr(found, part)
    return found


def _meant(gateways: Sequence[str]) -> str:
    return f"wanted one of: {', '.join(gateways)}" if gateways else "wanted the name of a Gateway; it holds none"


def _said(error: Exception) -> str:
    """Return what went wrong and where. A value that was refused can be a secret: it is left out."""
    place = _place(error)
    if isinstance(error, ValidationError):
        refused = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        text = f"{error.title}: {'; '.join(refused)}"
    elif isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    else:
        text = f"{type(error).__name__}: {error}"
    return f"{' '.join(text.split())[:_LONGEST]} ({place.filename}:{place.lineno})"


def _place(error: Exception) -> FrameSummary:
    """Return where the application itself went wrong: a library's own line, further in, tells nobody what to mend."""
    frames = extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if _is_own(Path(frame.filename))), frames[-1])


def _is_own(file: Path) -> bool:
    """Return whether a file is the application's: in the current folder, and in no environment that stands there."""
    installed = (get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    return file.is_relative_to(Path.cwd()) and not any(map(file.is_relative_to, installed))
