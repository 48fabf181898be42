"""What verifying tells: what holds, where it breaks first, and what could have been cut unseen."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from adapters.crossref import HkdfSecrets
from gateway.audit import AuditKeys
from gateway.audit.lines import Head, moment, seal
from gateway.audit.verifying import verify_audit
from tests.gateway.audit.books import KEYS, NOON, Books, disclosure


def test_an_audit_as_it_was_written_holds(books: Books) -> None:
    """Of several processes, each with a chain of its own, all anchored when they ended."""
    for _ in range(3):
        books.written(disclosure("cus_1"), disclosure("cus_2"))
    report = books.verified()
    assert (report.holds, report.chains, report.segments, report.records) == (True, 3, 3, 12)
    assert (report.unanchored, report.torn) == (0, [])


def test_the_first_break_is_told_with_its_file_and_line(books: Books) -> None:
    """Of each chain the first one alone: what follows it stands on it."""
    books.written(*(disclosure(f"cus_{number}") for number in range(5)))
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"agent-desktop", b"agent-deskt0p")
    del lines[5]
    file.write_bytes(b"".join(lines))
    (found,) = books.verified().breaks
    assert (found.path, found.line, found.text) == (file, 4, "the record was changed")


def test_a_record_of_the_same_number_on_another_past_does_not_fit(books: Books) -> None:
    """Also when the key has signed it: such as one that was cut back, and written anew as another."""
    books.written(*(disclosure(f"cus_{number}") for number in range(4)))
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    key = KEYS.chain(KEYS.current)
    assert key is not None
    other = Head(file.name.split("-")[3], 2, "f" * 64)
    lines[3], _ = seal(key, KEYS.current, other, moment(NOON), "request", {})
    file.write_bytes(b"".join(lines))
    (found,) = books.verified(with_anchors=False).breaks
    assert (found.line, found.text) == (4, "record 3 does not follow the one before it")


async def test_records_behind_the_newest_anchor_are_counted(books: Books) -> None:
    """Had some of them been cut, nobody could tell; what was anchored before is missed."""
    log = books.log()
    await log.try_again()
    for number in range(4):
        await log.record(disclosure(f"cus_{number}"))
    log._syncing.settle()
    for number in range(3):
        await log.record(disclosure(f"cus_{number}"))
    assert (books.verified().holds, books.verified().unanchored) == (True, 3)
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-3]))
    assert (books.verified().holds, books.verified().unanchored) == (True, 0)
    file.write_bytes(b"".join(lines[:-4]))
    (found,) = books.verified().breaks
    assert (found.line, found.text) == (5, "the chain ends here, and its record 5 was anchored: 1 cut")


async def test_anchors_are_written_every_second_while_something_changes(books: Books) -> None:
    """One a second at most, and none while nothing happens."""
    log = books.log()
    await log.try_again()

    def anchored() -> int:
        (file,) = books.anchors.iterdir()
        return len(file.read_bytes().splitlines())

    log._syncing.step()
    before = anchored()
    for tenths in range(30):
        books.runs = tenths / 10
        await log.record(disclosure("cus_1"))
        log._syncing.step()
    assert anchored() == before + 2
    books.runs = 3.0
    log._syncing.step()
    assert (anchored(), books.verified().unanchored) == (before + 3, 0)
    for seconds in range(4, 9):
        books.runs = seconds
        log._syncing.step()
    assert anchored() == before + 3


def test_a_torn_last_line_is_told_and_is_no_break(books: Books) -> None:
    """A process that is killed while it writes leaves one; in the middle of a chain it is a break."""
    books.written(disclosure("cus_1"))
    (file,) = books.files
    content = file.read_bytes()
    file.write_bytes(content + content[:200])
    report = books.verified()
    assert (report.holds, report.torn) == (True, [file])
    file.write_bytes(content + content[:200] + b"\n")
    (found,) = books.verified().breaks
    assert (found.line, found.text) == (4, "the line is no record")


def test_without_anchors_nothing_is_said_of_what_was_cut(books: Books) -> None:
    """Chains are held against themselves then."""
    books.written(disclosure("cus_1"))
    (file,) = books.files
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    report = books.verified(with_anchors=False)
    assert (report.holds, report.unanchored) == (True, None)
    assert not books.verified().holds


def test_records_of_a_new_secret_stand_beside_those_of_the_old_one(books: Books) -> None:
    """Both are needed to verify; which one lacks is told, and what is of the other is verified all the same."""
    books.written(disclosure("cus_1"))
    both = AuditKeys.of(HkdfSecrets({1: bytes(range(32)), 2: bytes(32)}))
    books.keys = both
    books.written(disclosure("cus_1"))
    assert verify_audit(books.folder, both, books.anchors).holds
    report = verify_audit(books.folder, KEYS, books.anchors)
    assert (report.holds, report.breaks, report.other_keys, report.records) == (False, [], {both.current: 1}, 3)


@pytest.mark.parametrize("with_anchors", [True, False])
def test_another_secret_is_told_from_a_change(books: Books, *, with_anchors: bool) -> None:
    """A key has a name that tells it from others of the same version: nothing was verified, and nothing is broken."""
    books.written(disclosure("cus_1"))
    books.written(disclosure("cus_1"))
    other = AuditKeys.of(HkdfSecrets({1: bytes(32)}))
    report = verify_audit(books.folder, other, books.anchors if with_anchors else None)
    assert (report.holds, report.breaks, report.other_keys, report.records) == (False, [], {KEYS.current: 2}, 0)
    assert other.current[:2] == KEYS.current[:2] == "1-"


def test_a_change_is_not_hidden_by_the_name_of_another_key(books: Books) -> None:
    """Anchors say by which key a chain was made; without them it can be told of later records alone."""
    books.written(*(disclosure(f"cus_{number}") for number in range(4)))
    (file,) = books.files
    content, name = file.read_bytes(), KEYS.current.encode()
    file.write_bytes(content.replace(name, b"1-00000000", 1))
    (found,) = books.verified().breaks
    assert (found.line, found.text) == (1, "the record names another key than the anchors of its chain")
    without = books.verified(with_anchors=False)
    assert (without.holds, without.other_keys) == (False, {"1-00000000": 1})
    lines = content.splitlines(keepends=True)
    lines[3] = lines[3].replace(name, b"1-00000000", 1)
    file.write_bytes(b"".join(lines))
    for with_anchors in (True, False):
        (found,) = books.verified(with_anchors=with_anchors).breaks
        assert (found.line, found.text) == (4, "the record names another key than the chain")
    file.write_bytes(content)
    (anchors,) = books.anchors.iterdir()
    anchors.write_bytes(anchors.read_bytes().replace(name, b"1-00000000", 1))
    (found,) = books.verified().breaks
    assert (found.path, found.line) == (anchors, 1)


def test_progress_is_told_in_bytes(books: Books) -> None:
    """What was read adds up to what there is."""
    books.written(disclosure("cus_1"))
    books.written(disclosure("cus_1"))
    told: list[tuple[int, int]] = []
    verify_audit(books.folder, KEYS, books.anchors, lambda total, size: told.append((total, size)))
    assert {total for total, _ in told} == {sum(size for _, size in told)}


@pytest.mark.long
def test_a_million_records_are_verified_in_flat_memory(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    """A chain is read a line at a time, whatever there is of it; the table stands in docs/audit.md."""
    asyncio.run(_write_many(books, 1_000_000))
    child = [sys.executable, "-c", _VERIFYING, str(books.folder), str(books.anchors)]
    done = subprocess.run(child, capture_output=True, text=True, timeout=3_600, check=True)
    records, size, seconds, grown = json.loads(done.stdout)
    assert (records >= 1_000_000, grown < 20_000_000) == (True, True)
    memory = f"{grown / 1e6:.1f} MB" if grown > 100_000 else "under 0.1 MB"
    row = f"| {records:,} | {size / 1e6:.0f} MB | {seconds:.1f} s | {memory} |"
    with capsys.disabled():
        sys.stdout.write(f"\n| records | size | CPU time | memory |\n| --- | --- | --- | --- |\n{row}\n")


async def _write_many(books: Books, records: int) -> None:
    members = {"view": "support-call@3", "shown": [{"customers": [KEYS.reference("cus_1")], "allow": ["C.f"] * 20}]}
    async with books.opened() as log:
        for number in range(records):
            books.at = NOON + number / 100
            await log._writer.append("request", members)
            if not number % 10_000:
                log._syncing.settle()


_VERIFYING = """
import json, resource, sys, time
from pathlib import Path
from gateway.audit.verifying import verify_audit
from tests.gateway.audit.books import KEYS

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

folder, anchors = map(Path, sys.argv[1:])
before, begun = peak(), time.process_time()
report = verify_audit(folder, KEYS, anchors)
seconds = time.process_time() - begun
assert report.holds and report.unanchored == 0
size = sum(file.stat().st_size for file in folder.iterdir())
print(json.dumps([report.records, size, seconds, peak() - before]))
"""
