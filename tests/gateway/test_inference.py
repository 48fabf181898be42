"""Over HTTP too nothing tells of what is withheld: the reply, its headers, the log and the audit's files."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from httpx import Response

from adapters.crossref import Restriction
from gateway.audit.records import REQUEST
from tests.gateway.greenhouse import Source, nursery
from tests.gateway.privacy.bureau import Bureau, bureau

QUERY = '{ plant(by: {id: "%s"}) { id label provenance } }'
PERSONAL = ("Fern", "Moss", "Ivy", "Ada", "N-p1", "N-p2", "N-p3")


@pytest.fixture
def plants(monkeypatch: pytest.MonkeyPatch) -> Source:
    """The source that knows plants, to look into."""
    source = nursery()
    monkeypatch.setattr("tests.gateway.privacy.bureau.nursery", lambda: source)
    return source


@pytest_asyncio.fixture
async def opened(tmp_path: Path, nothing_else_installed: None, plants: Source) -> AsyncIterator[Bureau]:
    """An open gateway that keeps audit."""
    async with bureau(tmp_path) as made:
        yield made


async def ask(opened: Bureau, customer: str) -> Response:
    response: Response = await opened.ask(view="watering", query=QUERY.replace("%s", customer))
    return response


async def test_unknown_erased_and_restricted_are_one_reply(opened: Bureau, plants: Source) -> None:
    """Byte for byte, with the same headers and no call; the audit alone tells them apart."""
    erased, restricted = await opened.link("N-p1"), await opened.link("N-p2")
    await opened.store.erase(erased, actor="t")
    await opened.store.restrict(restricted, Restriction("dispute", frozenset({"*"})), actor="t")
    unknown = restricted[:-1] + ("a" if restricted[-1] != "a" else "b")
    replies = [await ask(opened, customer) for customer in (unknown, erased, restricted)]
    assert len({reply.content for reply in replies}) == 1
    assert len({(reply.status_code, tuple(reply.headers.items())) for reply in replies}) == 1
    assert replies[0].json()["data"] == {"plant": None}
    assert plants.batches == []
    causes = [one["shown"][0]["refused"] for one in opened.records(REQUEST)]
    assert causes == ["SUBJECT_UNKNOWN", "SUBJECT_ERASED", "SUBJECT_RESTRICTED"]


async def test_no_value_is_in_the_audit_or_in_the_log(opened: Bureau, caplog: pytest.LogCaptureFixture) -> None:
    """Whether it was shown, masked or withheld: neither a value nor a source's key."""
    caplog.set_level(logging.DEBUG)
    for key in ("N-p1", "N-p2"):
        await opened.link(key)
    shown = await opened.ask(view="watering")
    assert shown.json()["data"]["plant"]["provenance"] == "••••"
    assert "Ada" not in shown.text
    written = [file.read_text() for folder in ("audit", "anchors") for file in (opened.folder / folder).iterdir()]
    logged = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records if "asyncio" not in record.name]
    for text in (*written, *logged):
        readable = re.sub(r"[\w-]{43,}", "", text)  # references and digests may spell anything
        assert not [one for one in PERSONAL if one in readable]


async def test_what_a_mask_hides_is_not_told_by_the_length_of_the_reply(opened: Bureau, plants: Source) -> None:
    """Two values that differ are the same bytes."""
    await opened.link("N-p1")
    replies = []
    for provenance in ("Ada", "Countess of Lovelace", ""):
        plants.records["N-p1"][0]["provenance"] = provenance
        replies.append((await opened.ask(view="watering")).content)
    assert len(set(replies)) == 1
