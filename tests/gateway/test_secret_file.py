from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from gateway.secret_file import load_secrets, new_secret_line, open_to_others
from schema.problems import ConfigurationError, Level

SECRET = "A" * 43
OTHER = "B" * 43


def write(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """Write a secret file."""
    path = folder / "secrets.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def problems(path: Path) -> list[tuple[int | None, str]]:
    """Line and finding of every error in a file."""
    with pytest.raises(ConfigurationError) as caught:
        load_secrets(path)
    assert "AAAA" not in str(caught.value).replace(str(path), "")
    assert "BBBB" not in str(caught.value).replace(str(path), "")
    return [(one.line, one.got) for one in caught.value.problems]


def test_a_fresh_line_is_a_secret_of_32_random_bytes(tmp_path: Path) -> None:
    """What is made can be read, and is never made twice."""
    first, second = new_secret_line(), new_secret_line(7)
    assert load_secrets(write(tmp_path, f"{first}\n{second}\n")).versions == (7, 1)
    assert first.partition(" ")[2] != second.partition(" ")[2]


def test_comments_blank_lines_space_and_padding_say_nothing(tmp_path: Path) -> None:
    """The secrets are those of the lines that hold one; the highest version is the current one."""
    text = f"# keep\r\n\r\n   \n  # indented\n 2:{SECRET}= \n10:\t{OTHER}\n1: {SECRET}==="
    secrets = load_secrets(write(tmp_path, text))
    assert (secrets.versions, secrets.current_version) == ((10, 2, 1), 10)
    assert secrets.derive("use", version=1) == secrets.derive("use", version=2) != secrets.derive("use")


def test_a_line_names_the_version_that_writes(tmp_path: Path) -> None:
    """A new secret is in the file before it is written with; without the line the highest version is current."""
    text = f"current: 1\n1: {SECRET}\n2: {OTHER}\n"
    secrets = load_secrets(write(tmp_path, text))
    assert (secrets.versions, secrets.current_version) == ((1, 2), 1)
    assert secrets.derive("use") == secrets.derive("use", version=1) != secrets.derive("use", version=2)
    assert load_secrets(write(tmp_path, text.replace("current", "# current"))).current_version == 2
    assert load_secrets(write(tmp_path, f"1: {SECRET}\n 2: {OTHER}\ncurrent:2 ")).versions == (2, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (None, "no secret")),
        ("# nothing\n\n", (None, "no secret")),
        (SECRET, (1, "a line of another form")),
        (f"\n: {SECRET}", (2, "a line of another form")),
        (f"0: {SECRET}", (1, "a line of another form")),
        (f"01: {SECRET}", (1, "a line of another form")),
        (f"-1: {SECRET}", (1, "a line of another form")),
        (f"1 {SECRET}", (1, "a line of another form")),
        (f"1: {SECRET} {OTHER}", (1, "a line of another form")),
        (f"1: {SECRET[:20]}={SECRET}", (1, "a line of another form")),
        (f"1: {SECRET}+/", (1, "a line of another form")),
        ("1:", (1, "a line of another form")),
        (f"1: {SECRET}\n1: {OTHER}", (2, "version 1 a second time")),
        (f"99999: {SECRET}", (1, "version 99999")),
        (f"1: {SECRET}AA", (1, "a secret that is not base64url")),
        (f"1: {SECRET[:42]}", (1, "a secret of 31 bytes")),
        (f"1: {SECRET}\ncurrent: 2", (2, "2 as the current version")),
        (f"current: 1\n1: {SECRET}\ncurrent: 1", (3, "a current version a second time")),
        (f"1: {SECRET}\ncurrent: none", (2, "a line of another form")),
        ("current: 1", (None, "no secret")),
    ],
)
def test_a_wrong_line_is_named_by_its_number_and_never_shown(
    tmp_path: Path, text: str, found: tuple[int | None, str]
) -> None:
    """Line, what was got and how to mend it; no part of a secret stands in any message."""
    assert problems(write(tmp_path, text)) == [found]


def test_all_wrong_lines_are_told(tmp_path: Path) -> None:
    """Not only the first."""
    assert problems(write(tmp_path, f"x\n1: {SECRET}\ny\n")) == [
        (1, "a line of another form"),
        (3, "a line of another form"),
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, a pipe, another encoding, a path that is none, or too large: each says so."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert problems(tmp_path / "none.txt") == [(None, "a secret file that cannot be read (FileNotFoundError)")]
    assert problems(tmp_path) == [(None, "a secret file that is no plain file")]
    assert problems(pipe) == [(None, "a secret file that is no plain file")]
    assert problems(Path("a\0b")) == [(None, "a secret file that cannot be read (ValueError)")]
    assert problems(write(tmp_path, b"1: \xff")) == [(None, "a secret file that cannot be read (UnicodeDecodeError)")]
    assert problems(write(tmp_path, "#" * 70_000)) == [(None, "a secret file of more than 65536 bytes")]


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A further line would not mend it: the rights have to be."""
    file = write(tmp_path, new_secret_line())
    monkeypatch.setattr(Path, "open", _forbidden)
    with pytest.raises(ConfigurationError) as caught:
        load_secrets(file)
    (problem,) = caught.value.problems
    assert problem.got == "a secret file that may not be read"
    assert problem.mend == "mend the rights to it and to its folder"


def _forbidden(*_: object, **__: object) -> NoReturn:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("mistaken", [SECRET, f"1: {SECRET}"])
def test_a_secret_in_place_of_the_path_is_not_shown(mistaken: str) -> None:
    """Who sets the variable to the secret itself must not find it in a log."""
    with pytest.raises(ConfigurationError) as caught:
        load_secrets(Path(mistaken))
    assert "AAAA" not in str(caught.value)
    assert str(caught.value).startswith("the path that was given, which is not shown: error: got a secret file that")


def test_a_file_of_the_owners_alone_is_in_order(tmp_path: Path) -> None:
    """Mode 600 or 400: nothing to say."""
    for mode in (0o600, 0o400):
        assert list(open_to_others(write(tmp_path, new_secret_line(), mode))) == []
        (tmp_path / "secrets.txt").unlink()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o610])
def test_a_file_that_others_may_use_is_a_note(tmp_path: Path, mode: int) -> None:
    """It does not stop the start: orchestrators mount secrets so."""
    path = write(tmp_path, new_secret_line(), mode)
    (note,) = open_to_others(path)
    assert (note.level, note.file, note.mend) == (Level.NOTE, str(path), f"chmod 600 {path}")
    assert note.got == f"the mode {mode:o}"
