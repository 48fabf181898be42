"""`customer-view explain --analyze`: what a request of a running gateway really takes, as a tree or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError

from gateway.cli.analyzed import print_analyzed
from gateway.cli.application import Application, read_application
from gateway.cli.query import read_query, read_variables
from gateway.cli.refused import refused
from gateway.cli.running_gateway import RunningGateway
from gateway.command_error import CommandError
from gateway.terminal import open_console
from gateway.whole_view import whole_view_by
from schema.caller import DEVELOPER
from schema.situation import Situation
from schema.views import View

__all__ = ["Analyzed", "run_analyze"]

_ANOTHER = "The answer is not that of a gateway: is it another server?"


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
    variables = read_variables(asked.variables, view)
    body: dict[str, Any] = {"query": text, "variables": variables}
    if asked.operation is not None:
        body["operationName"] = asked.operation
    body["extensions"] = {"analyze": True, **_situation(asked.situation)}
    path = f"/views/{view.id}/explain"
    running = RunningGateway.given(asked.url, asked.token_file, path=path)
    is_answered, answer = running.analyze(path, body, for_whom=_for_whom(view))
    told = _read(answer, "steps" if is_answered else "errors")
    if is_answered:
        _print(told, as_json=as_json)
    else:
        _tell_refusal(application, view, text, variables, told, as_json=as_json)
    return is_answered


def _for_whom(view: View) -> str:
    return f"{view.id} is for: {', '.join(view.consumers)}. The token has to be that of one with the role {DEVELOPER}."


def _situation(situation: Situation) -> dict[str, Any]:
    told = situation.told()
    return {"situation": dict(told)} if told else {}


def _print(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, indent=2))
    else:
        print_analyzed(open_console(), told)


def _tell_refusal(
    application: Application,
    view: View,
    query: str,
    variables: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    as_json: bool,
) -> None:
    """Print why the gateway has refused the query, and what it names that is not in the view."""
    views, model = application.views, application.model
    try:
        found = refused(view, told["errors"], query=query, variables=variables, views=views, model=model)
        found.print()
    except (LookupError, TypeError, AttributeError, GraphQLError):
        raise CommandError(_ANOTHER) from None
    if as_json:
        print(json.dumps({**told, "notInView": found.told()["notInView"]}, indent=2))


def _read(body: bytes, wanted: str) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get(wanted), list):
        raise CommandError(_ANOTHER)
    return told
