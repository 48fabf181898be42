"""What operators change while a gateway answers: taken whole or not at all, and no request is lost by it."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.checking import Checked
from gateway.reloading import Change
from gateway.secret_file import new_secret_line
from gateway.service import NotOpenError
from gateway.serving import bind, serving
from gateway.settings import Settings
from resolvers import Engine
from schema.problems import ConfigurationError
from schema.views import View
from tests.gateway.audit.books import Books
from tests.gateway.greenhouse import (
    FLORIST,
    GARDENER,
    STRANGER,
    code_of,
    greenhouse,
    write_all,
    write_consumers,
    write_view,
)
from tests.gateway.operating.keeping import Keeping, post, until

pytestmark = pytest.mark.usefixtures("nothing_else_installed")

LABEL = {"query": '{ plant(by: {nursery: "N-p1"}) { label } }'}
HEIGHT = {"query": '{ plant(by: {nursery: "N-p1"}) { height } }'}
RELOAD = "/operations/reload"


def add_operator(house: Path) -> None:
    """Register a consumer that may reload, and may use no view."""
    with (house / "consumers.yaml").open("a") as file:
        digest = sha256(STRANGER.encode()).hexdigest()
        file.write(f"- name: operations\n  token_sha256: {digest}\n  views: []\n  roles: [operator]\n")


def set_consumers(folder: Path, **views: str) -> None:
    """Write the consumers anew."""
    write_consumers(folder / "consumers.yaml", **views)


WATERING = {"gardener": "watering, pruning, hurry", "inspector": "watering@1, pests, pruning@2, feeding"}


async def test_a_view_that_was_published_meanwhile_is_served_and_what_was_compiled_is_kept(tmp_path: Path) -> None:
    """Views that are as they were stay the objects that they were: nothing is compiled for them anew."""
    house = greenhouse(tmp_path)
    async with house.gateway.running() as service:
        before = {view.id: view for view in service.views}
        assert (await house.post(HEIGHT, to="watering")).status_code == 200
        assert code_of(await house.post(LABEL, to="weeding")) == "VIEW_UNKNOWN"
        write_view(tmp_path / "views", "weeding@1", "Plant.label")
        set_consumers(tmp_path, **{**WATERING, "gardener": "watering, pruning, hurry, weeding", "florist": "feeding@1"})
        reloaded = await house.gateway.reload()
        assert (await house.post(LABEL, to="weeding")).json()["data"] == {"plant": {"label": "Fern"}}
        after = {view.id: view for view in house.gateway._opened().views}
    assert reloaded.changes["views"] == Change(added=("weeding@1",))
    assert reloaded.changes["consumers"] == Change(changed=("gardener",))
    assert str(reloaded) == "views: +weeding@1; consumers: ~gardener"
    assert after.keys() - before.keys() == {"weeding@1"}
    assert all(after[name] is view for name, view in before.items())


async def test_a_consumer_that_is_gone_is_refused_at_once_and_its_request_under_way_is_answered(tmp_path: Path) -> None:
    """Its token is known no more, though it was known a moment ago."""
    house = greenhouse(tmp_path)
    house.nursery.hangs = True
    async with house.gateway.running():
        under_way = asyncio.create_task(house.post(LABEL, to="feeding", token=FLORIST))
        await until(lambda: house.nursery.running)
        set_consumers(tmp_path, **WATERING)
        reloaded = await house.gateway.reload()
        house.nursery.hangs = False
        assert (await house.post(LABEL, to="feeding", token=FLORIST)).status_code == 401
        assert (await house.post(LABEL, to="watering")).status_code == 200
        for task in asyncio.all_tasks():  # what hangs in the source is let go
            if "Source.fetch" in repr(task.get_coro()):
                task.cancel()
        answered = await under_way
    assert reloaded.changes["consumers"] == Change(removed=("florist",))
    assert answered.status_code == 200
    assert answered.json()["data"]["plant"]["label"] is None


async def test_a_view_that_a_consumer_may_use_no_more_is_refused_at_once(tmp_path: Path) -> None:
    """Which view it meant was known a moment ago."""
    house = greenhouse(tmp_path)
    async with house.gateway.running():
        assert (await house.post(LABEL, to="watering")).status_code == 200
        set_consumers(tmp_path, **{**WATERING, "gardener": "pruning", "florist": "feeding@1"})
        await house.gateway.reload()
        assert code_of(await house.post(LABEL, to="watering")) == "VIEW_UNKNOWN"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("consumers.yaml", "- name: gardener\n"),
        ("consumers.yaml", "- name: [\n"),
        ("views/watering@1.yaml", "name: watering\n"),
        ("views/views.lock", "watering@1: abc\n"),
    ],
)
async def test_what_is_wrong_changes_nothing_and_is_told(
    tmp_path: Path, file: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also what is right beside it: all is taken or nothing."""
    house = greenhouse(tmp_path)
    async with house.gateway.running() as service:
        kept = (tmp_path / file).read_text()
        write_view(tmp_path / "views", "weeding@1", "Plant.label", consumers="gardener")
        (tmp_path / file).write_text(text)
        with pytest.raises(ConfigurationError, match=Path(file).name), caplog.at_level(logging.ERROR):
            await house.gateway.reload()
        assert house.gateway._opened() is service
        assert (await house.post(LABEL)).status_code == 200
        (tmp_path / file).write_text(kept)
    (told,) = (record.getMessage() for record in caplog.records if record.name == "gateway.reloading")
    assert told.startswith("not reloaded, and nothing has changed, for what was read is wrong:\n")
    assert Path(file).name in told


