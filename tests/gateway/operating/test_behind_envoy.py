"""Gateways behind a proxy that sends nothing twice: they stop, start and reload under load, and no request fails."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.envoy import Envoy, cluster, envoy_path, free_port, listener, running_envoy
from tests.gateway.greenhouse import GARDENER, write_all, write_consumers
from tests.gateway.operating.keeping import Keeping, post, until

pytestmark = pytest.mark.processes

HOUSE = """
import asyncio
from pathlib import Path

from gateway.settings import Settings
from tests.gateway import greenhouse


class Far(greenhouse.Source):
    async def fetch(self, batch, call):
        await asyncio.sleep(0.02)  # so that requests are under way whenever something happens
        return await super().fetch(batch, call)


greenhouse.Source = Far
gateway = greenhouse.greenhouse(Path.cwd(), settings=Settings.from_environment()).gateway
"""
_FIRST, _LONGEST = 60.0, 20.0
"""Seconds that an instance has to start in, and a request to be answered, on a machine that is busy."""

NAMES = {"p1": "Fern", "p2": "Moss", "p3": "Ivy"}
QUERY = "query ($by: PlantBy!) { plant(by: $by) { label bed { moisture } } }"


@dataclass
class Instance:
    """One `customer-view serve`, in the folder of its declarations. It can be stopped and started again.

    What it says goes to a file: into a pipe that is full it would wait to say more.
    """

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    process: Process | None = field(default=None, repr=False)
    read: int = 0

    @property
    def log(self) -> Path:
        """The file of what it says."""
        return self.folder / f"{self.port}.log"

    async def start(self) -> None:
        """Return when it serves."""
        command = (sys.executable, "-m", "gateway.cli", "serve", "house:gateway", "--port", str(self.port))
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CUSTOMER_VIEW_DRAIN_SECONDS": "3",  # ten times what the proxy needs, for the machine may be busy
            "CUSTOMER_VIEW_LOG_FORM": "console",
        }
        with self.log.open("ab") as said:
            self.process = await asyncio.create_subprocess_exec(
                *command, *self.options, cwd=self.folder, env=environment, stdin=DEVNULL, stdout=said, stderr=said
            )
        await self.said(r"Serving http://\S+ with")

    async def said(self, pattern: str, times: int = 1) -> list[str]:
        """Return what matches of what it says next, once so much has been said."""

        def found() -> list[str]:
            assert self.process is not None
            text = self.log.read_text()[self.read :]
            matching = re.findall(pattern, text)
            assert len(matching) >= times or self.process.returncode is None, text
            return matching

        await until(lambda: len(found()) >= times, seconds=_FIRST)
        matching, self.read = found(), len(self.log.read_text())
        return matching

    def tell(self, signum: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(signum)

    async def stop(self) -> None:
        """End it as a supervisor does, and return when it has ended, in good order."""
        self.tell(signal.SIGTERM)
        assert self.process is not None
        assert await asyncio.wait_for(self.process.wait(), 30) == 0, self.log.read_text()[-2000:]

    async def kill(self) -> None:
        """End it, whatever happens."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def reload(self, workers: int) -> list[str]:
        """Have it reload, and return what each of its workers says of it."""
        self.tell(signal.SIGHUP)
        return await self.said("(?:not )?reloaded.*", workers)


