from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.crossref import KeyMode, SecretError, SourceSystem, SqliteCrossReference, StoreError
from gateway.gateway import Gateway
from gateway.secret_file import load_secrets, new_secret_line
from gateway.service import NotOpenError
from gateway.settings import Settings
from schema.problems import ConfigurationError
from tests.gateway.greenhouse import Greenhouse, Plant, Table, code_of, greenhouse, nursery, soil, write_all, write_view
from tests.resolvers import vessels

pytestmark = pytest.mark.usefixtures("nothing_else_installed")

LABEL = {"query": '{ plant(by: {nursery: "N-p1"}) { label } }'}


def closed(house: Greenhouse) -> tuple[int, int]:
    """How often each adapter was closed."""
    return house.nursery.closed, house.soil.closed


def with_sqlite(folder: Path, crossref: str, **settings: Any) -> Greenhouse:
    """A gateway whose cross-reference is a file."""
    views, consumers = write_all(folder)
    plants, beds = nursery(), soil()
    gateway = Gateway(
        model=Plant,
        adapters=iter([plants, beds]),
        views=str(views),
        crossref=crossref,
        consumers=str(consumers),
        settings=Settings(**settings),
    )
    return Greenhouse(gateway, plants, beds, Table())


async def fill(place: str, *, mode: KeyMode = KeyMode.PLAIN, secret_file: Path | None = None) -> None:
    """Make a cross-reference that knows one plant."""
    opened = SqliteCrossReference.open(place, secrets=load_secrets(secret_file) if secret_file else None)
    await opened.register_source(SourceSystem("nursery", key_mode=mode), actor="test")
    await opened.link("nursery", "N-p1", asserted_by="test")
    opened.close()


async def test_a_gateway_serves_while_it_runs_and_closes_its_adapters_after(tmp_path: Path) -> None:
    """The published views are served; a cross-reference that was given open is left open."""
    house = greenhouse(tmp_path)
    async with house.gateway.running() as service:
        assert [view.id for view in service.views if view.name == "watering"] == ["watering@1", "watering@2"]
        assert closed(house) == (0, 0)
    assert closed(house) == (1, 1)
    assert not hasattr(house.table, "close")
    assert (await house.post(LABEL)).status_code == 503


def test_declaring_a_gateway_opens_nothing(tmp_path: Path) -> None:
    """A module can be imported where nothing of what it declares is there."""
    gateway = Gateway(
        model=Plant,
        adapters=[],
        views=tmp_path / "nowhere",
        crossref=f"sqlite:///{tmp_path}/crossref.db",
        consumers=tmp_path / "nowhere.yaml",
    )
    assert gateway.settings == Settings()
    assert list(tmp_path.iterdir()) == []