@pytest.mark.parametrize("is_right", [True, False])
async def test_all_who_ask_for_a_reload_while_another_is_under_way_share_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_right: bool
) -> None:
    """What they have written before they asked is in it: it begins after that."""
    house, reads = greenhouse(tmp_path), list[Checked]()
    async with house.gateway.running():
        gateway, check = house.gateway, house.gateway.check

        def read() -> Checked:
            reads.append(check())
            return reads[-1]

        monkeypatch.setattr(gateway._reloading, "_check", read)
        first = asyncio.create_task(gateway.reload())
        await until(lambda: reads)
        set_consumers(tmp_path, **(WATERING if is_right else {"gardener": "wateringg"}))
        asked = await asyncio.gather(*(gateway.reload() for _ in range(100)), return_exceptions=True)
        await first
        assert len(reads) in (2, 3)  # where the first was over, one of the hundred was alone
        if is_right:
            assert {str(one) for one in asked} <= {"consumers: -florist", "nothing has changed"}
            assert str(asked[0]) == "consumers: -florist"
        else:
            assert {type(one) for one in asked} == {ConfigurationError}
        set_consumers(tmp_path, **WATERING, florist="feeding@1")
        assert str(await gateway.reload()) == f"{'consumers: +florist' if is_right else 'nothing has changed'}"


async def test_a_reload_that_would_leave_no_view_changes_nothing(tmp_path: Path) -> None:
    """A lock that is not there is being written: at the start it would mean that nothing is published."""
    house = greenhouse(tmp_path)
    async with house.gateway.running():
        lock = tmp_path / "views" / "views.lock"
        kept = lock.read_text()
        lock.unlink()
        with pytest.raises(ConfigurationError, match=r"views\.lock: error: got no published view"):
            await house.gateway.reload()
        assert (await house.post(LABEL)).status_code == 200
        lock.write_text(kept)


