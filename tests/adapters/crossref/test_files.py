"""Rows of files: what stands in them becomes rows of a load, and reading goes on from where it stopped."""

from __future__ import annotations

import io
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.crossref import InputError, LoadRow, RefusalCode
from adapters.crossref.files import Columns, CsvRows, ParquetRows

KNOWN = ("billing", "crm", "mail")
CUS = "cus_08f3d624393ff6b59df4da7dd4c5f2ae"


def csv_rows(text: str | bytes, **more: str) -> CsvRows:
    return CsvRows(io.BytesIO(text.encode() if isinstance(text, str) else text), KNOWN, **more)


def read(text: str | bytes, **more: str) -> Sequence[LoadRow | RefusalCode]:
    return [*csv_rows(text, **more)]


def refusal(text: str | bytes, **more: str) -> str:
    with pytest.raises(InputError, match="FILE_INVALID") as caught:
        read(text, **more)
    return str(caught.value)


def parquet(folder: Path, rows_a_group: int | None = None, **columns: object) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=rows_a_group)
    return path


def test_a_column_is_a_source_and_a_cell_its_keys() -> None:
    """Several keys stand between separators; an empty cell is no key, and an empty id no id."""
    assert read(f"crm,customer,billing\nC-1,,7;8\nC-2,{CUS},\n") == [
        (None, {"crm": ["C-1"], "billing": ["7", "8"]}),
        (CUS, {"crm": ["C-2"], "billing": []}),
    ]


def test_a_cell_is_quoted_as_csv_has_it() -> None:
    """Commas, quotes and line breaks stand in quotes."""
    assert read('crm\n"C,""1""\n2"\n') == [(None, {"crm": ['C,"1"\n2']})]


def test_nothing_is_trimmed() -> None:
    """A blank can be part of a key."""
    assert read("crm\n C-1 ; C-2\n") == [(None, {"crm": [" C-1 ", " C-2"]})]


def test_separator_and_delimiter_can_be_others() -> None:
    """Spreadsheets in many countries write a semicolon between cells."""
    assert read("crm;billing\na|b;c,d\n", separator="|", delimiter=";") == [
        (None, {"crm": ["a", "b"], "billing": ["c,d"]})
    ]
    assert read("crm\na;b\n", separator="") == [(None, {"crm": ["a;b"]})]


def test_a_mark_at_the_beginning_is_no_part_of_a_name() -> None:
    """Spreadsheets begin UTF-8 with one."""
    assert read(b"\xef\xbb\xbfcrm\nC-1\n") == [(None, {"crm": ["C-1"]})]


def test_what_is_not_utf_8_costs_its_own_key() -> None:
    """It becomes what can be no key; the row beside it is as it was."""
    (bad, good) = read(b"crm,billing\n\xff1,7\nC-2,8\n")
    assert isinstance(bad, tuple)
    assert not bad[1]["crm"][0].isprintable()
    assert bad[1]["billing"] == ["7"]
    assert good == (None, {"crm": ["C-2"], "billing": ["8"]})


def test_lines_may_end_as_windows_has_it() -> None:
    """RFC 4180 wants it so; the keys are those of a file with line feeds alone."""
    assert read("crm,billing\r\nC-1,7\r\n\r\nC-2,8\r\n") == read("crm,billing\nC-1,7\n\nC-2,8\n")


def test_a_last_row_that_may_be_cut_off_is_none() -> None:
    """What is left of C-100 may be C-10, and that somebody else's; without a line break nobody can tell."""
    assert read("crm\nC-1\nC-10") == [(None, {"crm": ["C-1"]}), RefusalCode.ROW_INVALID]
    assert read("crm,billing\n7,C-1\n8,") == [(None, {"crm": ["7"], "billing": ["C-1"]}), RefusalCode.ROW_INVALID]
    assert read('crm\n"C\n1"') == [RefusalCode.ROW_INVALID]


def test_what_can_be_no_key_is_left_to_the_load() -> None:
    """A NUL and a text that is too long cost their own key, and are told with row and source there."""
    assert read(f"crm\nC\0-1\n{'x' * 100_000}\n") == [
        (None, {"crm": ["C\0-1"]}),
        (None, {"crm": ["x" * 100_000]}),
    ]


