from __future__ import annotations

from pathlib import Path

import pytest

from schema.lock import LOCK_FILE, Lock, digest_of, publish
from schema.problems import ConfigurationError
from schema.view_files import load_views
from tests.schema.declared import SUPPORT_CALL, problems_of, view_with, write_view


def test_a_digest_is_the_same_whatever_the_layout(tmp_path: Path) -> None:
    """Comments, the order of keys and lists, quotes and written-out defaults say nothing."""
    digest = digest_of(view_with(tmp_path).view)
    assert digest.startswith("sha256:")
    for old, new in [
        ("# what an agent needs", "# something else"),
        ("[id, crm]", "\n  - crm\n  - id"),
        ("  Customer.name:\n  Customer.segment: {}", "  Customer.segment:\n  Customer.name: {}"),
        ("owner: Head of customer service", "receipt: sources\nowner: 'Head of customer service'"),
    ]:
        assert digest_of(view_with(tmp_path, old, new).view) == digest


def test_a_digest_changes_with_what_the_view_says(tmp_path: Path) -> None:
    """Every key counts."""
    digests = {digest_of(view_with(tmp_path).view)}
    changes = [
        ("title: Support call", "title: Support"),
        ("owner: Head", "owner: Deputy head"),
        ("2027-01-31", "2028-01-31"),
        ("CustomerCare", "Marketing"),
        ("A6-1-b", "A6-1-f"),
        ("[agent-desktop]", "[newsletter]"),
        ("[id, crm]", "[id]"),
        ("  Customer.segment: {}\n", ""),
        ("calls: 20", "calls: 21"),
        ("owner: Head", "receipt: fields\nowner: Head"),
    ]
    for old, new in changes:
        digests.add(digest_of(view_with(tmp_path, old, new).view))
    assert len(digests) == len(changes) + 1


def test_the_digest_of_a_view_never_changes_between_releases(tmp_path: Path) -> None:
    """A release that changed how digests are made would call every published view changed."""
    assert digest_of(view_with(tmp_path).view) == EXPECTED


EXPECTED = "sha256:f3cd4ea0682e70e44fc113d8e6d08b3658e69249e6e84185063f3074d74be7c6"


def test_publishing_adds_one_line_a_view_in_order(tmp_path: Path) -> None:
    """The file is fit to be read and compared: sorted by name and by version as a number."""
    for number in (10, 9):
        write_view(tmp_path, SUPPORT_CALL.replace("version: 1", f"version: {number}"), f"support-call@{number}.yaml")
        publish(tmp_path, f"support-call@{number}")
    write_view(tmp_path, SUPPORT_CALL.replace("name: support-call", "name: audit"), "audit@1.yaml")
    lock = publish(tmp_path, "audit@1")
    lines = (tmp_path / LOCK_FILE).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert [line.split()[0] for line in lines[1:]] == ["audit@1", "support-call@9", "support-call@10"]
    assert Lock.read(tmp_path) == lock
    assert sorted(path.name for path in tmp_path.iterdir() if "lock" in path.name) == [LOCK_FILE]


def test_only_unchanged_listed_views_count_as_published(tmp_path: Path) -> None:
    """A draft is not published, nor is a changed version."""
    assert not Lock.read(tmp_path).is_published(view_with(tmp_path).view)
    lock = publish(tmp_path, "support-call@1")
    assert lock.is_published(view_with(tmp_path).view)
    assert [loaded.view.id for loaded in lock.published(load_views(tmp_path))] == ["support-call@1"]
    assert not lock.is_published(view_with(tmp_path, "calls: 20", "calls: 21").view)
    assert lock.published(load_views(tmp_path)) == ()


def test_a_changed_published_view_is_a_problem_and_never_published_again(tmp_path: Path) -> None:
    """The advice names the next free version."""
    view_with(tmp_path)
    before = publish(tmp_path, "support-call@1")
    write_view(tmp_path, SUPPORT_CALL.replace("version: 1", "version: 2"), "support-call@2.yaml")
    view_with(tmp_path, "calls: 20", "calls: 21")
    [problem] = Lock.read(tmp_path).problems(load_views(tmp_path))
    assert problem.file == str(tmp_path / "support-call@1.yaml")
    assert problem.line == 3
    assert problem.got.startswith("the published view support-call@1 with digest sha256:")
    assert problem.wanted.startswith(f"digest {before.digests['support-call@1'][:19]}, as views.lock holds it")
    assert problem.mend.endswith("copy it to support-call@2.yaml")
    with pytest.raises(ConfigurationError, match=r"copy it to support-call@3\.yaml"):
        publish(tmp_path, "support-call@1")
    assert Lock.read(tmp_path) == before


def test_publishing_an_unchanged_view_again_changes_nothing(tmp_path: Path) -> None:
    """The command can be repeated."""
    view_with(tmp_path)
    assert publish(tmp_path, "support-call@1") == publish(tmp_path, "support-call@1")


def test_a_published_view_without_its_file_is_a_problem(tmp_path: Path) -> None:
    """Its line in the lock is named."""
    path = view_with(tmp_path).path
    publish(tmp_path, "support-call@1")
    path.unlink()
    [problem] = Lock.read(tmp_path).problems(load_views(tmp_path))
    assert (problem.file, problem.line) == (str(tmp_path / LOCK_FILE), 2)
    assert problem.got == "the published view support-call@1 without its file"


def test_a_view_that_does_not_exist_cannot_be_published(tmp_path: Path) -> None:
    """The nearest one is offered."""
    view_with(tmp_path)
    with pytest.raises(ConfigurationError, match=r"got no view suport-call@1.*did you mean 'support-call@1'"):
        publish(tmp_path, "suport-call@1")
    with pytest.raises(ConfigurationError, match=r"write zzz@1\.yaml first"):
        publish(tmp_path, "zzz@1")


def test_a_damaged_lock_is_refused_line_by_line(tmp_path: Path) -> None:
    """A line of another form would leave a view unguarded."""
    digest = f"sha256:{'0' * 64}"
    (tmp_path / LOCK_FILE).write_text(f"# x\n\na@1 {digest}\na@1 {digest}\nb@1 {digest[:-1]}\nB@1 {digest}\n")
    with pytest.raises(ConfigurationError) as raised:
        Lock.read(tmp_path)
    assert problems_of(raised.value) == [
        (4, "a view that is listed already"),
        (5, "a line of another form"),
        (6, "a line of another form"),
    ]


def test_a_lock_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """Reading nothing would count every view as a draft."""
    (tmp_path / LOCK_FILE).write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"no readable file \(UnicodeDecodeError\)"):
        Lock.read(tmp_path)


def test_the_digests_cannot_be_changed_in_memory(tmp_path: Path) -> None:
    """A lock read is a value."""
    with pytest.raises(TypeError):
        Lock.read(tmp_path).digests["a@1"] = "x"  # type: ignore[index]
