"""The gateways that are measured: how each is started, and how it is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.peers.asking import post
from tests.bench.peers.processes import GATEWAY_CPU, Running, running, until_up
from tests.bench.peers.schemas import record_types
from tests.bench.peers.sources import free_port
from tests.bench.peers.workload import PEER, QUERIES, Dialect, ours
from tests.bench.product.declared import PATH, TOKEN

__all__ = ["NODE", "OURS", "PEERS", "Place", "Program", "Serving", "serving"]

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program is to run: its port, the sources, and the folder with what was built and installed."""

    port: int
    upstream: str
    built: Path

    def folder(self, name: str) -> Path:
        """Return the folder of a program that was installed."""
        return self.built / "programs" / name


Command = Callable[[Place], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Program:
    """A gateway to measure. `installed` names the folder that it needs; `is_slow` ones are measured in fewer cells."""

    name: str
    title: str
    command: Command
    folder: Callable[[Place], Path]
    installed: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = PEER
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Serving:
    """A gateway that serves."""

    program: Program
    port: int
    running: Running
    start_s: float
    idle_mb: float

    @property
    def name(self) -> str:
        """Return the program's name."""
        return self.program.name


@contextmanager
def serving(program: Program, upstream: str, built: Path, *, dialect: Dialect | None = None) -> Iterator[Serving]:
    """Run the gateway alone on its processor. Raises NotStartedError when it does not answer."""
    place = Place(free_port(), upstream, built)
    log = built / "logs" / f"{program.name}.log"
    env = {"PORT": str(place.port), "UPSTREAM": upstream, "NODE_ENV": "production", **program.env}
    env |= {"BENCH_SOURCES": upstream, "BENCH_FOLDER": str(built / "product")}
    used = dialect or program.dialect
    body = used.body(QUERIES["q0"], [])
    with running(program.command(place), GATEWAY_CPU, log, folder=program.folder(place), env=env) as child:
        start_s = until_up(child, lambda: post(place.port, used, body), log)
        yield Serving(program, place.port, child, start_s, child.peak_memory_mb())


def _in(name: str) -> Callable[[Place], Path]:
    return lambda place: place.folder(name)


def _node(name: str, title: str, script: str, **env: str) -> Program:
    return Program(name, title, lambda _: ["node", script], _in("node"), "node", env)


def _uvicorn(name: str, title: str, app: str, *, is_slow: bool = True, **env: str) -> Program:
    def command(place: Place) -> list[str]:
        served = [sys.executable, "-m", "uvicorn", f"tests.bench.by_hand.{app}:app", "--port", str(place.port)]
        return [*served, "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]

    return Program(name, title, command, lambda _: ROOT, None, env, is_slow=is_slow)


def _product(name: str, title: str, receipt: str | None = "fields", **env: str) -> Program:
    def command(place: Place) -> list[str]:
        app = "tests.bench.product.app:plain"
        return [sys.executable, "-m", "gateway.cli", "serve", app, "--port", str(place.port)]

    return Program(name, title, command, lambda _: ROOT, None, env, ours(PATH, TOKEN, receipt))


def _tailcall(name: str, title: str, config: str, edit: Callable[[str], str] = str) -> Program:
    def command(place: Place) -> list[str]:
        written = place.folder("tailcall") / f"{name}.{place.port}.graphql"
        text = edit((place.folder("tailcall") / config).read_text())
        text = text.replace("UPSTREAM", place.upstream).replace("PORT", str(place.port))
        written.write_text(f"{text}\n{record_types()}")
        return ["./tailcall.bin", "start", written.name]

    env = {"LD_PRELOAD": "./shim.so", "TAILCALL_TRACKER": "false", "TAILCALL_LOG_LEVEL": "error"}
    return Program(name, title, command, _in("tailcall"), "tailcall", env)


def _forwarding(config: str) -> str:
    return config.replace("@upstream(", '@upstream(allowedHeaders: ["authorization"], ')


def _hive(name: str, title: str, *more: str) -> Program:
    command = ["node", "node_modules/.bin/hive-gateway", "supergraph", *more]
    return Program(name, title, lambda _: command, _in("hive"), "hive", is_slow=True)


OURS = _product("ours", "this gateway")
OURS_VARIANTS = (
    _product("ours-sources", "this gateway, receipts of the sources alone", "sources"),
    _product("ours-off", "this gateway, no receipts", None),
)
"""OURS serves them too: they differ in what is asked."""

OURS_SINGLE = _product("ours-single", "this gateway, one key a call", BENCH_BATCHING="0")

PEERS = (
    _node("mercurius-undici", "Mercurius with undici", "mercurius.mjs", HTTP="undici"),
    _tailcall("tailcall", "Tailcall", "batching.graphql"),
    _node("apollo", "Apollo Server", "apollo.mjs"),
    _node("apollo-undici", "Apollo Server with undici", "apollo.mjs", HTTP="undici"),
    _node("mercurius", "Mercurius", "mercurius.mjs"),
    _node("mercurius-fields", "Mercurius with undici, `fields=`", "mercurius.mjs", HTTP="undici", PROJECT="1"),
    _node("grafast-undici", "Grafast with undici", "grafast.mjs", HTTP="undici"),
    _hive("hive", "Hive Gateway"),
    _hive("hive-jit", "Hive Gateway, `--jit`", "--jit"),
    _uvicorn("pycore", "bare ASGI on graphql-core", "bare"),
    _uvicorn("strawberry", "Strawberry by hand", "plain"),
    _uvicorn("strawberry-tuned", "Strawberry tuned", "plain", BENCH_TUNED="1"),
)

NODE = tuple(one.name for one in PEERS if one.installed == "node")
"""Those that run on Node alone, by their names."""

SINGLE_PEERS = (
    _node("apollo-single", "Apollo Server, one key a call", "apollo.mjs", BATCHING="0"),
    _node(
        "mercurius-undici-single", "Mercurius with undici, one key a call", "mercurius.mjs", HTTP="undici", BATCHING="0"
    ),
    _node(
        "apollo-undici-single", "Apollo Server with undici, one key a call", "apollo.mjs", HTTP="undici", BATCHING="0"
    ),
    _tailcall("tailcall-single", "Tailcall, one key a call", "single.graphql"),
)

FORWARDING = _tailcall("tailcall-forwarding", "Tailcall, callers' tokens forwarded", "batching.graphql", _forwarding)
