"""`customer-view explain --analyze`: what a request of a running gateway really takes, as a tree or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from gateway.cli.analyzed import print_analyzed
from gateway.cli.application import read_application
from gateway.cli.explain import read_query, read_variables
from gateway.cli.running_gateway import RunningGateway
from gateway.command_error import CommandError
from gateway.terminal import open_console
from gateway.whole_view import whole_view_by
from schema.situation import Situation

__all__ = ["Analyzed", "run_analyze"]


@dataclass(frozen=True, slots=True)
class Analyzed:
    """What is asked, and where: the options of the command."""

    query: str | None
    variables: str | None
    operation: str | None
    situation: Situation
    url: str | None
    token_file: str | None


def run_analyze(app: str, view_name: str, asked: Analyzed, *, as_json: bool) -> bool:
    """Have a running gateway answer the query, print what that has taken, and return whether its view has answered.

    The customers are those whom the variables name. Their data do not leave the gateway.

    Raises:
        CommandError: The gateway cannot be asked, or does not answer this consumer.
    """
    application = read_application(app)
    view = application.view(view_name)
    text = read_query(asked.query) if asked.query is not None else whole_view_by(view, application.model)
    body: dict[str, Any] = {"query": text, "variables": read_variables(asked.variables, view)}
    if asked.operation is not None:
        body["operationName"] = asked.operation
    body["extensions"] = {"analyze": True, **_situation(asked.situation)}
    path = f"/views/{view.id}/explain"
    is_answered, told = RunningGateway.given(asked.url, asked.token_file, path=path).analyze(path, body)
    return _print(view.id, is_answered, told, as_json=as_json)


def _situation(situation: Situation) -> dict[str, Any]:
    told = situation.told()
    return {"situation": dict(told)} if told else {}


def _print(view: str, is_answered: bool, body: bytes, *, as_json: bool) -> bool:
    told = _read(body, "steps" if is_answered else "errors")
    if as_json:
        print(json.dumps(told, indent=2))
    elif is_answered:
        print_analyzed(open_console(), told)
    if not is_answered:
        _print_refusal(view, told)
    return is_answered


def _read(body: bytes, wanted: str) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get(wanted), list):
        raise CommandError("The answer is not that of a gateway: is it another server?")
    return told


def _print_refusal(view: str, told: Mapping[str, Any]) -> None:
    console = open_console(stderr=True)
    for error in told["errors"]:
        code, message = error.get("extensions", {}).get("code", ""), error.get("message", "")
        console.print(Text.assemble(("refused", "bold red"), f" by {view}: {_plain(code)}"), soft_wrap=True)
        console.print(Text(f"  {_plain(message)}"), soft_wrap=True)


def _plain(text: object) -> str:
    """Return a text without what a terminal would act on: who answers may be another server."""
    return "".join(one if one.isprintable() else "?" for one in str(text))
