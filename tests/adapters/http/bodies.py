"""Bodies of a source's answers, ordinary and broken, and a record of every kind of field that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from random import Random
from typing import Annotated, NewType

from pydantic import AliasPath, BeforeValidator, Field

from adapters.records import Inline, Record, Reference

Code = NewType("Code", str)


class Standing(Enum):
    OPEN = "open"
    CLOSED = "closed"
    NONE = ""


class Grade(StrEnum):
    A = "A"
    B = "B"


def graded(value: object) -> object:
    return {"good": "A", "bad": "B"}.get(value, value) if isinstance(value, str) else value


class Part(Record):
    word: str
    amount: Decimal | None = Field(validation_alias="sum")
    grade: Grade | None = None


class Name(Record):
    given: str | None = Field(validation_alias="first")
    code: Code | None


class Thing(Record):
    name: Annotated[Name, Inline()]
    text: str | None
    count: int | None
    flag: bool | None
    score: float | None
    price: Decimal | None
    day: date | None
    moment: datetime | None
    clock: time | None
    standing: Standing | None
    since: date | None = Field(validation_alias=AliasPath("meta", "since"))
    by: str | None = Field(default=None, validation_alias=AliasPath("meta", "by"))
    mail: str | None = Field(default=None, validation_alias=AliasPath("contact", "mail"))
    company: Annotated[str | None, Reference("lei")] = Field(default=None, validation_alias="lei")
    visits: int = 0
    paid: Decimal = Decimal("0.00")
    state: Standing = Standing.OPEN
    tags: list[str] | None
    grades: list[Grade | None] | None
    grid: list[list[Decimal | None]] | None
    part: Part | None
    parts: list[Part | None] | None
    rows: list[list[Part]] | None = None
    mark: Annotated[Grade | None, BeforeValidator(graded)]
    cents: Annotated[Decimal, BeforeValidator(lambda value: Decimal(value) / 100)] | None
    short: Annotated[str, Field(max_length=3)] | None = None


LEAVES: Mapping[str, Sequence[str]] = {
    "text": ['"a"', '""', '"\\u00e9\\n"', '"é€😀"', '"\\ud83d\\ude00"', '"a\\u0000b"'],
    "count": ["0", "-7", "2147483647", "-2147483648", "-0"],
    "flag": ["true", "false"],
    "score": ["0.5", "1", "-0.0", "1e3", "1e-5", "123456789.123456789", "9007199254740993", "1E+30", "4.35"],
    "price": ['"1.10"', "1.10", "5", '"5"', "12345678901234567.89", '"-0.5"', "1e5", "-0.0", '"007"', '"+1"', "1E-7"],
    "day": ['"2020-02-29"', '"0001-01-01"', '"9999-12-31"'],
    "moment": [
        '"2020-02-29T10:00:00Z"',
        '"2020-02-29 10:00:00.5+01:00"',
        '"2020-02-29t10:00:00z"',
        '"2020-02-29T10:00:00.123456-23:59"',
        '"0001-01-01T00:00:00+01:00"',
        '"2020-02-29T10:00:00.1234567Z"',
        '"2020-02-29T10:00:00.9999999Z"',
        '"2020-02-29T10:00:00-00:00"',
    ],
    "clock": ['"09:30"', '"09:30:15.25"', '"09:30Z"', '"23:59:59.999999+01:00"', '"09:30:15.1234567"'],
    "standing": ['"open"', '"closed"', '""', '"\\u006fpen"'],
    "grade": ['"A"', '"B"'],
    "mark": ['"good"', '"bad"', '"A"'],
    "cents": ["1234", '"5"', "0", "1.5"],
    "short": ['"abc"', '"abcd"', '""'],
}

ODD = [
    "null",
    "true",
    "0",
    "1",
    "3.0",
    "-1.5",
    "2147483648",
    "99999999999999999999",
    "1" * 128,
    "1" * 129,
    "1" * 5000,
    "0." + "1" * 130,
    "1e400",
    "-1e401",
    "1e-401",
    "1e99999999999999999999",
    "1e308",
    "1e309",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "1.",
    ".5",
    "+1",
    '"3"',
    '"1_000"',
    '"\uff11"',
    '"1e5"',
    '"NaN"',
    '"nan123"',
    '"Infinity"',
    '" 1"',
    '"5."',
    '".5"',
    f'"{"1" * 129}"',
    f'"{"1" * 128}.{"1" * 128}"',
    '"1E+5"',
    '"2020-02-30"',
    '"20200229"',
    '"2020-W09-6"',
    '"2020-W09-6T10:00:00Z"',
    '"2020-02-29T00:00:00"',
    '"2020-02-29T10:00Z"',
    '"2020-02-29T10:00:00+0100"',
    '"2020-02-29T10:00:00+01"',
    '"2020-02-29T10:00:00+24:00"',
    '"2020-02-29T10:00:00+01:60"',
    '"2020-02-29T10:00:60Z"',
    '"2020-02-29T24:00:00Z"',
    '"2020-02-29T10:00:00,5Z"',
    '"2020-02-29T10:00:00.1234567891Z"',
    '"\uff12020-02-29T10:00:00Z"',
    '"1582934400"',
    '"24:00"',
    '"9:30"',
    '"0930"',
    '"OPEN"',
    '"a"',
    '"\\ud800"',
    '"\\udc00x"',
    '"\\x"',
    '"a\nb"',
    '"\\u12g4"',
    '"',
    "nul",
    "",
    "{}",
    "[]",
    "[1, 2]",
    "[null]",
    '["x", "y"]',
    '[{"word": 5}]',
    '{"since": null, "mail": 7}',
    f"[{','.join(['1'] * 1001)}]",
    f"[{','.join(['null'] * 1000)}]",
    f"{'[' * 100}{']' * 100}",
    f"{'[' * 3000}{']' * 3000}",
]
"""What nobody wants in the place of a value: some is no JSON at all, some what a lax reader takes."""

NOT_TEXT = [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf", b"\x00", b"\x0c"]


class Bodies:
    """Makes bodies; `oddness` is how likely each value is one that nobody wants."""

    def __init__(self, random: Random, oddness: float) -> None:
        self.random, self.oddness = random, oddness

    def record(self, key: str) -> str:
        """Return one record of a key, its members in any order, some twice, some left out, some unknown."""
        members = [("id", self.value(key)), ("first", self.leaf("text")), ("code", self.leaf("text"))]
        members += [(name, self.leaf(name)) for name in LEAVES if name != "grade"]
        members += [("meta", self.meta()), ("tags", self.list("text")), ("grades", self.list("grade"))]
        members += [("part", self.part()), ("parts", self.listed(self.part)), ("grid", self.grid())]
        optional = [("lei", self.leaf("text")), ("visits", self.leaf("count")), ("paid", self.leaf("price"))]
        optional += [("state", self.value('"closed"')), ("rows", self.listed(lambda: self.listed(self.part)))]
        optional += [("contact", self.object([("mail", self.leaf("text"))])), ("other", self.value('{"a": [1.5e3]}'))]
        return self.object(members + [one for one in optional if self.random.random() < 0.7])

    def leaf(self, name: str) -> str:
        return self.value("null" if self.random.random() < 0.1 else self.random.choice(LEAVES[name]))

    def value(self, wanted: str) -> str:
        return self.random.choice(ODD) if self.is_odd() else wanted

    def is_odd(self) -> bool:
        return self.random.random() < self.oddness

    def list(self, name: str) -> str:
        return self.listed(lambda: self.leaf(name))

    def listed(self, make: object) -> str:
        assert callable(make)
        return self.value(f"[{', '.join(make() for _ in range(self.random.randrange(3)))}]")

    def grid(self) -> str:
        return self.listed(lambda: self.list("price"))

    def meta(self) -> str:
        return self.object([("since", self.leaf("day"))] + [("by", self.leaf("text"))] * self.random.randrange(2))

    def part(self) -> str:
        return self.object([("word", self.leaf("text")), ("sum", self.leaf("price")), ("grade", self.leaf("grade"))])

    def object(self, members: Sequence[tuple[str, str]]) -> str:
        told = list(members)
        if self.is_odd():
            told.insert(self.random.randrange(len(told)), self.random.choice(told))
        if self.is_odd():
            told.append((self.random.choice(told)[0], self.random.choice(ODD)))
        if self.is_odd():
            del told[self.random.randrange(len(told))]
        if self.is_odd():
            self.random.shuffle(told)
        return self.value("{" + ",".join(f'"{name}": {value}' for name, value in told) + "}")

    def bytes(self, text: str) -> bytes:
        """Return the text as bytes, which may be cut off, or hold what is no text."""
        body = text.encode("utf-8", "surrogatepass")
        place = self.random.randrange(len(body) + 1)
        match self.random.random() / max(self.oddness, 1e-9):
            case share if share < 0.3:
                return body[:place]
            case share if share < 0.8:
                return body[:place] + self.random.choice(NOT_TEXT) + body[place:]
            case share if share < 0.9:
                return self.random.choice(NOT_TEXT) + body
        return body
