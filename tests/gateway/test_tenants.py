"""Two gateways over one database, each for a tenant: neither sees or writes anything of the other's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.crossref import SourceSystem, StoredCrossReference, TenantUnknownError, open_crossref
from adapters.sandbox.postgres import PostgresServer
from gateway.gateway import Gateway
from gateway.opening import crossref_problems
from gateway.settings import Settings
from schema.problems import Level
from tests.gateway.cli_project import run
from tests.gateway.crossref.office import Office, code_of, declare
from tests.gateway.greenhouse import Plant, nursery, soil

pytestmark = pytest.mark.usefixtures("nothing_else_installed")

LABEL = "query ($by: PlantBy!) { plant(by: $by) { label } }"
ANNA, BERT = (f"cus_{letter * 32}" for letter in "ab")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that is empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/crossref.db"
        return
    with PostgresServer.start() as started:
        yield started.url("postgres")


def office_of(tenant: str, folder: Path, url: str, store: StoredCrossReference) -> Office:
    gateway = Gateway(
        model=Plant,
        adapters=[nursery(), soil()],
        views=folder / "views",
        crossref=url,
        consumers=folder / "consumers.yaml",
        tenant=tenant,
        settings=Settings(kept_lookup_bytes=0),
    )
    return Office(gateway, store)  # type: ignore[arg-type]


async def label_of(desk: Office, by: dict[str, str]) -> str | None:
    async with desk.client("gardener") as client:
        asked = {"query": LABEL, "variables": {"by": by}}
        answer = (await client.post("/views/watering/graphql", json=asked)).json()
    plant = answer["data"]["plant"]
    return None if plant is None else str(plant["label"])


async def test_a_gateway_answers_for_its_tenant_alone(tmp_path: Path, url: str) -> None:
    """By views and by the API: ids, keys, candidates, histories and changes of the other are not there."""
    declare(tmp_path)
    async with open_crossref(url, tenant="north") as north, open_crossref(url, tenant="south") as south:
        for store, customer, key in ((north, ANNA, "N-p1"), (south, BERT, "N-p2")):
            await store.register_source(SourceSystem("nursery"), actor="admin")
            await store.load([(customer, {"nursery": [key]})], actor="feed")
        desk, other = office_of("north", tmp_path, url, north), office_of("south", tmp_path, url, south)
        async with desk.gateway.running(), other.gateway.running():
            told = [
                [
                    await label_of(one, by)
                    for by in ({"nursery": "N-p1"}, {"id": ANNA}, {"nursery": "N-p2"}, {"id": BERT})
                ]
                for one in (desk, other)
            ]
            assert [[label is None for label in one] for one in told] == [
                [False, False, True, True],
                [True, True, False, False],
            ]
            await desk.done("/links", {"source": "nursery", "key": "N-p3", "customer": ANNA})
            resolved = await other.done(
                "/resolve-many", {"by": [{"source": "nursery", "key": "N-p3"}, {"customer": ANNA}]}
            )
            assert resolved["subjects"] == [None, None]
            taken = await other.post("/links", {"source": "nursery", "key": "N-p9", "customer": ANNA})
            assert (taken.status_code, code_of(taken)) == (404, "CUSTOMER_UNKNOWN")
            assert (await other.get(f"/customers/{ANNA}")).status_code == 404
            assert await other.done("/history", {"by": {"customer": ANNA}}) == {"entries": [], "next": None}
            changes = (await other.get("/changes")).json()["changes"]
            assert {one for change in changes for one in change["customers"]} == {BERT}
            assert (await other.done("/links", {"source": "nursery", "key": "N-p3"}))["customer"] not in (ANNA, BERT)


async def test_a_gateway_of_a_misspelt_tenant_does_not_start(tmp_path: Path, url: str) -> None:
    """Nor does one that names none where another's is loaded; check says so too, and nothing is begun. A database of
    which nothing is loaded is anybody's."""
    declare(tmp_path)
    async with open_crossref(url, tenant="north") as north:
        desk = office_of("north", tmp_path, url, north)
        async with desk.gateway.running():
            pass
        await north.register_source(SourceSystem("nursery"), actor="admin")
        for tenant in ("nroth", "default"):
            slip = office_of(tenant, tmp_path, url, north).gateway
            with pytest.raises(TenantUnknownError, match="got a tenant of whom nothing is here; correct its name"):
                async with slip.running():
                    raise AssertionError
            (problem,) = await crossref_problems(slip.declared, slip.check(), tenant)
            assert (problem.level, problem.got) == (Level.ERROR, "a tenant of whom nothing is here")
            assert "begin with `customer-view crossref register`" in problem.mend
        with pytest.raises(TenantUnknownError):
            async with open_crossref(url, tenant="nroth", make_tenant=False):
                raise AssertionError
        async with desk.gateway.running():
            assert list(await crossref_problems(desk.gateway.declared, desk.gateway.check(), "north")) == []


def test_a_command_is_about_the_tenant_of_its_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless another is named."""
    declare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "northern.py").write_text(
        "from gateway.gateway import Gateway\n"
        "from tests.gateway.greenhouse import Plant, nursery, soil\n"
        'gateway = Gateway(model=Plant, adapters=[nursery(), soil()], views="views", consumers="consumers.yaml", '
        'crossref="sqlite:///crossref.db", tenant="north")\n'
    )
    app = ("--app", "northern:gateway")
    assert run("crossref", "register", "nursery", *app).code == 0
    assert run("crossref", "link", "nursery", "N-p1", *app).code == 0
    assert (
        run("crossref", "resolve", "nursery", "N-p1", "--crossref", "sqlite:///crossref.db", "--tenant", "north").code
        == 0
    )
    assert run("crossref", "resolve", "nursery", "N-p1", *app, "--tenant", "south").code == 2
    assert "No source is registered" in run("crossref", "sources", "--crossref", "sqlite:///crossref.db").out