async def test_what_is_read_at_the_start_only_is_told_until_the_next_start(tmp_path: Path) -> None:
    """It has changed, and is not taken."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("fan_out: 5\n")
    house = greenhouse(tmp_path, settings=Settings(identifier_rules=rules))
    async with house.gateway.running():
        assert (await house.gateway.reload()).not_taken == ()
        rules.write_text("fan_out: 6\n")
        told = [await house.gateway.reload() for _ in range(2)]
    assert [one.not_taken for one in told] == [("the rules of identifiers",)] * 2
    assert str(told[0]) == "nothing has changed; not taken before the next start: the rules of identifiers"


async def test_a_gateway_that_is_not_open_is_not_reloaded(tmp_path: Path) -> None:
    """There is nothing to exchange."""
    with pytest.raises(NotOpenError):
        await greenhouse(tmp_path).gateway.reload()


DOCUMENT = "query Label($id: ID!) {\n  plant(by: {id: $id}) { label }\n}\n"


async def test_documents_are_compiled_anew_where_they_are_new_and_let_go_where_they_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stays is compiled once; one that its view refuses changes nothing."""
    folder = tmp_path / "documents" / "watering"
    folder.mkdir(parents=True)
    (folder / "one.graphql").write_text(DOCUMENT)
    house = greenhouse(tmp_path, documents=tmp_path / "documents")
    async with house.gateway.running() as service:
        (prepared,) = service.engine._reader._prepared.values()
        documents = prepared.documents
        (first,) = {*documents._prepared.values()}
        room = documents._kept._prepared_bytes
        (folder / "two.graphql").write_text(DOCUMENT.replace("label", "height"))
        await house.gateway.reload()
        assert {*documents._prepared.values()} > {first}
        assert documents._kept._prepared_bytes > room
        (folder / "two.graphql").write_text(DOCUMENT.replace("label", "hieght"))
        with pytest.raises(ConfigurationError, match=r"two\.graphql"):
            await house.gateway.reload()
        (folder / "two.graphql").unlink()
        await house.gateway.reload()
        assert {*documents._prepared.values()} == {first}
        assert documents._kept._prepared_bytes == room
        (folder / "one.graphql").unlink()
        await house.gateway.reload()
        assert (documents._prepared, documents._prepared_plans, documents._kept._prepared_bytes) == ({}, {}, 0)
        assert service.engine._reader._prepared == {}
        answer = await house.post({"query": DOCUMENT, "variables": {"id": "p1"}})
    assert answer.json()["data"] == {"plant": {"label": "Fern"}}


async def test_an_operator_reloads_by_request_and_is_told_what_has_changed(tmp_path: Path) -> None:
    """The other processes are told to do the same."""
    write_all(tmp_path)
    add_operator(tmp_path)
    house, others = greenhouse(tmp_path), []
    house.gateway.reload_others_by(lambda: others.append("told"))
    async with house.gateway.running(), house.client(STRANGER) as operator:
        write_view(tmp_path / "views", "weeding@1", "Plant.label")
        response = await operator.post(RELOAD)
        assert (response.status_code, response.json()) == (
            200,
            {
                "views": {"added": ["weeding@1"], "removed": [], "changed": []},
                "consumers": {"added": [], "removed": [], "changed": []},
                "verifiers": {"added": [], "removed": [], "changed": []},
                "sources": {"added": [], "removed": [], "changed": []},
                "notTaken": [],
            },
        )
        assert others == ["told"]
        (tmp_path / "consumers.yaml").write_text("- name: gardener\n")
        wrong = await operator.post(RELOAD)
        assert (wrong.status_code, code_of(wrong), others) == (422, "CONFIGURATION_WRONG", ["told"])
        told = wrong.json()["errors"][0]["extensions"]
        assert told["problemsInAll"] == len(told["problems"]) > 0
        assert {"file", "line", "got", "wanted", "mend", "level"} == told["problems"][0].keys()


@pytest.mark.parametrize(("token", "status", "code"), [(None, 401, "UNAUTHENTICATED"), (GARDENER, 403, "ROLE_NEEDED")])
async def test_nobody_else_reloads(tmp_path: Path, token: str | None, status: int, code: str) -> None:
    """Nothing is read for them."""
    house = greenhouse(tmp_path)
    async with house.gateway.running() as service, house.client(token) as client:
        response = await client.post(RELOAD)
        assert (response.status_code, code_of(response)) == (status, code)
        assert house.gateway._opened() is service


