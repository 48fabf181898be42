"""A project as an organisation has it: a module with a gateway, its views, its consumers, its cross-reference."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from gateway.cli import app
from gateway.consumers import new_token
from tests.gateway.empty_crossref import make_crossref

ROOT = Path(__file__).parents[2]
NUMBERS = count()
ORDERS, SUPPORT = (f'        {name}_adapter("http://127.0.0.1:9", "a-credential"),\n' for name in ("orders", "support"))
MODULE = """
from adapters.sandbox.sources import *
from gateway.gateway import Gateway
from schema.customer import Customer

gateway = Gateway(
    model=Customer,
    adapters=[
        crm_adapter("http://127.0.0.1:9", "a-credential-of-the-crm"),
        billing_adapter("postgresql://reader:a-password@127.0.0.1:9/billing"),
        register_adapter("http://127.0.0.1:9"),
MORE    ],
    views="views",
    crossref="sqlite:///crossref.db",
    consumers="consumers.yaml",
)
"""
SECRETS = ("a-credential-of-the-crm", "a-password")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "default",
    "CUSTOMER_VIEW_DRAIN_SECONDS": "0",  # no proxy has to hear that a gateway of these leaves
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Project:
    """The folder of one project. Each has a module of another name, for modules are imported once a process."""

    folder: Path
    module: str
    token: str

    @property
    def app(self) -> str:
        return f"{self.module}:gateway"

    @property
    def views(self) -> Path:
        return self.folder / "views"

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def run(self, *arguments: str, stdin: str | None = None) -> Ran:
        """Run a command in this process; the tests' fixture has changed to the folder."""
        return run(*arguments, stdin=stdin)

    def spawn(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start a command in a process, and a process group, of its own."""
        return spawn(*arguments, folder=self.folder, **more)


def make_project(folder: Path, *, is_whole: bool = False) -> Project:
    """Make a project of three sources and the first versions of two views, or of all sources and both versions."""
    token, digest = new_token()
    views = folder / "views"
    shutil.copytree(ROOT / "adapters" / "sandbox" / "views", views)
    _leave_versions(views, "12" if is_whole else "1")
    entries = f"- name: agent-desktop\n  {digest}\n  views: [support-call]\n"
    entries += f"- name: collections\n  {new_token()[1]}\n  views: [debt-collection]\n"
    (folder / "consumers.yaml").write_text(entries)
    make_crossref(folder)
    module = f"project_{next(NUMBERS)}"
    (folder / f"{module}.py").write_text(MODULE.replace("MORE", ORDERS + SUPPORT if is_whole else ""))
    return Project(folder, module, token)


def _leave_versions(views: Path, versions: str) -> None:
    """Leave these versions of the views that ask nobody to be verified."""
    kept = re.compile(rf"(debt-collection|support-call)@[{versions}]\b")
    for file in views.glob("*.yaml"):
        if not kept.match(file.name):
            file.unlink()
    lock = views / "views.lock"
    lines = lock.read_text().splitlines(keepends=True)
    lock.write_text("".join(line for line in lines if line.startswith("#") or kept.match(line)))


def run(*arguments: str, stdin: str | None = None) -> Ran:
    with CliRunner().isolation(input=stdin) as (out, err, _):
        code = _exit_code(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        return Ran(code, *(stream.getvalue().decode().replace("\r\n", "\n") for stream in (out, err)))


def _exit_code(arguments: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        _command().main(arguments, prog_name="customer-view")
    assert isinstance(ended.value.code, int)
    return ended.value.code


@cache
def _command() -> TyperGroup:
    """The commands as they are looked up: to make them of their functions takes longer than most of them run."""
    made = get_command(app)
    assert isinstance(made, TyperGroup)
    return made


def spawn(*arguments: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", *arguments],
        cwd=folder,
        env=ENVIRONMENT | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