def test_a_row_of_another_length_is_told_in_its_place() -> None:
    """It costs itself alone; an empty line is no row."""
    assert read("crm,billing\nC-1\n\nC-2,7\nC-3,8,9\n") == [
        RefusalCode.ROW_INVALID,
        (None, {"crm": ["C-2"], "billing": ["7"]}),
        RefusalCode.ROW_INVALID,
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("crm,biling\n", "got column 2 named as no registered source; did you mean 'billing'?"),
        ("crm,name\n", "wanted a column for each source"),
        ("anna@example.org,C-1\n", "got column 1 named as no registered source"),
        ("crm,crm\n", "got the column crm twice"),
        ("customer\n", "got no column of a source"),
        ("", "got no column of a source"),
        ('crm\nC-1\n"C-2\n', "got a quote after row 1 that is not closed"),
        ('crm\nC-1\n"C"-2\n', "got a quote after row 1"),
        ("crm\nC-1\rC-2\n", "a carriage return alone"),
        ("crm\rC-1\r", "a carriage return alone"),
        (f"crm\nC-1\n{'x' * 140_000}\n", "got a quote after row 1 that is not closed, or not where a cell begins or"),
        (f"crm\nC-1\n{'x' * 140_000}\n", "or a cell of more than 131072 characters"),
        (f'crm\n"{"x" * 1000}' + f"\n{'x' * 1000}" * 200, "got a quote after row 0 that is not closed"),
        (f"crm\n{'x' * 2**20}\n", "got a line of more than 1048576 bytes after row 0"),
        ("crm\n".encode("utf-16"), "got a first line that is no text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_is_refused(text: str | bytes, said: str) -> None:
    """What was got, what was wanted, and no cell of it."""
    told = refusal(text)
    assert said in told
    assert "anna" not in told


def test_csv_goes_on_behind_the_rows_that_were_read() -> None:
    """The offset is the byte behind the last row given, whatever line breaks are in it."""
    text = 'crm,billing\nC-1,7\n"C\n2",8\nC-3,9\n'
    first = csv_rows(text)
    rest = iter(first)
    given = [next(rest), next(rest)]
    second = csv_rows(text)
    second.go_on(first.rows, first.offset)
    assert [*given, *second] == read(text)
    assert (second.rows, second.offset) == (3, len(text))


def test_parquet_holds_texts_numbers_and_lists(tmp_path: Path) -> None:
    """A text is taken apart as in CSV, a list is not."""
    file = parquet(
        tmp_path,
        crm=["C-1;C-2", None],
        billing=pa.array([7, None], pa.int64()),
        mail=pa.array([["a;b", None], []], pa.list_(pa.string())),
        customer=pa.array(["", CUS]).dictionary_encode(),
    )
    rows = ParquetRows(file, KNOWN)
    assert rows.total == 2
    assert [*rows] == [(None, {"crm": ["C-1", "C-2"], "billing": ["7"], "mail": ["a;b"]}), (CUS, {"mail": []})]
    rows.close()


@pytest.mark.parametrize("done", range(8))
def test_parquet_goes_on_behind_the_rows_that_were_read(tmp_path: Path, done: int) -> None:
    """Wherever it stopped: in the middle of a row group, at its end, or at that of the file."""
    file = parquet(tmp_path, 3, crm=[f"C-{number}" for number in range(7)])
    rows = ParquetRows(file, KNOWN)
    rows.go_on(done, 0)
    assert [*rows] == [(None, {"crm": [f"C-{number}"]}) for number in range(done, 7)]
    assert rows.rows == 7
    rows.close()


def test_parquet_of_numbers_that_are_not_whole_is_refused(tmp_path: Path) -> None:
    """7.0 is no key: whoever wrote the file has lost what it was."""
    with pytest.raises(InputError, match="got the column billing of double; wanted texts, whole numbers"):
        ParquetRows(parquet(tmp_path, billing=[7.0]), KNOWN)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    """One that was cut off too: what tells of the columns stands at its end."""
    file = parquet(tmp_path, crm=["C-1"])
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(InputError, match="cannot be read as a Parquet file"):
        ParquetRows(file, KNOWN)


def test_parquet_that_is_damaged_further_in_is_refused_there(tmp_path: Path) -> None:
    """What was read before stands."""
    file = parquet(tmp_path, 4096, crm=[f"{number:032x}" for number in range(8192)])
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = b"\xff" * 2000
    file.write_bytes(content)
    rows = ParquetRows(file, KNOWN)
    with pytest.raises(InputError, match=f"FILE_INVALID: got what cannot be read as a Parquet file after row {4096}"):
        list(rows)
    assert rows.rows == 4096
    rows.close()


def test_without_pyarrow_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is wanted for nothing else, so it is not installed with the rest."""
    file = parquet(tmp_path, crm=["C-1"])
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"install customer-view-gateway\[parquet\]"):
        ParquetRows(file, KNOWN)


def test_a_database_gives_numbers_and_uuids_too() -> None:
    """As its columns are of these types; what has no one text is refused by its column."""
    columns = Columns.of(["crm", "customer"], KNOWN, ";")
    one = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert columns.row([7, None]) == (None, {"crm": ["7"]})
    assert columns.row([[one, 8], one]) == (str(one), {"crm": [str(one), "8"]})
    for wrong in (7.0, True, b"C-1"):
        with pytest.raises(InputError, match="in the column crm; wanted a text or a whole number"):
            columns.row([wrong, None])


@pytest.mark.parametrize(
    ("text", "delimiter", "shown"),
    [
        ("crm;billing\nC-1;7\n", ",", ";"),
        ("crm\tbilling\n", ",", "a tab"),
        ("crm,billing\n", ";", ","),
        ("a|b\n", ",", "|"),
    ],
)
def test_another_delimiter_than_that_of_the_file_is_told(text: str, delimiter: str, shown: str) -> None:
    """The whole first line is one name then, which no source has."""
    told = refusal(text, delimiter=delimiter)
    assert f"got a first line of one column with {shown} in its name" in told
    assert "--delimiter" in told
    assert "crm" not in told


def test_lines_that_are_not_utf_8_are_counted() -> None:
    """So that whoever loads a file in another encoding is told what is wrong with so many keys."""
    rows = csv_rows("crm\nM\u00fcller\nC-1\nJos\u00e9\n".encode("latin-1"))
    assert len([*rows]) == 3
    assert rows.undecoded == 2
