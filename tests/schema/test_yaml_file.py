from __future__ import annotations

from pathlib import Path

import pytest

from schema.problems import ConfigurationError, Problem
from schema.yaml_file import MAX_BYTES, MAX_DEPTH, Document, load_yaml


def read(folder: Path, text: str | bytes) -> Document:
    path = folder / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_yaml(path)


def refusal(folder: Path, text: str | bytes) -> Problem:
    with pytest.raises(ConfigurationError) as raised:
        read(folder, text)
    assert len(raised.value.problems) == 1
    return raised.value.problems[0]


def test_values_are_plain_data_of_the_core_schema(tmp_path: Path) -> None:
    """YAML 1.2: `yes` and dates are text, quotes make text, numbers too long for a number are text."""
    document = read(
        tmp_path,
        "a: [1, -2, 1.5, true, FALSE, null, ~, ]\nb: {c: yes, d: 2027-01-31, e: '1', f: \"true\"}\n"
        "g: |\n  two\n  lines\nh:\ni: 1234567890123456789\n1: one\n",
    )
    assert document.data == {
        "a": [1, -2, 1.5, True, False, None, None],
        "b": {"c": "yes", "d": "2027-01-31", "e": "1", "f": "true"},
        "g": "two\nlines\n",
        "h": None,
        "i": "1234567890123456789",
        "1": "one",
    }


def test_a_digest_of_digits_alone_stays_text(tmp_path: Path) -> None:
    """Sixty-four digits, with or without an e between them, are no number."""
    assert read(tmp_path, f"- {'1' * 64}\n- {'1' * 30}e{'1' * 33}\n").data == ["1" * 64, "1" * 30 + "e" + "1" * 33]


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    """A problem can name the line of any key or list item; of the nearest around it, where it does not exist."""
    document = read(tmp_path, "# comment\n\na:\n  b:\n    - x\n    - y: 1\nc: 2\n")
    assert document.line_of(("a",)) == 3
    assert document.line_of(("a", "b", 1)) == 6
    assert document.line_of(("a", "b", 1, "y")) == 6
    assert document.line_of(("a", "b", 7, "z")) == 4
    assert document.line_of(("c",)) == 7
    assert document.line_of(("missing",)) == 3
    assert document.line_of(()) == 3


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_holds_none(tmp_path: Path, text: str) -> None:
    """Nothing is the data of an empty file, and what reads it says what is missing."""
    document = read(tmp_path, text)
    assert document.data is None
    assert document.line_of(("name",)) in (1, 2)


@pytest.mark.parametrize(
    ("text", "line", "got"),
    [
        ("a: 1\nb: !python/object 2\n", 2, "a tag"),
        ("a: 1\nb: !!str 2\n", 2, "a tag"),
        ("a: !x {b: 1}\n", 1, "a tag"),
        ("a: &x 1\n", 1, "an anchor or alias"),
        ("a: [1]\nb: *x\n", 2, "an anchor or alias"),
        ("a: &x [1]\n", 1, "an anchor or alias"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ("? [1]\n: 2\n", 1, "a mapping or list as a key"),
        ('a: 1\nb: "\\e[31m"\n', 2, "a control character"),
        ('a: "\\ud800"\n', 1, "a control character"),
        ("a: 1\nb: \x07\n", 2, "a control character"),
        (b"a: 1\nb: \xff\n", 2, "bytes that are not UTF-8"),
        ("a: 1\nb: c: d\n", 2, "text that is no YAML (mapping values are not allowed here)"),
        ("a: [1\n", 2, "text that is no YAML (expected ',' or ']', but got '<stream end>')"),
    ],
)
def test_what_a_declaration_does_not_need_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, line: int, got: str
) -> None:
    """Tags, anchors, second documents, odd keys, control characters and bad syntax are errors, never guesses."""
    problem = refusal(tmp_path, text)
    assert (problem.line, problem.got) == (line, got)
    assert problem.file == str(tmp_path / "file.yaml")
    assert problem.wanted
    assert problem.mend


def test_every_doubled_key_is_named_with_both_lines(tmp_path: Path) -> None:
    """The last of two equal keys never wins in silence."""
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(each.line, each.mend) for each in raised.value.problems] == [
        (2, "remove this one or the one on line 2"),
        (3, "remove this one or the one on line 1"),
    ]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_before_the_parser_has_gone_deep(tmp_path: Path, opening: str) -> None:
    """The parser's time grows with the square of the depth, so the reader stops at the bound."""
    assert refusal(tmp_path, opening * 50_000).got == f"nesting deeper than {MAX_DEPTH}"
    assert read(tmp_path, "[" * MAX_DEPTH + "]" * MAX_DEPTH).data


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """The bound is in bytes and can be set."""
    assert refusal(tmp_path, "#" * (MAX_BYTES + 1)).got == f"a file of more than {MAX_BYTES} bytes"
    path = tmp_path / "small.yaml"
    path.write_text("a: 1\n")
    assert load_yaml(path, max_bytes=5).data == {"a": 1}
    with pytest.raises(ConfigurationError, match="at most 4 bytes"):
        load_yaml(path, max_bytes=4)


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A missing file is named, not raised as an error of the operating system."""
    with pytest.raises(ConfigurationError, match=r"got no readable file \(FileNotFoundError\)"):
        load_yaml(tmp_path / "none.yaml")


def test_neither_repr_nor_message_shows_the_data(tmp_path: Path) -> None:
    """A file can hold what nobody should read in a log."""
    assert "secret" not in repr(read(tmp_path, "a: secret\n"))
    assert "secret" not in str(refusal(tmp_path, "a: secret\nb: [secret\n"))
