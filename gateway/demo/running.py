"""The story of the demo, from starting the sources to stopping them."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from adapters.crossref import LoadReport
from adapters.sandbox.people import ANNE, Customer, customers
from gateway.command_error import CommandError
from gateway.demo.asking import Question, ask, curl_line
from gateway.demo.disputes import leave_disputes
from gateway.demo.sources import Sources, Started, start_sources
from gateway.demo.telling import Telling
from gateway.demo.workplace import (
    CONSUMERS,
    STEWARD,
    declare_gateway,
    load_customers,
    open_cross_reference,
    read_query,
    write_access,
)
from gateway.ide import Ide
from gateway.serving import bind, run_until_told, serving
from gateway.settings import Settings
from gateway.terminal import open_console

__all__ = ["run_demo"]

_HOST, _PORT = "127.0.0.1", 8000


@dataclass(frozen=True, slots=True)
class _Stage:
    """All that runs: where the gateway listens, the sources, and who may ask what about whom.

    `merged` is somebody with whom a namesake was merged.
    """

    base: str
    started: Sequence[Started]
    anne: Customer
    merged: Customer
    tokens: Mapping[str, str] = field(repr=False)

    def questions(self) -> tuple[Question, Question]:
        """Return what each consumer asks about the customer, by the key that it knows."""
        keys = {"support-call": {"crm": self.anne.crm_key}, "debt-collection": {"billing": self.anne.billing_keys[0]}}
        support, debts = (
            Question(self.base, consumer, view, read_query(view), {"by": keys[view]}, self.tokens[consumer])
            for consumer, view in CONSUMERS.items()
        )
        return support, debts


def run_demo(*, once: bool, port: int | None) -> bool:
    """Run the demo until SIGINT or SIGTERM, or with `once` until all is told; return whether all was as expected.

    `port` None means 8000, or a free one where that is taken. Nothing is left behind: no process and no file.

    Raises:
        CommandError: A source does not start, or the port is not to be had.
    """
    return bool(run_until_told(_run(Telling(open_console()), once=once, port=port)))


async def _run(telling: Telling, *, once: bool, port: int | None) -> bool:
    with _bind(telling, port) as listening:
        async with _staged(telling, listening) as stage:
            as_expected = await _tell(telling, stage)
            if once:
                if as_expected:
                    telling.tell(
                        "Without --once it all stays up, to be asked by you, and what the cross-reference is in doubt "
                        "about waits for a steward."
                    )
                return as_expected
            _tell_next(telling, stage)
            _tell_steward(telling, stage)
            telling.tell("The gateway stays up until Ctrl-C.")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                telling.say("\nStopping.")
            return as_expected


def _bind(telling: Telling, port: int | None) -> socket.socket:
    if port is not None:
        return bind(_HOST, port)
    try:
        return bind(_HOST, _PORT)
    except CommandError:
        listening = bind(_HOST, 0)
        telling.say(f"Port {_PORT} is taken; the gateway takes {listening.getsockname()[1]}.\n")
        return listening


@asynccontextmanager
async def _staged(telling: Telling, listening: socket.socket) -> AsyncIterator[_Stage]:
    whom = customers()
    telling.say("Starting five sources, each a real server in its own process, and a gateway.\n")
    with tempfile.TemporaryDirectory(prefix="customer-view-demo-") as name:
        folder = Path(name)
        tokens = write_access(folder)
        async with start_sources(whom, folder) as sources:
            loaded = await _load(telling, folder, whom)
            telling.sources(sources.started, loaded)
            with closing(open_cross_reference(folder)) as opened:
                merged = await leave_disputes(opened, whom)
            async with _gateway(folder, sources, listening) as base:
                yield _Stage(base, sources.started, whom[ANNE], merged, tokens)


async def _load(telling: Telling, folder: Path, whom: Sequence[Customer]) -> LoadReport:
    with telling.progress(len(whom)) as bar:
        return await load_customers(folder, whom, lambda done: bar.update(bar.task_ids[0], completed=done))


@asynccontextmanager
async def _gateway(folder: Path, sources: Sources, listening: socket.socket) -> AsyncIterator[str]:
    gateway = declare_gateway(folder, sources.adapters)
    async with gateway.running(), serving(gateway, listening):
        yield f"http://{_HOST}:{listening.getsockname()[1]}"


async def _tell(telling: Telling, stage: _Stage) -> bool:
    support, debts = stage.questions()
    answered = await _answers(telling, support, debts)
    refused = await _refusals(telling, support, debts)
    if not (answered and refused):
        telling.say("\nNot everything was as expected: see above.")
    return answered and refused


async def _answers(telling: Telling, support: Question, debts: Question) -> bool:
    telling.heading("1  Anne calls. The agent asks for her by her number in the CRM")
    first = await ask(support)
    telling.exchange(support, first)
    telling.heading("2  The same Anne owes money. Collections asks for her by her number in billing")
    second = await ask(debts)
    telling.exchange(debts, second)
    return first.is_whole and second.is_whole


async def _refusals(telling: Telling, support: Question, debts: Question) -> bool:
    telling.heading("3  Collections sends the agent's query")
    telling.say("To its own view, in which the agent's fields do not exist:")
    through = Question(support.base, debts.consumer, debts.view, support.query, support.variables, debts.token)
    outside = await ask(through)
    telling.refusal(through, outside)
    telling.say("\nAnd to the agent's view, which does not exist for collections:")
    beside = Question(support.base, debts.consumer, support.view, support.query, support.variables, debts.token)
    hidden = await ask(beside)
    telling.refusal(beside, hidden)
    is_outside = "data" not in outside.body and any("Cannot query field" in said for _, said in outside.errors)
    is_hidden = hidden.status == 404 and [code for code, _ in hidden.errors] == ["VIEW_UNKNOWN"]
    return is_outside and is_hidden


def _tell_next(telling: Telling, stage: _Stage) -> None:
    """Tell what can be done while it stays up; nothing of it would work once it has ended."""
    telling.heading("4  Ask yourself: each line can be pasted as it is")
    for question in stage.questions():
        telling.say(f"\n{question.as_curl()}")
    if Ide.load().is_built:
        telling.say("\nOr in a browser, with the token that stands after Bearer in the line of the view:")
        for question in stage.questions():
            telling.say(f"{question.base}/views/{question.view}/graphiql")
    crm = next(source for source in stage.started if source.name == "crm")
    telling.tell(
        f"Stop the CRM (kill {crm.process}) and ask again: what others own is still answered, and each null names its "
        "reason."
    )


def _tell_steward(telling: Telling, stage: _Stage) -> None:
    telling.heading("5  Decide whose a key is, as a steward")
    telling.say("Two candidates wait to be decided. This lists them:")
    telling.say(f"\n{curl_line(f'{stage.base}/crossref/candidates', stage.tokens[STEWARD])}")
    if Settings.from_environment().steward_page:
        telling.tell(
            "They are decided in a browser, with the token that stands after Bearer in that line. And under Customer, "
            f"look up {stage.merged.crm_key} of the source crm: two people of one name were merged there, and their "
            "history undoes it."
        )
        telling.say(f"{stage.base}/crossref/steward")
