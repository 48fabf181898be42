"""`customer-view crossref load`: files and queries loaded, stopped, gone on with, and what was left out told."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from adapters.crossref import LoadReport, LoadStep, Lookup, SqliteCrossReference
from gateway.cli.crossref.bookmark import Bookmark, BookmarkFile
from gateway.cli.crossref.filling import Filling
from gateway.cli.crossref.loading_bar import LoadingBar
from gateway.command_error import CommandError
from tests.gateway.cli_crossref import Place, make_place
from tests.gateway.cli_project import ENVIRONMENT

CUS = "cus_08f3d624393ff6b59df4da7dd4c5f2ae"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "anna")
    return make_place(tmp_path)


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load of several steps, of few rows."""
    monkeypatch.setattr("adapters.crossref.operations.loading.CHUNK", 500)


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as opened:
        return [*csv.DictReader(opened)]


def write_rows(path: Path, count: int) -> Path:
    path.write_text("crm,billing\n" + "".join(f"C-{number},{number};9{number:06}\n" for number in range(count)))
    return path


def stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """Let a load fail once so many steps stand and are told, as when the process is killed then."""
    told = Filling._note
    left = iter(range(steps))

    def note(self: Filling, step: LoadStep, *rest: Any) -> None:
        if next(left, None) is None:
            raise CommandError("killed")
        told(self, step, *rest)

    monkeypatch.setattr(Filling, "_note", note)


def test_a_csv_file_is_loaded(place: Place, tmp_path: Path) -> None:
    """And loaded again it adds nothing; no bookmark and no list is left."""
    (tmp_path / "rows.csv").write_text(f"customer,crm,billing\n,C-1,100 001;100 007\n{CUS},C-2,\n")
    told = place.json("load", "rows.csv")
    counted = {"rows": 2, "created": 2, "links": 4, "joined": 0, "fillers": {}}
    assert told == {**counted, "leftOut": {}, "conflicts": None}
    assert place.who("crm", "C-2") == CUS
    assert place.who("crm", "C-1") == place.who("billing", "100007")
    shown = place.run("load", "rows.csv")
    assert shown.code == 0
    assert "customers made" in shown.out
    assert place.json("load", "rows.csv")["links"] == 0
    assert {path.name for path in tmp_path.glob("rows*")} == {"rows.csv"}


def test_who_loads_stands_in_the_events(place: Place, tmp_path: Path) -> None:
    """By the login's name unless another is given."""
    (tmp_path / "rows.csv").write_text("crm\nC-1\n")
    place.json("load", "rows.csv")
    place.json("load", "-", "--actor", "nightly", stdin="crm\nC-2\n")
    assert [place.json("history", "crm", key)["entries"][0]["actor"] for key in ("C-1", "C-2")] == [
        "cli:anna",
        "nightly",
    ]


def test_what_was_left_out_is_listed_without_keys(place: Place, tmp_path: Path) -> None:
    """By row, code, source and candidate; the exit code tells scripts."""
    (tmp_path / "rows.csv").write_text("crm,billing\nC-1,7\nC-2,8\nC-1,8\nC-3\n,letters\nC-4,letters\n")
    ran = place.run("load", "rows.csv")
    assert ran.code == 3
    assert "left out: KEY_OWNED_BY_OTHER" in ran.out
    file = tmp_path / "rows.csv.conflicts.csv"
    assert str(file.name) in ran.out
    found = listed(file)
    assert [(one["row"], one["code"], one["source"]) for one in found] == [
        ("3", "KEY_OWNED_BY_OTHER", "billing"),
        ("4", "ROW_INVALID", ""),
        ("5", "KEY_INVALID", "billing"),
        ("5", "ROW_EMPTY", ""),
        ("6", "KEY_INVALID", "billing"),
    ]
    assert [bool(one["candidate"]) for one in found] == [True, False, False, False, False]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "letters" not in file.read_text() + ran.out + ran.err
    assert b"\r" not in file.read_bytes()
    again = place.run("load", "rows.csv", "--conflicts", "other.csv", "--json")
    assert (again.code, json.loads(again.out)["conflicts"]) == (3, "other.csv")
    assert listed(tmp_path / "other.csv") == found