async def test_a_gateway_that_leaves_says_that_it_is_not_ready_and_answers_on(tmp_path: Path) -> None:
    """It is alive all the while, and opened anew it is ready again."""
    house = greenhouse(tmp_path)

    async def asked(path: str) -> int:
        async with house.client() as client:
            return (await client.get(path)).status_code

    async with house.gateway.running():
        assert await asked("/health/ready") == 200
        house.gateway.leave()
        assert (await asked("/health/ready"), await asked("/health/live")) == (503, 200)
        assert (await house.post(LABEL)).status_code == 200
    async with house.gateway.running():
        assert await asked("/health/ready") == 200


def bodies() -> list[bytes]:
    return [json.dumps(body).encode() for body in (LABEL, HEIGHT)]


async def test_no_request_fails_while_a_gateway_reloads_twenty_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients on connections that are kept ask all the while; a view comes and goes with every reload."""
    house = greenhouse(tmp_path)
    compiled: list[View] = []
    monkeypatch.setattr(Engine, "prepare", lambda _, view, *texts: compiled.append(view))
    both = {**WATERING, "florist": "feeding@1"}
    write_view(tmp_path / "views", "weeding@1", "Plant.label", consumers="gardener, florist")
    has_ended, statuses = False, []

    async def ask(client: Keeping) -> None:
        turns = [post("/views/watering/graphql", body, GARDENER) for body in bodies()]
        while not has_ended:
            for request, wanted in zip(turns, ({"label": "Fern"}, {"height": 10}), strict=True):
                answer = await client.ask(request)
                statuses.append(answer.status)
                assert json.loads(answer.body)["data"]["plant"] == wanted

    with bind("127.0.0.1", 0) as listening:
        async with house.gateway.running(), serving(house.gateway, listening):
            clients = [Keeping(listening.getsockname()[1]) for _ in range(8)]
            asking = [asyncio.create_task(ask(client)) for client in clients]
            for turn in range(20):
                set_consumers(tmp_path, **(both if turn % 2 else {**both, "florist": "feeding@1, weeding"}))
                reloaded = await house.gateway.reload()
                assert reloaded.changes["consumers"].changed == ("florist",)
            has_ended = True
            await asyncio.gather(*asking)
            await asyncio.gather(*(client.close() for client in clients))
    assert {*statuses} == {200}
    assert len(statuses) > 100
    assert [client.made for client in clients] == [1] * 8  # not one connection was lost or closed


async def test_an_audited_gateway_writes_down_first_who_reloads_it(tmp_path: Path) -> None:
    """What cannot be written down is not done."""
    write_all(tmp_path)
    add_operator(tmp_path)
    secrets, books = tmp_path / "secrets.txt", Books.in_folder(tmp_path)
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)
    settings = Settings(secret_file=secrets, audit=books.folder, audit_anchors=books.anchors)
    house = greenhouse(tmp_path, settings=settings)
    async with house.gateway.running(), house.client(STRANGER) as operator:
        service = house.gateway._opened()
        assert (await operator.post(RELOAD)).status_code == 200
        reloaded = house.gateway._opened()
        shutil.rmtree(books.folder)
        refused = await operator.post(RELOAD)
        assert (refused.status_code, code_of(refused)) == (503, "AUDIT_UNAVAILABLE")
        assert house.gateway._opened() is reloaded is not service
        books.folder.mkdir()


async def test_a_reload_is_recorded(tmp_path: Path) -> None:
    """By whom; of no customer."""
    write_all(tmp_path)
    add_operator(tmp_path)
    secrets, books = tmp_path / "secrets.txt", Books.in_folder(tmp_path)
    secrets.write_text(f"{new_secret_line()}\n")
    secrets.chmod(0o600)
    settings = Settings(secret_file=secrets, audit=books.folder, audit_anchors=books.anchors)
    house = greenhouse(tmp_path, settings=settings)
    async with house.gateway.running(), house.client(STRANGER) as operator:
        await operator.post(RELOAD)
    (told,) = (one for line in books.lines if (one := json.loads(line))["kind"] == "operations.reloaded")
    assert told["happened"] == {"consumer": "operations"}
