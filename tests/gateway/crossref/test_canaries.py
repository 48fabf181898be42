"""Nothing of a person stands anywhere in the clear, at rest or in passing, whatever is done with the cross-reference.

Values that belong to nobody are fed through every operation, and looked for in every place, in every form.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.crossref import (
    HkdfSecrets,
    KeyFormat,
    KeyMode,
    LinkedKey,
    SourceSystem,
    SqliteCrossReference,
    StoreError,
)
from adapters.crossref.verification.beside import Beside
from tests.gateway.crossref.canaries import EMAIL, PHONE, SEALED, TAX_ID, Scanner, digests_of, forms_of, hex_digests_of
from tests.gateway.crossref.canary_calls import Calls, walk
from tests.gateway.crossref.canary_places import Findings, Logs, TemporaryRows, files_in

FIRST, SECOND = b"one secret of thirty-two bytes..", b"two secret of thirty-two bytes.."
Places = dict[str, Callable[[], Iterable[bytes]]]


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> TemporaryRows:
    """What stands in the temporary files of checks."""
    kept, close = TemporaryRows(), Beside.close

    def closing(beside: Beside) -> None:
        kept.keep(beside)
        close(beside)

    monkeypatch.setattr(Beside, "close", closing)
    return kept


@pytest.fixture
def logs() -> Iterator[Logs]:
    """What everybody logs, asyncio every step that it makes too."""
    with Logs() as made:
        yield made


@pytest_asyncio.fixture
async def places(tmp_path: Path, logs: Logs, rows: TemporaryRows) -> AsyncIterator[Places]:
    """The places of a cross-reference in a file."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    yield {"files": files_in(tmp_path), "logs": logs, "temporary files": rows}
    loop.set_debug(False)


async def test_no_call_leaves_anything_of_a_person(tmp_path: Path, places: Places, rows: TemporaryRows) -> None:
    """In the database's files, their log and index, logs, errors, reprs, or temporary files."""
    findings = Findings(places)
    store = SqliteCrossReference.open(tmp_path / "crossref.db", secrets=HkdfSecrets({1: FIRST}))
    calls = Calls(store, findings)
    await calls.do("register_source", SourceSystem("mail", KeyFormat.LOWER, KeyMode.SEALED), actor="admin")
    first, second = await walk(calls)
    store.close()
    later = SqliteCrossReference.open(tmp_path / "crossref.db", secrets=HkdfSecrets({1: FIRST, 2: SECOND}))
    calls.store = later
    assert await calls.do("wrap_identifiers", 1, actor="admin")
    await calls.do("retire_identifiers", 1, actor="admin")
    await calls.write("erase", first)
    await calls.do("erase", second, actor="officer")
    await calls.do("export", first)
    assert (await calls.do("verify")).holds
    later.close()
    findings.look("close")
    assert rows.files
    findings.check()
    assert calls.all <= calls.made


FORMS = [
    *((name, form) for name, form in forms_of(EMAIL.given)),
    *((name, form) for name, form in forms_of(PHONE.spellings[0])),
    *((name, form) for name, form in digests_of(EMAIL.given.lower())),
    *((name, form.upper()) for name, form in hex_digests_of(PHONE.spellings[0])),
    ("in other cases", EMAIL.given.swapcase().encode()),
    ("as its mailbox", b"ticket of quilla.zambrano7"),
    ("as in its country", b"(01512 8374659)"),
    ("with hyphens", b"tel:+49-1512-8374659"),
    ("in the other UTF-16", EMAIL.given.encode("utf-16-be")),
    *((f"inside other base64 at {place}", base64.b64encode(b"x" * place + EMAIL.given.encode())) for place in range(6)),
]


@pytest.mark.parametrize(("name", "form"), FORMS, ids=[name for name, _ in FORMS])
def test_a_canary_is_found_in_every_form(name: str, form: bytes) -> None:
    """Wherever it stands, at the edge of a page too; what looks like it is none."""
    scanner = Scanner()
    assert scanner.found(b"before" + form + b"behind"), name
    assert scanner.found_anew(b"x" * (4096 - len(form) // 2) + form + b"y" * 9000), name
    assert not scanner.found(form[: len(form) // 3])


def test_a_page_is_looked_through_once() -> None:
    """What was found in it was told then; one that has changed is another."""
    scanner, page = Scanner(), EMAIL.given.encode().ljust(4096)
    assert scanner.found_anew(page)
    assert not scanner.found_anew(page)
    assert scanner.found_anew(page[:-1] + b"x")


async def test_a_canary_is_found_in_every_place(tmp_path: Path, places: Places, rows: TemporaryRows) -> None:
    """Planted there on purpose: in a file, its name, a log line or what it was made of, an error, a temporary file."""
    findings = Findings(places)
    (tmp_path / f"{SEALED[0].given}.txt").write_bytes(EMAIL.given.encode("utf-16"))
    findings.look("a file")
    logging.getLogger("anybody").debug("%.5s was here", EMAIL.given)
    findings.look("a log line")
    beside = Beside()
    beside.put("link", "lnk_1", {"key": hashlib.sha256(SEALED[1].given.encode()).hexdigest()})
    beside.close()
    findings.look("a check")
    findings.look("an answer", LinkedKey(PHONE.given, "lnk_1"))
    findings.look("an answer that may", LinkedKey(PHONE.given, "lnk_1"), tells=True)
    for cause in (False, True):
        try:
            try:
                raise KeyError(TAX_ID.given)
            except KeyError as error:
                raise StoreError("a constant text") from (error if cause else None)
        except StoreError as error:
            findings.look(f"an error {cause}", error)
    with pytest.raises(AssertionError) as caught:
        findings.check()
    assert [line.partition(": ")[0] for line in str(caught.value).splitlines()[1:]] == [
        "files, a file",
        "logs, a log line",
        "temporary files, a check",
        "outcome, an answer",
        "outcome, an error False",
        "outcome, an error True",
    ]
