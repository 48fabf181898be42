"""Gateways that programs of others are tried on: the real door, over made-up data, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.gateway.cli_project import Project, make_project, spawn


@dataclass(frozen=True, slots=True)
class Pretending:
    """A view that is served from made-up data: where, and with which token."""

    view: str
    url: str
    token: str = field(repr=False)

    @property
    def base(self) -> str:
        """The gateway's own URL."""
        return self.url.partition("/views/")[0]


@pytest.fixture(scope="session")
def pretending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Pretending]]:
    """Serve a view of the sandbox from made-up data; each is started once, when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, Pretending] = {}

        def serve(view: str) -> Pretending:
            if view not in running:
                folder = tmp_path_factory.mktemp("pretending")
                running[view] = stack.enter_context(_served(view, folder))
            return running[view]

        yield serve


@pytest.fixture
def pretending_gateway(pretending: Callable[[str], Pretending]) -> Pretending:
    """The view support-call, which wants nothing told of the situation in version 2, served from made-up data."""
    return pretending("support-call@2")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with the sandbox's views, for commands that need an APP."""
    return make_project(tmp_path_factory.mktemp("project"), is_whole=True)


@pytest.fixture(scope="session")
def printed_sdl(project: Project) -> Callable[[str], str]:
    """Print the SDL of a view, with the codes, as generators of clients take it."""

    @cache
    def print_sdl(view: str) -> str:
        process = project.spawn("sdl", project.app, view, "--codes")
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return out

    return print_sdl


@contextmanager
def _served(view: str, folder: Path) -> Iterator[Pretending]:
    process = spawn("serve", "--sandbox", view, "--port", "0", folder=folder)
    try:
        told = _told(process)
        yield Pretending(view, told["url"], told["token"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def _told(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return what the command says first: the URL and the token."""
    assert process.stdout is not None
    told: dict[str, str] = {}
    while not {"url", "token"} <= told.keys():
        line = process.stdout.readline()
        if not line:
            out, err = process.communicate(timeout=30)
            pytest.fail(f"the sandbox does not start:\n{out}\n{err}", pytrace=False)
        word, _, text = line.strip().partition(" ")
        told[word] = text.strip()
    return told
