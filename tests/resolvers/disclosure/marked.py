"""Four vessels of which no two values are alike: whatever turns up anywhere tells whose it is, and of which field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from adapters.answers import Key
from tests.resolvers.fleet import Raw
from tests.resolvers.harbour import Harbour

__all__ = ["Change", "Mark", "Marked", "Route", "customer_of"]

Route = frozenset[str]
"""The coordinates on the way from a customer to a value, that of the value included."""

_FIRST_DAY = date(1900, 1, 1)


@dataclass(frozen=True)
class Mark:
    """A value of one customer that no other place has. `token` is a part of it that stands in no other value."""

    customer: str
    route: Route
    text: str
    token: str


def customer_of(number: int) -> str:
    """The canonical id of the vessel with this number."""
    return f"v{number}"


@dataclass
class Change:
    """How a second world differs from a first: in what is withheld of each customer, and in what a mask hides.

    `withheld` and `masked` hold coordinates by customer, `shown` who is shown at all. `numbers` are those of the first.
    """

    chance: Random
    shown: Collection[str]
    withheld: Mapping[str, Collection[str]]
    masked: Mapping[str, Collection[str]]
    numbers: Mapping[tuple[object, ...], int]

    def hides(self, customer: str, route: Iterable[str]) -> bool:
        """Whether nobody is told what stands at the end of a route."""
        return customer not in self.shown or any(one in self.withheld[customer] for one in route)

    def masks(self, customer: str, route: Iterable[str]) -> bool:
        """Whether a text at the end of a route is shown masked."""
        return any(one in self.masked.get(customer, ()) for one in route)


_STRANGE: Sequence[object] = (None, "", "something else", 7, -1, True, [], [None], {}, "2001-01-01", 0.5, "0.125")


@dataclass
class Marked:
    """The records of four vessels in the words of the harbour's sources, the marks in them, and whose each key is.

    With a `change` it is another world, in which all that is withheld is otherwise. `numbers` hold what makes a value
    differ from all others, by whose it is and where it stands.
    """

    change: Change | None = None
    marks: list[Mark] = field(default_factory=list)
    keys: dict[Key, tuple[str, Route]] = field(default_factory=dict)
    records: dict[str, dict[Key, list[Raw]]] = field(default_factory=dict)
    numbers: dict[tuple[object, ...], int] = field(default_factory=dict)
    _customer: str = ""
    _places: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.change is not None:
            self.numbers.update(self.change.numbers)
        for number in range(1, 5):
            self._of_vessel(number)

    def into(self, h: Harbour) -> Harbour:
        """The harbour, with these records in place of its own."""
        for source in h.sources:
            source.records = {offer.name: self.records.get(offer.name, {}) for offer in source.offers}
        return h

    def _of_vessel(self, number: int) -> None:
        self._customer = customer_of(number)
        own = {source: f"{letter}{number}" for source, letter in (("registry", "R"), ("sonar", "S"), ("office", "O"))}
        for key in own.values():
            self.keys[key] = (self._customer, frozenset())
        self._put("vessels", own["registry"], [self._ship(own["registry"], number)])
        self._put("heard", own["sonar"], [self._heard(own["sonar"])])
        self._put("calls", own["registry"], self._several(lambda: self._stay(own["registry"]), "Vessel.portCalls"))
        self._put("sightings", own["registry"], self._part(self._sightings(own["registry"]), "Vessel.sightings"))
        voyages = [self._voyage(own["registry"], place, number) for place in range(1, 6)]
        self._put("voyages", own["registry"], self._part(voyages, "Vessel.voyages"))

    def _ship(self, key: Key, number: int) -> Raw:
        return {
            "imo": key,
            "ship_name": self._text("Vessel.name"),
            "call_sign": self._text("Vessel.callSign"),
            "kind": self._other("ferry" if number % 2 else "tanker", "Vessel.kind"),
            "loa": self._number("Vessel.size", "Size.length"),
            "beam": self._number("Vessel.size", "Size.beam"),
            "flag_code": self._flag("Vessel.flag"),
            "owners": self._several(self._owner, "Vessel.owners"),
            "cargo": self._part([self._box(), self._tank(), None], "Vessel.cargo"),
            "track": self._part([[self._number("Vessel.track")], [], [self._number("Vessel.track")]], "Vessel.track"),
        }

    def _owner(self) -> Raw:
        way = "Vessel.owners"
        return {
            "name": self._text(way, "Owner.name"),
            "share": self._share(way, "Owner.share"),
            "home": self._flag(way, "Owner.home"),
        }

    def _box(self) -> Raw:
        way = "Vessel.cargo"
        return {
            "is": "box",
            "label": self._text(way, "Container.label"),
            "home": self._flag(way, "Container.home"),
        }

    def _tank(self) -> Raw:
        return {"is": "tank", "litres": self._number("Vessel.cargo", "Tank.litres")}

    def _heard(self, key: Key) -> Raw:
        book = self._key("L", "Vessel.log")
        self._put("logs", book, self._several(lambda: self._line(book), "Vessel.log"))
        draught, flag = self._number("Vessel.draught"), self._flag("Vessel.heardUnder")
        return {"mmsi": key, "draught": draught, "heard_under": flag, "log": self._other(book, "Vessel.log")}

    def _line(self, book: Key) -> Raw:
        return {"book": book, "line": self._text("Vessel.log", "LogEntry.line")}

    def _stay(self, key: Key) -> Raw:
        way = ("Vessel.portCalls", "PortCall.port")
        port = self._key("P", *way)
        self._put(
            "ports",
            port,
            [{"locode": port, "name": self._text(*way, "Port.name"), "flag": self._flag(*way, "Port.flag")}],
        )
        return {"imo": key, "port": self._other(port, *way), "on": self._day("Vessel.portCalls", "PortCall.on")}

    def _sightings(self, key: Key) -> list[Raw]:
        way, seen = "Vessel.sightings", self._sighted
        return [
            {
                "imo": key,
                "by": "radar",
                "on": seen("RadarSighting"),
                "range": self._number(way, "RadarSighting.range"),
            },
            {
                "imo": key,
                "by": "photo",
                "on": seen("PhotoSighting"),
                "seen_under": self._flag(way, "PhotoSighting.seenUnder"),
            },
        ]

    def _sighted(self, type_name: str) -> Any:
        return self._day("Vessel.sightings", "Sighting.on", f"{type_name}.on")

    def _voyage(self, key: Key, place: int, number: int) -> Raw:
        way = ("Vessel.voyages", "Voyage.notes")
        book = self._key("N", *way)
        self._put("notes", book, self._several(lambda: {"book": book, "text": self._text(*way, "Note.text")}, *way))
        return {
            "imo": key,
            "number": self._number("Vessel.voyages", "Voyage.number"),
            "is_rough": self._other((place + number) % 3 == 0, "Vessel.voyages", "Voyage.isRough"),
            "notes": self._other(book, *way),
        }

    def _flag(self, *way: str) -> Any:
        key = self._key("F", *way)
        self._note(key, key, *way, "Flag.code")
        self._put("flags", key, [{"code": key, "state": self._text(*way, "Flag.state")}])
        return self._other(key, *way)

    def _put(self, offer: str, key: Key, records: Iterable[Raw]) -> None:
        self.records.setdefault(offer, {})[key] = list(records)

    def _key(self, letter: str, *way: str) -> Key:
        key = f"{letter}{self._next(way):09}k"
        self.keys[key] = (self._customer, frozenset(way))
        return key

    def _text(self, *route: str) -> Any:
        token = f"{self._next(route):09}k"
        if self.change is not None and self.change.masks(self._customer, route):
            other = f"{self.change.chance.randrange(10_000)}z"  # every mask shows of it what it shows of the first
            return self._other(f"Ab{other} Cd{other}@e{token}.test", *route)
        return self._note(f"Ab{token} Cd{token}@e{token}.test", token, *route)

    def _number(self, *route: str) -> Any:
        number = 700_000_000 + self._next(route)
        self._note(str(number), str(number), *route)
        return self._other(number, *route)

    def _share(self, *route: str) -> Any:
        share = f"0.7{self._next(route):07}"
        return self._note(share, share, *route)

    def _day(self, *route: str) -> Any:
        day = (_FIRST_DAY + timedelta(days=self._next(route))).isoformat()
        return self._note(day, day, *route)

    def _note(self, text: str, token: str, *route: str) -> Any:
        self.marks.append(Mark(self._customer, frozenset(route), text, token))
        return self._other(text, *route)

    def _next(self, route: Sequence[str]) -> int:
        place = (self._customer, *route)
        self._places[place] += 1
        return self.numbers.setdefault((*place, self._places[place]), len(self.numbers) + 1)

    def _other(self, value: object, *route: str) -> Any:
        """The value; in another world, where it is hidden, perhaps another one, of any kind."""
        return self.change.chance.choice((value, *_STRANGE)) if self._is_hidden(route) and self.change else value

    def _several(self, make: Callable[[], Raw], *route: str) -> list[Raw]:
        """Two records; in another world, where they are hidden, any number of them."""
        count = self.change.chance.randrange(4) if self._is_hidden(route) and self.change else 2
        return [make() for _ in range(count)]

    def _part(self, whole: list[Any], *route: str) -> list[Any]:
        """The list; in another world, where it is hidden, a part of it."""
        return whole[: self.change.chance.randrange(len(whole))] if self._is_hidden(route) and self.change else whole

    def _is_hidden(self, route: Iterable[str]) -> bool:
        return self.change is not None and self.change.hides(self._customer, route)
