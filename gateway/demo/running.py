"""The story of the demo, from starting the sources to stopping them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from gateway.command_error import CommandError
from gateway.demo.desk import tell_levels, tell_others
from gateway.demo.emergency import tell_emergency
from gateway.demo.evidence import tell_register, tell_who_saw
from gateway.demo.inviting import invite
from gateway.demo.letters import tell_letters
from gateway.demo.main_job import tell_answers, tell_refusals
from gateway.demo.stage import HOST, Stage, staged
from gateway.demo.telling import Telling
from gateway.serving import bind, run_until_told
from gateway.settings import Settings
from gateway.terminal import open_console

__all__ = ["run_demo"]

_PORT = 8000
_CHAPTERS: tuple[Callable[[Telling, Stage], Awaitable[bool]], ...] = (
    tell_answers,
    tell_refusals,
    tell_levels,
    tell_others,
    tell_letters,
    tell_emergency,
    tell_who_saw,
    tell_register,
)


def run_demo(*, once: bool, port: int | None) -> bool:
    """Run the demo until SIGINT or SIGTERM, or with `once` until all is told; return whether all was as expected.

    `port` None means 8000, or a free one where that is taken. Nothing is left behind: no process and no file.

    Raises:
        CommandError: A source does not start, or the port is not to be had.
        ConfigurationError: A setting in the environment is wrong.
    """
    Settings.from_environment()  # before anything is started
    return bool(run_until_told(_run(Telling(open_console()), once=once, port=port)))


async def _run(telling: Telling, *, once: bool, port: int | None) -> bool:
    with _bind(telling, port) as listening:
        async with staged(telling, listening) as stage:
            as_expected = await _tell(telling, stage)
            if once:
                if as_expected:
                    telling.tell(
                        "Without --once it all stays up, to be asked by you, and what the cross-reference is in doubt "
                        "about waits for a steward, the broken glass for the privacy officer."
                    )
                return as_expected
            invite(telling, stage)
            telling.tell("The gateway stays up until Ctrl-C.")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                telling.say("\nStopping.")
            return as_expected


def _bind(telling: Telling, port: int | None) -> socket.socket:
    if port is not None:
        return bind(HOST, port)
    try:
        return bind(HOST, _PORT)
    except CommandError:
        listening = bind(HOST, 0)
        telling.say(f"Port {_PORT} is taken; the gateway takes {listening.getsockname()[1]}.\n")
        return listening


async def _tell(telling: Telling, stage: Stage) -> bool:
    """Tell every chapter, also after one that did not go as expected, and return whether all did."""
    went = [await tell(telling, stage) for tell in _CHAPTERS]
    if not all(went):
        telling.say("\nNot everything was as expected: see above.")
    return all(went)