@dataclass
class Load:
    """Clients that ask through the proxy, each on a connection that it keeps, until so many requests were sent."""

    envoy: Envoy
    wanted: int
    clients: int = 16
    sent: int = 0
    wrong: list[str] = field(default_factory=list)

    async def run(self, *happenings: Callable[[], Awaitable[object]]) -> None:
        """Have the happenings happen one after the other while clients ask; return when all is over."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.clients):
                group.create_task(self._ask(Keeping(self.envoy.ports["front"])))
            for number, happening in enumerate(happenings, 1):
                share = self.wanted * number // (len(happenings) + 1)
                await until(lambda: self.sent >= share, seconds=300)  # noqa: B023  it is called in this turn alone
                assert self.wrong == []
                await happening()
            self.has_happened = True

    has_happened = False

    async def _ask(self, client: Keeping) -> None:
        while self.sent < self.wanted or not self.has_happened:
            self.sent += 1
            name = f"p{self.sent % 3 + 1}"
            body = json.dumps({"query": QUERY, "variables": {"by": {"nursery": f"N-{name}"}}}).encode()
            wanted = {"data": {"plant": {"label": NAMES[name], "bed": {"moisture": 40}}}}
            try:
                async with asyncio.timeout(_LONGEST):
                    answer = await client.ask(post("/views/watering/graphql", body, GARDENER))
            except (ConnectionError, TimeoutError) as error:
                self.wrong.append(repr(error))
                await client.close()
                continue
            told = json.loads(answer.body) if answer.status == 200 else {}
            if {"data": told.get("data")} != wanted or "errors" in told:
                self.wrong.append(f"{answer.status} {answer.body[:200]!r}")
        await client.close()


@asynccontextmanager
async def behind_envoy(folder: Path, *options: tuple[str, ...]) -> AsyncIterator[tuple[Envoy, list[Instance]]]:
    """Run an instance with each of these options, and Envoy before them, which asks whether they are ready."""
    envoy_path()
    write_all(folder)
    (folder / "house.py").write_text(HOUSE)
    instances = [Instance(folder, free_port(), each) for each in options]
    clusters = [cluster("gateways", [one.port for one in instances], health_path="/health/ready", every=0.1)]
    try:
        await asyncio.gather(*(instance.start() for instance in instances))
        async with running_envoy(folder, clusters, [listener("front", free_port(), "gateways")]) as envoy:
            await envoy.until_healthy("gateways", len(instances))
            yield envoy, instances
    finally:
        await asyncio.gather(*(instance.kill() for instance in instances))


async def stop_and_start_each(envoy: Envoy, instances: list[Instance], requests: int, *, times: int = 1) -> Load:
    """Stop an instance under load and start it again, then the other; return what the clients have met."""
    load = Load(envoy, requests)

    async def anew(instance: Instance) -> None:
        await instance.stop()
        await instance.start()
        await envoy.until_healthy("gateways", len(instances))

    await load.run(*(lambda one=one: anew(one) for one in instances * times))
    return load


async def check_that_none_failed(load: Load, requests: int) -> None:
    """Check that every request was answered rightly, and that both instances answered many, nothing sent twice."""
    assert load.wrong == []
    assert load.sent >= requests
    stats = await load.envoy.stats("cluster.gateways.upstream_rq_2xx", "cluster.gateways.upstream_rq_retry")
    assert stats["cluster.gateways.upstream_rq_2xx"] == load.sent
    assert stats["cluster.gateways.upstream_rq_retry"] == 0


async def test_no_request_fails_when_gateways_behind_a_proxy_stop_one_after_the_other(tmp_path: Path) -> None:
    """The proxy hears that one is not ready, and until then it answers on."""
    async with behind_envoy(tmp_path, (), ()) as (envoy, instances):
        load = await stop_and_start_each(envoy, instances, 600)
        await check_that_none_failed(load, 600)
        assert [one.log.read_text().count("Serving") for one in instances] == [2, 2]


async def test_no_request_fails_while_a_gateway_of_several_workers_reloads(tmp_path: Path) -> None:
    """Every worker does; a file that is wrong leaves all of them as they were."""
    async with behind_envoy(tmp_path, ("--workers", "2")) as (envoy, (instance,)):
        load, told = Load(envoy, 400), list[str]()
        views = "watering, pruning, hurry"

        async def with_a_florist() -> None:
            write_consumers(tmp_path / "consumers.yaml", gardener=views, florist="feeding@1")
            told.extend(await instance.reload(2))

        async def with_what_is_wrong() -> None:
            write_consumers(tmp_path / "consumers.yaml", gardener="wateringg")
            told.extend(await instance.reload(2))

        await load.run(with_a_florist, with_what_is_wrong)
        await check_that_none_failed(load, 400)
    taken, refused = "reloaded: consumers: -inspector", "not reloaded, and nothing has changed"
    assert [line[: len(taken)] for line in told[:2]] == [taken] * 2
    assert [line[: len(refused)] for line in told[2:]] == [refused] * 2


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--workers", "2")])
async def test_no_request_of_twenty_thousand_fails_when_gateways_stop_under_load(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Each is stopped and started again five times."""
    async with behind_envoy(tmp_path, options, options) as (envoy, instances):
        load = await stop_and_start_each(envoy, instances, 20_000, times=5)
        await check_that_none_failed(load, 20_000)
