"""Installs what the other gateways need, in a folder that git does not see; what cannot be had is told and left out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from tests.bench.peers.glibc import relax_glibc
from tests.bench.peers.schemas import json_schemas

__all__ = ["ProgramMissingError", "install", "require_tools"]

_PROGRAMS = Path(__file__).parent / "programs"
_DEBIAN = {"wrk": "wrk", "gcc": "gcc libc6-dev", "node": "nodejs", "npm": "npm", "taskset": "util-linux"}


class ProgramMissingError(Exception):
    """A program without which nothing can be measured is not there; the message says how to get it."""


def require_tools(console: Console) -> None:
    """Install wrk, gcc, Node and npm where apt can. Raises ProgramMissingError when wrk or gcc is missing still."""
    absent = " ".join(_DEBIAN[one] for one in _DEBIAN if shutil.which(one) is None)
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        console.print(f"Installing {absent} ...")
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", *absent.split()], check=False)
    missing = [one for one in ("wrk", "gcc", "taskset") if shutil.which(one) is None]
    if missing:
        wanted = " ".join(_DEBIAN[one] for one in missing)
        raise ProgramMissingError(f"{', '.join(missing)} not found. On Debian: apt-get install {wanted}")


def install(built: Path, upstream: str, console: Console) -> frozenset[str]:
    """Install the other gateways' packages once and return which folders are ready. A second run takes seconds."""
    if shutil.which("npm") is None:
        console.print("npm is not there: the gateways on Node, Hive and Tailcall are left out.")
        return frozenset()
    return frozenset(_installed(built / "programs", upstream, console))


def _installed(target: Path, upstream: str, console: Console) -> Iterator[str]:
    shutil.copytree(_PROGRAMS, target, dirs_exist_ok=True)
    finishing: dict[str, Callable[[Path, str], None]] = {"hive": _compose, "tailcall": _make_runnable}
    for name in ("node", "hive", "tailcall"):
        folder = target / name
        try:
            _npm_install(folder, console)
            finishing.get(name, _nothing)(folder, upstream)
        except (subprocess.CalledProcessError, OSError) as error:
            console.print(f"The packages of {name} cannot be installed ({_reason(error)}): left out.")
        else:
            yield name


def _npm_install(folder: Path, console: Console) -> None:
    declared = (folder / "package.json").read_text()
    done = folder / "node_modules" / ".done"
    if done.exists() and done.read_text() == declared:
        return
    console.print(f"Installing the packages of {folder.name} (once, up to a minute) ...")
    _run(["npm", "install", "--silent"], folder)
    done.write_text(declared)


def _compose(folder: Path, upstream: str) -> None:
    """Compose Hive's supergraph, which holds the address of the sources, of the types that they answer."""
    (folder / "schemas.json").write_text(json.dumps(json_schemas()))
    command = ["node", "node_modules/.bin/mesh-compose", "-o", "supergraph.graphql"]
    _run(command, folder, {"UPSTREAM": upstream})


def _make_runnable(folder: Path, _upstream: str) -> None:
    """Put Tailcall's program where it is started, made runnable on a C library older than the one it was built with."""
    (package,) = (folder / "node_modules" / "@tailcallhq").glob("core-*")
    program, runnable = package / "bin" / "tailcall", folder / "tailcall.bin"
    _run(["gcc", "-shared", "-fPIC", "-O2", "-o", "shim.so", "shim.c"], folder)
    if subprocess.run([program, "--version"], capture_output=True, check=False).returncode:
        runnable.write_bytes(relax_glibc(program.read_bytes()))
    else:
        shutil.copyfile(program, runnable)
    runnable.chmod(0o755)


def _nothing(_folder: Path, _upstream: str) -> None:
    """Do nothing: the packages are all that is needed."""


def _run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> None:
    subprocess.run(
        command, cwd=folder, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=600, check=True
    )


def _reason(error: Exception) -> str:
    written = str(getattr(error, "stderr", "") or error).strip().splitlines()
    return written[-1][:200] if written else type(error).__name__


def versions(built: Path) -> dict[str, str]:
    """Return the installed version of every package that the other gateways name."""
    found: dict[str, str] = {}
    for declared in sorted((built / "programs").glob("*/package.json")):
        for name in json.loads(declared.read_text())["dependencies"]:
            package = declared.parent / "node_modules" / name / "package.json"
            if package.exists():
                found[name] = json.loads(package.read_text())["version"]
    return found