def test_settings_are_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong one stops the declaration, with a problem that says how to mend it."""
    monkeypatch.setenv("CUSTOMER_VIEW_PORT", "x")
    with pytest.raises(ConfigurationError, match="correct or unset the variable CUSTOMER_VIEW_PORT"):
        Gateway(model=Plant, adapters=[], views=tmp_path, crossref=Table(), consumers=tmp_path)


async def test_a_wrong_declaration_stops_the_start_with_every_problem(tmp_path: Path) -> None:
    """All errors at once, no notes; the adapters are closed, nothing else was opened."""
    house = greenhouse(tmp_path)
    write_view(tmp_path / "views", "wrong@1", "Plant.lable", "Bed.moist", lookups="id, nursary", published=False)
    (tmp_path / "consumers.yaml").write_text("- name: x\n")
    with pytest.raises(ConfigurationError) as caught:
        async with house.gateway.running():
            raise AssertionError
    told = str(caught.value)
    for mend in (
        "did you mean 'Plant.label'?",
        "did you mean 'Bed.moisture'?",
        "did you mean 'nursery'?",
        "token_sha256",
    ):
        assert mend in told
    assert ": note:" not in told
    assert closed(house) == (1, 1)


async def test_a_gateway_that_was_mended_can_start(tmp_path: Path) -> None:
    """Everything is read anew at each start."""
    house = greenhouse(tmp_path)
    wrong = tmp_path / "views" / "wrong@1.yaml"
    wrong.write_text("name: wrong")
    with pytest.raises(ConfigurationError):
        async with house.gateway.running():
            raise AssertionError
    wrong.unlink()
    async with house.gateway.running():
        assert (await house.post(LABEL)).status_code == 200


async def test_something_that_is_no_adapter_stops_the_start(tmp_path: Path) -> None:
    """With a problem, not with an AttributeError; the others are closed."""
    views, consumers = write_all(tmp_path)
    plants: Any = nursery()
    given: Any = [plants, object()]
    gateway = Gateway(model=Plant, adapters=given, views=views, crossref=Table(), consumers=consumers)
    with pytest.raises(ConfigurationError, match="an object of object, which is no adapter"):
        async with gateway.running():
            raise AssertionError
    assert plants.closed == 1


async def test_a_cross_reference_in_a_file_is_opened_and_closed(tmp_path: Path) -> None:
    """`sqlite:///` and a path; after the gateway has stopped it can be read no more."""
    place = f"sqlite:///{tmp_path}/crossref.db"
    await fill(place)
    house = with_sqlite(tmp_path, place)
    async with house.gateway.running() as service:
        assert (await house.post(LABEL)).json() == {"data": {"plant": {"label": "Fern"}}}
        crossref = service.engine._crossref
    with pytest.raises(StoreError):
        await crossref.resolve_many([])
    assert closed(house) == (1, 1)


async def test_sealed_keys_are_opened_with_the_secret_file(tmp_path: Path) -> None:
    """The same secrets that sealed them; without any the start stops and the adapters are closed."""
    secret_file, place = tmp_path / "secrets.txt", f"sqlite:///{tmp_path}/crossref.db"
    secret_file.write_text(new_secret_line())
    await fill(place, mode=KeyMode.SEALED, secret_file=secret_file)
    house = with_sqlite(tmp_path, place, secret_file=secret_file)
    async with house.gateway.running():
        assert (await house.post(LABEL)).json() == {"data": {"plant": {"label": "Fern"}}}
    without = with_sqlite(tmp_path, place)
    with pytest.raises(SecretError):
        async with without.gateway.running():
            raise AssertionError
    assert closed(without) == (1, 1)


async def test_a_cross_reference_that_cannot_be_opened_closes_what_was_open(tmp_path: Path) -> None:
    """A file that is no database: StoreError, and no adapter is left open."""
    (tmp_path / "crossref.db").write_bytes(b"no database at all" * 100)
    house = with_sqlite(tmp_path, f"sqlite:///{tmp_path}/crossref.db")
    with pytest.raises(StoreError):
        async with house.gateway.running():
            raise AssertionError
    assert closed(house) == (1, 1)
    assert (await house.post(LABEL)).status_code == 503


async def test_an_adapter_that_cannot_be_closed_keeps_no_other_open(tmp_path: Path) -> None:
    """Its exception is raised when all are closed."""
    house = greenhouse(tmp_path)

    async def broken() -> None:
        raise OSError("socket")

    house.soil.aclose = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="socket"):
        async with house.gateway.running():
            pass
    assert house.nursery.closed == 1


async def test_the_lifespan_opens_and_closes_the_gateway(tmp_path: Path) -> None:
    """As every ASGI server does it."""
    house = greenhouse(tmp_path)
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    living = asyncio.create_task(house.gateway({"type": "lifespan", "state": {}}, asked.get, told.put))
    await asked.put({"type": "lifespan.startup"})
    assert (await told.get())["type"] == "lifespan.startup.complete"
    assert (await house.post(LABEL)).status_code == 200
    await asked.put({"type": "lifespan.shutdown"})
    assert (await told.get())["type"] == "lifespan.shutdown.complete"
    await living
    assert closed(house) == (1, 1)
    assert code_of(await house.post(LABEL)) == "UNAVAILABLE"


async def test_a_failed_start_is_told_to_the_server(tmp_path: Path) -> None:
    """The server learns that there is nothing to serve, and why."""
    house = greenhouse(tmp_path)
    (tmp_path / "consumers.yaml").write_text("- name: x\n")
    told: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        told.append(message)

    with pytest.raises(ConfigurationError):
        await house.gateway({"type": "lifespan", "state": {}}, receive, send)
    assert [one["type"] for one in told] == ["lifespan.startup.failed"]


def test_a_gateway_that_is_not_open_says_how_to_open_it(tmp_path: Path) -> None:
    """To a programmer who uses its service."""
    with pytest.raises(NotOpenError, match="serve it with its ASGI lifespan, or inside"):
        greenhouse(tmp_path).gateway._opened()


async def test_the_body_limit_is_a_setting(tmp_path: Path) -> None:
    """Who raises it gets larger bodies through."""
    body = {**LABEL, "variables": {"x": "y" * 2000}}
    for most, status in ((1024, 413), (4096, 200)):
        house = greenhouse(tmp_path, settings=Settings(most_body_bytes=most))
        async with house.gateway.running():
            assert (await house.post(body)).status_code == status


def test_types_that_only_an_interface_reaches_are_given_with_the_model(tmp_path: Path) -> None:
    """Nothing else leads to them; without them nothing could stand where the interface does."""
    seen = [vessels.RadarSighting, vessels.PhotoSighting]
    declared: dict[str, Any] = {"adapters": [], "views": tmp_path, "crossref": Table(), "consumers": tmp_path}
    for types, known in (([], set()), (seen, {"RadarSighting", "PhotoSighting"})):
        model = Gateway(model=vessels.Vessel, types=types, **declared).check().model
        assert model is not None
        assert set(model.concrete("Sighting")) == known


async def test_a_start_reads_the_secret_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For all that is made of it: between two readings somebody could have changed it."""
    secret_file = tmp_path / "secrets.txt"
    secret_file.write_text(new_secret_line())
    (tmp_path / "audit").mkdir()
    (tmp_path / "anchors").mkdir()
    await fill(f"{tmp_path}/crossref.db", secret_file=secret_file)
    settings = {"secret_file": secret_file, "audit": tmp_path / "audit", "audit_anchors": tmp_path / "anchors"}
    house = with_sqlite(tmp_path, f"sqlite:///{tmp_path}/crossref.db", **settings)
    read: list[Path] = []
    opened = Path.open

    def noted(path: Path, *args: Any, **more: Any) -> Any:
        read.append(path)
        return opened(path, *args, **more)

    monkeypatch.setattr(Path, "open", noted)
    async with house.gateway.running():
        assert read.count(secret_file) == 1
