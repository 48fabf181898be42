"""What stands in deploy/telemetry names what a gateway over misbehaving sources really says, and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import copy
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from adapters.adapter import Adapter
from adapters.crossref import LinkedKey, Subject
from adapters.http import HttpAdapter
from adapters.limits import Width
from adapters.sandbox.misbehaviour import Misbehaviour
from adapters.sandbox.people import Customer, customers
from adapters.sandbox.process import RunningSource, start_source
from adapters.sandbox.sources import crm_adapter, orders_adapter, support_adapter
from gateway.cli.pretending_verifier import write_sandbox_verifiers
from gateway.gateway import Gateway
from gateway.secret_file import new_secret_line
from gateway.settings import Settings
from gateway.telemetry.metrics.catalog import CATALOG
from gateway.telemetry.metrics.instruments import Kind
from gateway.telemetry.metrics.prometheus import label_of, name_of
from schema.customer import Customer as CustomerType
from schema.lock import publish
from tests.docs.pages import ROOT, section
from tests.gateway.sandbox_adapters import sandbox_adapters
from tests.gateway.telemetry.metrics.promql import asked_by
from tests.gateway.telemetry.metrics.scraped import Scrape, scrape
from tests.resolvers.harbour import MemoryCrossReference

FOLDER = ROOT / "deploy" / "telemetry"
OF_PROMETHEUS = frozenset({"up", "instance", "job", "le"})
"""Names that Prometheus makes itself."""
NAMES = ("crm", "support", "orders")
WHOM = customers()[:12]

CONSUMERS = {"newsletter-sender": "newsletter", "voice-desk": "support-call@3", "agent-desktop": "support-call@2"}
TOKENS = {name: f"cv_{name[0] * 43}" for name in CONSUMERS}
QUERIES = {
    "newsletter-sender": "query ($by: [CustomerBy!]!) { customers(by: $by) { id name { given } email language } }",
    "voice-desk": "query ($by: [CustomerBy!]!) { customers(by: $by) { name { display } customerSince } }",
    "agent-desktop": """query ($by: [CustomerBy!]!) { customers(by: $by) {
        id name { display } customerSince segment tickets(first: 1) { nodes { number subject } } } }""",
}


@pytest.fixture(scope="module")
def sources() -> Iterator[Mapping[str, RunningSource]]:
    with ExitStack() as stack:
        running = {name: stack.enter_context(start_source(name)) for name in NAMES}
        for source in running.values():
            source.reset()  # returns when it answers
        yield running


@pytest.fixture(scope="module")
def said(sources: Mapping[str, RunningSource], tmp_path_factory: pytest.TempPathFactory) -> Scrape:
    """What is read at /metrics of a gateway whose sources have misbehaved, one way after the other."""
    return asyncio.run(misbehaved(sources, tmp_path_factory.mktemp("gateway")))


async def misbehaved(sources: Mapping[str, RunningSource], folder: Path) -> Scrape:
    support = support_adapter(sources["support"].url, sources["support"].token)
    gateway = made(sources, support, folder)
    async with gateway.running():
        await ask(gateway)
        support.limits.change(replace(support.limits.limits, width=Width(most=1, least=1, queue=2)))
        for kind in (Misbehaviour.NONE, Misbehaviour.MISSING, Misbehaviour.THROTTLED, Misbehaviour.DOWN):
            for source in sources.values():
                source.misbehave(kind)
            for _ in range(2):
                await ask(gateway)
        return await scrape(gateway.metrics)


async def ask(gateway: Gateway) -> None:
    """Ask as each consumer, of those who are known and of one who is not."""
    by = [*({"id": one.customer_id} for one in WHOM), {"id": "nobody"}]
    transport = httpx.ASGITransport(gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        for consumer, query in QUERIES.items():
            headers = {"authorization": f"Bearer {TOKENS[consumer]}"}
            body = {"query": query, "variables": {"by": by}}
            if consumer == "voice-desk":
                body["extensions"] = {"situation": {"channel": "voice", "journey": "service"}}
            response = await client.post(f"/views/{CONSUMERS[consumer]}/graphql", json=body, headers=headers)
            assert response.status_code in (200, 503), response.text
            assert response.json().get("data"), response.text


def made(sources: Mapping[str, RunningSource], support: HttpAdapter, folder: Path) -> Gateway:
    there = {name: (one.url, one.token) for name, one in sources.items()}
    adapters: list[Adapter] = [crm_adapter(*there["crm"]), orders_adapter(*there["orders"]), support]
    others = [one for one in sandbox_adapters() if one.source not in NAMES]
    return Gateway(
        model=CustomerType,
        adapters=[*adapters, *others],
        views=views(folder),
        crossref=MemoryCrossReference({one.customer_id: subject(one) for one in WHOM}),
        consumers=consumers(folder),
        settings=settings(folder),
    )


def views(folder: Path) -> Path:
    made = folder / "views"
    made.mkdir()
    for name in ("newsletter@1", "support-call@2", "support-call@3"):
        copy(ROOT / "adapters" / "sandbox" / "views" / f"{name}.yaml", made)
        publish(made, name)
    return made


def consumers(folder: Path) -> Path:
    file = folder / "consumers.yaml"
    entry = "- name: {}\n  token_sha256: {}\n  views: ['{}']\n"
    digests = {name: sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
    file.write_text("".join(entry.format(name, digests[name], CONSUMERS[name]) for name in CONSUMERS))
    return file


def settings(folder: Path) -> Settings:
    secret, audit, anchors = folder / "secrets.txt", folder / "audit", folder / "anchors"
    secret.write_text(f"{new_secret_line()}\n", "ascii")
    secret.chmod(0o600)
    for place in (audit, anchors):
        place.mkdir(mode=0o700)
    verifiers = write_sandbox_verifiers(folder)
    return Settings(metrics_port=0, secret_file=secret, audit=audit, audit_anchors=anchors, verifiers=verifiers)


def subject(customer: Customer) -> Subject:
    keys = {"crm": customer.crm_key, "support": customer.support_key, "orders": customer.order_key}
    return Subject(customer.customer_id, False, {name: (LinkedKey(key, key),) for name, key in keys.items()})


@cache
def dashboard() -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads((FOLDER / "grafana" / "customer-view.json").read_text("utf-8"))
    return told


@cache
def alerts() -> Mapping[str, Mapping[str, Any]]:
    groups = YAML(typ="safe").load(FOLDER / "rules.yaml")["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def expressions() -> dict[str, str]:
    """Every expression of the dashboard and of the rules, by where it stands."""
    panels = {
        f"panel {panel['title']}, {target['refId']}": target["expr"]
        for panel in dashboard()["panels"]
        for target in panel.get("targets", ())
    }
    return panels | {f"alert {name}": rule["expr"] for name, rule in alerts().items()}


@pytest.mark.processes
@pytest.mark.parametrize("where", expressions())
def test_what_is_named_is_really_said(where: str, said: Scrape) -> None:
    """Every metric came out, with every label with which it is asked for or grouped by."""
    asked = asked_by(expressions()[where])
    assert asked.metrics
    assert asked.metrics - OF_PROMETHEUS <= said.names
    labels = {label for name in asked.metrics for label in said.labels(name)}
    assert asked.grouped <= labels | OF_PROMETHEUS
    missing = {(name, label) for name, label in asked.labels if label not in said.labels(name) | OF_PROMETHEUS}
    assert not missing


@pytest.mark.processes
def test_the_variables_of_the_dashboard_have_values(said: Scrape) -> None:
    """Each is the values of a label that came out."""
    queries = [one["query"]["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    pairs = [query.removeprefix("label_values(").removesuffix(")").split(", ") for query in queries]
    assert len(pairs) == 2
    assert all(label in said.labels(metric) for metric, label in pairs)


@pytest.mark.processes
def test_everything_that_is_documented_came_out_and_nothing_else(said: Scrape) -> None:
    """By the catalog, which is what docs/metrics.md has; with no label more or less."""
    suffixes = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    wanted = {f"{name_of(one)}{end}": one for one in CATALOG for end in suffixes.get(one.kind, ("",))}
    assert said.names - {"target_info"} == wanted.keys()
    for name, instrument in wanted.items():
        assert said.labels(name) - {"le"} == set(map(label_of, instrument.labels)), name


def test_every_instrument_is_on_the_dashboard_or_in_an_alert() -> None:
    """What nobody looks at need not be measured."""
    used = frozenset[str]().union(*(asked_by(one).metrics for one in expressions().values()))
    bases = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in used}
    assert {name_of(one) for one in CATALOG} <= used | bases


def test_the_dashboard_is_whole() -> None:
    """Six rows, ids of their own, a description for each panel, places that do not overlap, and one data source."""
    panels = dashboard()["panels"]
    rows = [one["title"] for one in panels if one["type"] == "row"]
    assert rows == ["Requests", "Sources", "Limits", "Privacy outcomes", "Quality", "Operating"]
    assert len({one["id"] for one in panels}) == len(panels)
    shown = [one for one in panels if one["type"] != "row"]
    assert all(one["description"] and one["targets"] for one in shown)
    assert {one["datasource"]["uid"] for one in shown} == {"${datasource}"}
    cells = [
        (x, y)
        for one in panels
        for x in range(one["gridPos"]["x"], one["gridPos"]["x"] + one["gridPos"]["w"])
        for y in range(one["gridPos"]["y"], one["gridPos"]["y"] + one["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_is_wrong_and_what_to_do(name: str) -> None:
    """In words, with a severity that is one of two; a panel that it names is there."""
    rule = alerts()[name]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "action"}
    titles = {one["title"] for one in dashboard()["panels"]}
    _, found, named = rule["annotations"]["action"].partition("panel ")
    assert not found or any(named.startswith(title) for title in titles)
    grouped = asked_by(rule["expr"]).grouped | {"instance"}
    named_labels = {part.split(" ")[0] for part in rule["annotations"]["summary"].split("$labels.")[1:]}
    assert named_labels <= grouped


def test_every_alert_has_its_line_for_the_one_who_is_woken() -> None:
    """docs/operations.md says of each, and of no other, how grave it is and what to do; its panels are there."""
    lines = [line for line in section("operations.md", "## Alerts").splitlines() if line.startswith("| `")]
    told = {cells[0].strip("` "): cells[1].strip() for line in lines if (cells := line.strip("|").split(" | "))}
    assert told == {name: rule["labels"]["severity"] for name, rule in alerts().items()}
    titles = {one["title"] for one in dashboard()["panels"]}
    assert all(name in titles for line in lines for name in re.findall(r"[Pp]anel \*([^*]+)\*", line))
    assert [*told.values()] == sorted(told.values())


def test_what_is_started_beside_the_gateway_reads_these_files() -> None:
    """The example for containers mounts files that are there, publishes on this machine alone and keeps rights few."""
    services = YAML(typ="safe").load(FOLDER / "compose.yaml")["services"]
    mounted = [volume.split(":") for one in services.values() for volume in one.get("volumes", ())]
    assert mounted
    assert all((FOLDER.parent / source).is_file() and mode == "ro" for source, _, mode in mounted)
    published = [port for one in services.values() for port in one.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert all(one["cap_drop"] == ["ALL"] for name, one in services.items() if name != "gateway")
    ours = {
        name.removeprefix("CUSTOMER_VIEW_").lower(): one for name, one in services["gateway"]["environment"].items()
    }
    given = Settings.model_validate(ours)
    (job,) = YAML(typ="safe").load(FOLDER / "prometheus.yaml")["scrape_configs"]
    assert job["static_configs"][0]["targets"] == [f"gateway:{given.metrics_port}"]
    assert asked_by(alerts()["CustomerViewDown"]["expr"]).labels == {("up", "job")}
    assert f'job="{job["job_name"]}"' in alerts()["CustomerViewDown"]["expr"]


def test_the_collector_takes_what_the_gateway_sends() -> None:
    """OTLP over HTTP, at the port that exporters use where none is named; each pipeline is of parts that are there."""
    told = YAML(typ="safe").load(FOLDER / "collector.yaml")
    assert told["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    for pipeline in told["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= told[kind].keys()
