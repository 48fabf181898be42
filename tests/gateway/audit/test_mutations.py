"""No change to the files of an audit goes unseen, up to the newest anchor."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.audit.verifying import verify_audit
from tests.gateway.audit.books import DAY, KEYS, Books, disclosure

SEEDS = 1_000
"""Random mutations; a few at a time, so that one that is missed names its seed."""
PARTS = 20

Mutation = Callable[[random.Random, Path, Path], bool]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Return three chains, of several segments each, all anchored to their ends."""
    books = Books.in_folder(tmp_path_factory.mktemp("audit"))
    for number in range(3):
        books.at += 60.0
        books.written(*(disclosure(f"cus_{number}{one}") for one in range(9)), apart=DAY / 4)
    report = books.verified()
    assert (report.holds, report.chains, report.unanchored) == (True, 3, 0)
    return books


def _file(chance: random.Random, folder: Path) -> Path:
    return chance.choice(sorted(folder.iterdir()))


def _lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def _write(file: Path, lines: list[bytes]) -> bool:
    content = b"".join(lines)
    is_changed = content != file.read_bytes()
    file.write_bytes(content)
    return is_changed


def _edit_byte(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    content = bytearray(file.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)
    return True


def _edit_word(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    content = file.read_bytes()
    old, new = chance.choice([(b"agent-desktop", b"agent-deskt0p"), (b'"V2"', b'"V3"'), (b"T-1", b"T-2"), (b"_", b"-")])
    file.write_bytes(content.replace(old, new, 1))
    return old in content


def _delete_line(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    lines = _lines(file)
    del lines[chance.randrange(len(lines))]
    return _write(file, lines)


def _insert_line(chance: random.Random, folder: Path, _other: Path) -> bool:
    """Insert a line of anywhere: a record is there twice, or in a chain that is not its own."""
    file, source = _file(chance, folder), _file(chance, folder)
    lines = _lines(file)
    lines.insert(chance.randrange(len(lines) + 1), chance.choice([*_lines(source), b"{}\n", b"\n"]))
    return _write(file, lines)


def _swap_lines(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    lines = _lines(file)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return _write(file, lines)


def _truncate(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    content = file.read_bytes()
    file.write_bytes(content[: chance.randrange(len(content))])
    return True


def _cut_end(chance: random.Random, folder: Path, _other: Path) -> bool:
    """Remove the last records of a chain, whole ones."""
    file = _file(chance, folder)
    lines = _lines(file)
    return _write(file, lines[: chance.randrange(len(lines))])


def _remove_file(chance: random.Random, folder: Path, _other: Path) -> bool:
    _file(chance, folder).unlink()
    return True


def _remove_chain(chance: random.Random, folder: Path, _other: Path) -> bool:
    writer = _file(chance, folder).name.split("-")[3]
    for file in folder.glob(f"*-{writer}-*"):
        file.unlink()
    return True


def _replay_file(chance: random.Random, folder: Path, _other: Path) -> bool:
    """Put one segment in the place of another."""
    file, source = _file(chance, folder), _file(chance, folder)
    file.write_bytes(source.read_bytes())
    return file != source


def _rename(chance: random.Random, folder: Path, _other: Path) -> bool:
    file = _file(chance, folder)
    day, writer, number = file.name[:10], file.name[11:27], int(file.name[28:34])
    part = chance.randrange(3)
    if part == 0:
        day = f"2026-11-{chance.randrange(10, 20)}"
    elif part == 1:
        writer = f"{chance.getrandbits(64):016x}"
    else:
        number += chance.choice([-1, 1, 7])
    file.rename(folder / f"{day}-{writer}-{max(number, 0):06}.jsonl")
    return True


def _replay_older(chance: random.Random, folder: Path, _other: Path) -> bool:
    """Put a chain back to how it stood at a moment before: whole segments and the beginning of one."""
    writer = _file(chance, folder).name.split("-")[3]
    chain = sorted(folder.glob(f"*-{writer}-*"))
    until = chance.randrange(len(chain))
    for file in chain[until + 1 :]:
        file.unlink()
    lines = _lines(chain[until])
    kept = chance.randrange(1, len(lines) + 1)
    return _write(chain[until], lines[:kept]) or until + 1 < len(chain)


def _insert_chain(chance: random.Random, folder: Path, other: Path) -> bool:
    """Add a chain of another audit, which is signed by the same secret."""
    for file in other.iterdir():
        shutil.copy(file, folder)
    return True


MUTATIONS: tuple[Mutation, ...] = (
    _edit_byte,
    _edit_word,
    _delete_line,
    _insert_line,
    _swap_lines,
    _truncate,
    _cut_end,
    _remove_file,
    _remove_chain,
    _replay_file,
    _rename,
    _replay_older,
    _insert_chain,
)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_random_mutation_is_found(whole: Books, tmp_path: Path, part: int) -> None:
    """Edit, delete, insert, swap, truncate, replay, of lines, files and chains: a thousand in all."""
    other = Books.in_folder(tmp_path / "other")
    other.written(disclosure("cus_other"))
    missed, done = [], 0
    for seed in range(part, SEEDS, PARTS):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        shutil.copytree(whole.folder, folder)
        mutation = chance.choice(MUTATIONS)
        while not mutation(chance, folder, other.folder):
            pass
        done += 1
        report = verify_audit(folder, KEYS, whole.anchors)
        if report.holds or not report.breaks[0].path.is_relative_to(folder):
            missed.append((seed, mutation.__name__))
        shutil.rmtree(folder)
    assert done == SEEDS // PARTS
    assert missed == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__.strip("_"))
def test_every_kind_of_mutation_is_found(whole: Books, tmp_path: Path, mutation: Mutation) -> None:
    """Whatever the thousand happened to be."""
    other = Books.in_folder(tmp_path / "other")
    other.written(disclosure("cus_other"))
    for seed in range(5):
        folder, chance = tmp_path / str(seed), random.Random(seed)
        shutil.copytree(whole.folder, folder)
        while not mutation(chance, folder, other.folder):
            pass
        assert not verify_audit(folder, KEYS, whole.anchors).holds, seed


def test_a_changed_anchor_is_found(whole: Books, tmp_path: Path) -> None:
    """An anchor is signed itself; one of another chain does not serve either."""
    for seed in range(50):
        chance, anchors = random.Random(seed), tmp_path / str(seed)
        shutil.copytree(whole.anchors, anchors)
        file = _file(chance, anchors)
        content = bytearray(file.read_bytes())
        place = chance.randrange(len(content) - 1)
        content[place] ^= 1 << chance.randrange(8)
        file.write_bytes(content)
        report = verify_audit(whole.folder, KEYS, anchors)
        assert not report.holds, seed
        assert report.breaks[0].path == file