def test_two_who_are_never_one_are_not_asked_about_each_night(place: Place, tmp_path: Path) -> None:
    """A row with keys of both is listed, without a candidate."""
    (tmp_path / "rows.csv").write_text("crm,billing\nC-1,7\nC-2,8\nC-1,8\n")
    place.run("load", "rows.csv")
    (candidate,) = place.json("candidates", "list")["candidates"]
    place.json("candidates", "reject", candidate["candidateId"], "--non-match")
    for _ in range(2):
        assert place.run("load", "rows.csv", "--anew").code == 3
        (found,) = listed(tmp_path / "rows.csv.conflicts.csv")
        assert [*found.values()] == ["3", "NON_MATCH_ASSERTED", "billing", ""]
        assert place.json("candidates", "list")["candidates"] == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_load_that_was_stopped_goes_on(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What is done is not read again, rows are counted on, and the report is of all."""
    file = tmp_path / f"rows.{kind}"
    keys, others = [f"C-{number}" for number in range(1300)], [str(number) for number in range(1300)]
    keys[1100], others[1100] = "C-0", "1"
    if kind == "csv":
        file.write_text("crm,billing\n" + "".join(f"{crm},{other}\n" for crm, other in zip(keys, others, strict=True)))
    else:
        pq.write_table(pa.table({"crm": keys, "billing": others}), file, row_group_size=400)
    with monkeypatch.context() as stopping:
        stop_after(stopping, 1)
        assert place.run("load", file.name).code == 2
    bookmark = tmp_path / f"{file.name}.bookmark"
    assert stat.S_IMODE(bookmark.stat().st_mode) == 0o600
    assert json.loads(bookmark.read_text())["rows"] == 500
    read: list[int] = []
    told = Filling._note

    def note(self: Filling, step: LoadStep, *rest: Any) -> None:
        read.append(step.report.rows)
        told(self, step, *rest)

    monkeypatch.setattr(Filling, "_note", note)
    ran = place.run("load", file.name, "--json")
    assert ran.code == 3
    assert read == [500, 300]
    report = json.loads(ran.out)
    # the second step stood when it was stopped, and nobody was told: it was read again, and added nothing
    assert (report["rows"], report["leftOut"]) == (1300, {"KEY_OWNED_BY_OTHER": 1})
    assert [one["row"] for one in listed(tmp_path / f"{file.name}.conflicts.csv")] == ["1101"]
    assert place.who("billing", "1299") is not None
    assert not bookmark.exists()


def test_a_list_goes_on_where_the_bookmark_is(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was listed of rows that come again is listed once."""
    write_rows(tmp_path / "rows.csv", 1200)
    text = (tmp_path / "rows.csv").read_text()
    (tmp_path / "rows.csv").write_text(text.replace("C-7,7;", "C-7,x;").replace("C-900,900;", "C-900,x;"))
    with monkeypatch.context() as stopping:
        stop_after(stopping, 1)
        assert place.run("load", "rows.csv").code == 2
    file = tmp_path / "rows.csv.conflicts.csv"
    with file.open("a") as opened:
        opened.write("901,KEY_INVALID,billing,\n")
    assert place.run("load", "rows.csv").code == 3
    assert [one["row"] for one in listed(file)] == ["8", "901"]


def test_a_list_that_is_gone_is_begun_again(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its heading, and without a gap."""
    write_rows(tmp_path / "rows.csv", 1200)
    text = (tmp_path / "rows.csv").read_text()
    (tmp_path / "rows.csv").write_text(text.replace("C-7,7;", "C-7,x;").replace("C-900,900;", "C-900,x;"))
    with monkeypatch.context() as stopping:
        stop_after(stopping, 1)
        place.run("load", "rows.csv")
    (tmp_path / "rows.csv.conflicts.csv").unlink()
    assert place.run("load", "rows.csv").code == 3
    assert [one["row"] for one in listed(tmp_path / "rows.csv.conflicts.csv")] == ["901"]


@pytest.mark.parametrize("change", ["content", "longer", "columns", "separator", "broken", "restored", "elsewhere"])
def test_another_file_or_cross_reference_is_noticed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """Going on there would leave rows out. --anew begins again."""
    file = write_rows(tmp_path / "rows.csv", 1100)
    backup = place.path.read_bytes()
    with monkeypatch.context() as stopping:
        stop_after(stopping, 1)
        place.run("load", "rows.csv")
    more: tuple[str, ...] = ()
    if change == "content":
        file.write_text(file.read_text().replace("C-400,", "D-400,"))
    elif change == "longer":
        file.write_text(file.read_text() + "C-9999,9999\n")
    elif change == "columns":
        file.write_text(file.read_text().replace("crm,billing", "billing,crm"))
    elif change == "separator":
        more = ("--separator", "|")
    elif change == "broken":
        (tmp_path / "rows.csv.bookmark").write_text("{")
    elif change == "restored":
        for beside in tmp_path.glob("crossref.db-*"):
            beside.unlink()
        place.path.write_bytes(backup)
    elif change == "elsewhere":
        more = ("--tenant", "other")
        for source in ("crm", "billing"):
            assert place.run("register", source, *more).code == 0
    ran = place.run("load", "rows.csv", *more)
    assert (ran.code, ran.out) == (2, "")
    assert "rows.csv.bookmark" in ran.err
    assert "--anew" in ran.err
    anew = place.run("load", "rows.csv", *more, "--anew", "--json")
    assert json.loads(anew.out)["rows"] >= 1100


def test_a_pipe_is_read_to_its_end(place: Place, tmp_path: Path) -> None:
    """It cannot be gone on with, so there is no bookmark; what is left out is listed all the same."""
    ran = place.run("load", "-", "--delimiter", ";", "--separator", "|", stdin="crm;billing\nC-1;7|8\nC-2;9\nC-1;9\n")
    assert ran.code == 3
    assert place.who("billing", "8") == place.who("crm", "C-1")
    assert [one["row"] for one in listed(tmp_path / "load.conflicts.csv")] == ["3"]
    assert not [*tmp_path.glob("*.bookmark")]


def test_a_query_is_loaded(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its columns are named as the sources are; the database is given or set."""
    with closing(sqlite3.connect(tmp_path / "source.db")) as connection:
        connection.execute("CREATE TABLE account (name TEXT, no INTEGER)")
        connection.executemany("INSERT INTO account VALUES (?, ?)", ((f"C-{number}", number) for number in range(1200)))
        connection.commit()
    statement = "SELECT name AS crm, no AS billing FROM account"
    assert place.json("load", "--query", statement, "--database", "sqlite:///source.db")["created"] == 1200
    monkeypatch.setenv("CUSTOMER_VIEW_LOAD_DATABASE", f"sqlite:///{tmp_path / 'source.db'}")
    assert place.json("load", "--query", statement)["links"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "What is to be loaded?"),
        (("rows.csv", "--query", "SELECT 1"), "What is to be loaded?"),
        (("--query", "SELECT 1"), "Which database?"),
        (("--query", "SELECT 1", "--database", "mysql://u:s3cr3t@h/x"), "got a database of another kind"),
        (("--query", "SELECT 1 AS name", "--database", "sqlite:///crossref.db"), "got column 1 named as no registered"),
        (("--query", "SELEC", "--database", "sqlite:///crossref.db"), "The statement of --query"),
        (("none.csv",), "none.csv cannot be read (FileNotFoundError)"),
        (("none.parquet",), "cannot be read as a Parquet file"),
        (("rows.csv", "--delimiter", "||"), "got a --delimiter that is no one character"),
        (("rows.csv",), "got column 2 named as no registered source"),
    ],
)
def test_what_cannot_be_loaded_is_told(place: Place, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """With exit code 2, and nothing written."""
    (tmp_path / "rows.csv").write_text("crm,name\nC-1,Anna\n")
    ran = place.run("load", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert "s3cr3t" not in ran.err
    assert "Anna" not in ran.err


def test_a_file_that_breaks_off_says_what_stands(place: Place, tmp_path: Path) -> None:
    """The rows of the steps before are there, and the bookmark is behind them."""
    write_rows(tmp_path / "rows.csv", 700)
    with (tmp_path / "rows.csv").open("a") as opened:
        opened.write('"C-x,7\n')
    ran = place.run("load", "rows.csv")
    assert ran.code == 2
    assert "FILE_INVALID: got a quote after row 700 that is not closed" in ran.err
    assert place.who("crm", "C-499") is not None
    assert json.loads((tmp_path / "rows.csv.bookmark").read_text())["rows"] == 500


def test_a_place_that_cannot_be_written_is_told(place: Place, tmp_path: Path) -> None:
    """The list's, and the bookmark's."""
    (tmp_path / "rows.csv").write_text("crm\n;\n")
    ran = place.run("load", "rows.csv", "--conflicts", "no/such/list.csv")
    assert (ran.code, "--conflicts" in ran.err) == (2, True)
    (tmp_path / "rows.csv.bookmark.unfinished").mkdir()
    ran = place.run("load", "rows.csv")
    assert (ran.code, "cannot be written" in ran.err) == (2, True)


def test_a_bookmark_holds_no_key(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor an unsalted hash of the file: two bookmarks of one file differ."""
    write_rows(tmp_path / "rows.csv", 600)
    told = []
    for _ in range(2):
        with monkeypatch.context() as stopping:
            stop_after(stopping, 1)
            place.run("load", "rows.csv", "--anew")
        told.append(json.loads((tmp_path / "rows.csv.bookmark").read_text()))
    assert "C-1" not in json.dumps(told)
    assert told[0]["file"] != told[1]["file"]
    assert set(told[0]) == set(Bookmark.model_fields)


def test_a_window_of_the_file_is_enough_to_know_it_again(tmp_path: Path) -> None:
    """A large one is not read anew: its beginning, and what is before the place."""
    file = tmp_path / "large"
    content = bytearray(os.urandom(1_000_000))
    file.write_bytes(content)
    kept = BookmarkFile(file, ["crm"])
    kept.move((10, 500_000), LoadReport(rows=10), LoadStep(LoadReport(), 0, None), 0)
    found = BookmarkFile(file, ["crm"]).read()
    assert found is not None
    assert (found.rows, found.offset, found.event_hash) == (10, 500_000, None)
    for place_of_change in (5, 499_999):
        changed = bytearray(content)
        changed[place_of_change] ^= 1
        file.write_bytes(changed)
        with pytest.raises(CommandError, match="got another file"):
            BookmarkFile(file, ["crm"]).read()


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    """Rows, rows a second, and the share of the file."""

    class Half:
        rows, offset, total = 500, 1000, None

    shown = io.StringIO()
    (tmp_path / "file").write_bytes(b"x" * 2000)
    with LoadingBar(Console(file=shown, force_terminal=True, width=100)) as bar:
        bar.begin(Half(), tmp_path / "file")  # type: ignore[arg-type]
        bar.move(Half(), 500)  # type: ignore[arg-type]
    assert "500 rows" in shown.getvalue()
    assert "50%" in shown.getvalue()


@pytest.mark.processes
def test_ctrl_c_stops_a_load_and_says_how_to_go_on(place: Place, tmp_path: Path) -> None:
    """A real signal to a real process: what stands stands, and the same command goes on."""
    count = 15_000
    write_rows(tmp_path / "rows.csv", count)
    arguments = ("load", "rows.csv", "--crossref", f"sqlite:///{place.path}")
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "crossref", *arguments],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    bookmark, until = tmp_path / "rows.csv.bookmark", time.monotonic() + 30
    while not bookmark.exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, ""), err
    assert "which stand. The same command goes on." in err
    done = json.loads(bookmark.read_text())["rows"]
    assert 0 < done < count
    report = place.json("load", "rows.csv")
    assert (report["rows"], report["leftOut"]) == (count, {})
    with closing(SqliteCrossReference.open(place.path)) as crossref:
        links = crossref._file.writer.execute("SELECT count(*) FROM link").fetchone()
    assert links == (3 * count,)
    assert place.run("verify").code == 0


def test_who_is_loaded_is_found(place: Place) -> None:
    """By each key of each source."""
    place.json("load", "-", stdin="crm,billing\nC-1,7;8\n")
    subject = place.past(lambda crossref: crossref.resolve(Lookup("billing", "8")))
    assert subject is not None
    assert [one.key for one in subject.keys["crm"]] == ["C-1"]


def test_what_may_have_made_one_of_two_persons_is_told(place: Place, tmp_path: Path) -> None:
    """Rows that joined a customer by a key, and keys that look like a mark for none; nothing of them is left out."""
    (tmp_path / "rows.csv").write_text("crm,billing\nC-1,0\nC-2,0\nNULL,7\nC-3,8\nC-3,8\n")
    told = place.json("load", "rows.csv")
    assert (told["joined"], told["fillers"], told["leftOut"]) == (1, {"billing": 2, "crm": 1}, {})
    again = place.json("load", "rows.csv")
    assert (again["joined"], again["fillers"]) == (0, {"billing": 2, "crm": 1})
    (tmp_path / "rows.csv").write_text("crm,billing\nC-4,8\n")
    shown = " ".join(place.run("load", "rows.csv").out.split())
    assert "rows that joined a customer there already │ 1" in shown
    assert "a key that two persons share makes them one customer" in shown
    (tmp_path / "rows.csv").write_text("crm\n-\n")
    shown = " ".join(place.run("load", "rows.csv").out.split())
    assert "keys of crm like NULL, 0 or - │ 1" in shown
    assert "Leave such cells empty." in shown


def test_what_was_joined_is_counted_on_after_a_stop(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bookmark keeps the numbers."""
    (tmp_path / "rows.csv").write_text("crm,billing\n" + "".join(f"C-{n},{n % 2}\n" for n in range(1200)))
    with monkeypatch.context() as stopping:
        stop_after(stopping, 1)
        place.run("load", "rows.csv")
    kept = json.loads((tmp_path / "rows.csv.bookmark").read_text())
    told = place.json("load", "rows.csv")
    assert told["joined"] >= kept["joined"] > 0
    assert told["fillers"] == {"billing": 600}


def test_a_file_that_is_not_utf_8_is_told(place: Place, tmp_path: Path) -> None:
    """Each key that is not costs itself; why so many do is said once."""
    (tmp_path / "rows.csv").write_bytes("crm\nM\u00fcller\nJos\u00e9\nC-1\n".encode("latin-1"))
    ran = place.run("load", "rows.csv")
    assert ran.code == 3
    assert "2 lines are not in UTF-8, and keys there are KEY_INVALID. Save the file as UTF-8." in " ".join(
        ran.out.split()
    )
