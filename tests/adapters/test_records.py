"""Records: from a source's words to the model's, one field at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BeforeValidator, Field, computed_field, field_validator

from adapters.answers import Fault
from adapters.decoding import MOST_ITEMS, compile_decoder
from adapters.records import Inline, Record, Reference, every_path, is_there, read_path, source_fields
from adapters.testing import every_field
from schema.reasons import Reason

INVALID = Fault(Reason.VALUE_INVALID)


class Name(Record):
    given: str | None = Field(validation_alias="firstName")
    family: str = Field(validation_alias="lastName")


class Address(Record):
    city: str
    country: str | None = None


def from_minor(value: Any) -> Decimal:
    return Decimal(value) / 100


class Person(Record):
    name: Annotated[Name, Inline()]
    since: date | None = Field(validation_alias=AliasPath("meta", "created"))
    seen: datetime | None = None
    opens: time | None = None
    email: str | None = Field(default=None, validation_alias=AliasChoices("email", AliasPath("contact", 0, "mail")))
    company: Annotated[str | None, Reference("lei")] = Field(default=None, validation_alias="companyLei")
    visits: int = 0
    score: float = 0.0
    active: bool = False
    credit: Decimal = Decimal(0)
    balance: Annotated[Decimal, BeforeValidator(from_minor)] | None = None
    tags: list[str] | None = None
    home: Address | None = None
    others: list[Address] | None = None


FIELDS = tuple(sorted(every_field(Person)))
WHOLE: dict[str, Any] = {
    "firstName": "Anne",
    "lastName": "Vries",
    "meta": {"created": "2020-02-29"},
    "seen": "2020-02-29T10:00:00Z",
    "opens": "09:30",
    "contact": [{"mail": "a@example.org"}],
    "companyLei": "5493",
    "visits": 7,
    "score": Decimal("0.5"),
    "active": True,
    "credit": Decimal("1.10"),
    "balance": 1234,
    "tags": ["x", "y"],
    "home": {"city": "Utrecht", "country": "NL", "street": "not asked"},
    "others": [{"city": "Gent"}, {"city": "Luik", "country": None}],
}


def decode(raw: dict[str, Any], *fields: str) -> dict[str, Any]:
    return dict(compile_decoder(Person, tuple(sorted(fields)))(raw))


def test_a_record_becomes_facts_in_the_models_words_and_types() -> None:
    """Nested, inline, by path, by choice; what may be left out has its default."""
    assert decode(WHOLE, *FIELDS) == {
        "name": {"given": "Anne", "family": "Vries"},
        "since": date(2020, 2, 29),
        "seen": datetime(2020, 2, 29, 10, tzinfo=UTC),
        "opens": time(9, 30),
        "email": "a@example.org",
        "company": "5493",
        "visits": 7,
        "score": 0.5,
        "active": True,
        "credit": Decimal("1.10"),
        "balance": Decimal("12.34"),
        "tags": ["x", "y"],
        "home": {"city": "Utrecht", "country": "NL"},
        "others": [{"city": "Gent", "country": None}, {"city": "Luik", "country": None}],
    }


def test_only_the_wanted_fields_are_decoded() -> None:
    """Others are not looked at, however bad they are."""
    assert decode({"lastName": "Vries", "visits": "bad"}, "name.family") == {"name": {"family": "Vries"}}
    assert decode(WHOLE, "home.city", "others.country") == {
        "home": {"city": "Utrecht"},
        "others": [{"country": None}, {"country": None}],
    }
    assert decode(WHOLE) == {}


def test_a_required_value_that_is_not_there_is_a_fault_and_a_null_is_null() -> None:
    """A field that the source has renamed does not look empty."""
    assert decode({}, "name.given", "since", "email") == {"name": {"given": INVALID}, "since": INVALID, "email": None}
    assert decode({"firstName": None, "meta": {"created": None}}, "name.given", "since") == {
        "name": {"given": None},
        "since": None,
    }
    assert decode({"lastName": None}, "name.family") == {"name": {"family": INVALID}}


def test_a_fault_says_whether_there_is_a_value_that_is_wrong() -> None:
    """Who mends it looks for another thing: a field that has another name, or a value in another form."""
    faults = decode({"meta": {"created": "soon"}, "lastName": None}, "name.given", "name.family", "since")
    name = faults["name"]
    assert isinstance(name, dict)
    assert {key: fault.is_absent for key, fault in {**name, "since": faults["since"]}.items()} == {
        "given": True,
        "family": False,
        "since": False,
    }


BAD_DAYS = (
    "20200229",
    "86400",
    "-1",
    "1.5",
    "2020-2-29",
    "2020-02-30",
    "2020-02-29T00:00:00Z",
    " 2020-02-29",
    "\uff12020-02-29",
    "",
)
BAD_MOMENTS = (
    "20240131",
    "1582934400",
    "2020-02-29T10:00Z",
    "2020-02-29T10:00:00+0100",
    "2020-02-29T10:00:00Z\n",
    "\uff12020-02-29T10:00:00Z",
)
BAD_AMOUNTS = ("1_000", "\uff1100", "٣", "1e3", "NaN", "Infinity", " 1", "1 ", "1,5", ".5", "5.", "+", "", "1" * 129)

BAD: dict[str, tuple[object, ...]] = {
    "visits": (True, "3", 3.0, Decimal(3), 2**31, float("nan"), None),
    "score": (True, "0.5", float("inf"), float("nan"), Decimal("NaN"), None),
    "active": (1, 0, "true", "yes", None),
    "credit": (True, 1.5, "a", float("nan"), Decimal("Infinity"), None, *BAD_AMOUNTS),
    "companyLei": (5, True, b"x", ["x"], "half \ud800"),
    "meta": tuple({"created": bad} for bad in BAD_DAYS),
    "seen": ("2020-02-29T10:00:00", "2020-02-29", 1582934400, "soon", *BAD_MOMENTS),
    "opens": (900, "25:00", "900", "36000", "9:30", "\uff109:30", "09:30 ", "09:30:00.", ""),
    "email": (5, {"a": 1}),
    "balance": ("x", {}, float("nan")),
    "tags": ("x", ["x", 5], {"x": 1}),
    "home": ("Utrecht", [], 5),
    "others": ({}, "x", 5),
}


@pytest.mark.parametrize(("source", "bad"), [(name, bad) for name, all_bad in BAD.items() for bad in all_bad], ids=repr)
def test_a_value_of_another_type_is_a_fault_in_its_place(source: str, bad: object) -> None:
    """Nothing is converted in silence, and every other value stays as it is."""
    whole, spoiled = decode(WHOLE, *FIELDS), decode(WHOLE | {source: bad}, *FIELDS)
    changed = {name for name in whole if spoiled[name] != whole[name]}
    assert changed == {{"companyLei": "company", "meta": "since"}.get(source, source)}
    assert all(spoiled[name] == INVALID for name in changed)


@pytest.mark.parametrize(
    ("source", "text", "field", "value"),
    [
        ("seen", "2020-02-29 10:00:00.5+01:00", "seen", datetime(2020, 2, 29, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("seen", "2020-02-29t10:00:00z", "seen", datetime(2020, 2, 29, 10, tzinfo=UTC)),
        ("opens", "09:30:15.25", "opens", time(9, 30, 15, 250_000)),
        ("opens", "09:30Z", "opens", time(9, 30, tzinfo=UTC)),
        ("credit", "+1.10", "credit", Decimal("1.10")),
        ("credit", "-007", "credit", Decimal(-7)),
        ("credit", 5, "credit", Decimal(5)),
        ("meta", {"created": date(2020, 2, 29)}, "since", date(2020, 2, 29)),
    ],
)
def test_a_text_of_the_standards_form_is_its_value(source: str, text: object, field: str, value: object) -> None:
    """RFC 3339 for moments, ISO 8601 for times, plain digits for amounts; a driver's own values as they are."""
    assert decode(WHOLE | {source: text}, field) == {field: value}


class Counted:
    """Passes entries on as they are, and counts them."""

    def __init__(self) -> None:
        self.entries = 0

    def __call__(self, value: Any) -> Any:
        self.entries += len(value) if isinstance(value, list) else 1
        return value


COUNTED = Counted()


class Entry(Record):
    word: Annotated[str, BeforeValidator(COUNTED)]


class Lists(Record):
    objects: list[Entry]
    leaves: list[Annotated[str, BeforeValidator(COUNTED)]] | None = None
    whole: Annotated[list[str] | None, BeforeValidator(COUNTED)] = None
    split: Annotated[list[str], BeforeValidator(str.split)]


@pytest.mark.parametrize(
    ("field", "entry"), [("objects", {"word": "x"}), ("leaves", "x"), ("whole", "x"), ("whole", {"not": "text"})]
)
def test_a_list_of_too_many_entries_is_a_fault_and_none_is_decoded(field: str, entry: object) -> None:
    """Half a million would stop everybody else for a minute and more."""
    read = compile_decoder(Lists, ("objects.word",) if field == "objects" else (field,))
    COUNTED.entries = 0
    assert read({field: [entry] * (MOST_ITEMS + 1)}) == {field: INVALID}
    assert COUNTED.entries == 0
    got = read({field: [entry] * MOST_ITEMS})[field]
    assert got == ([entry] * MOST_ITEMS if entry != {"not": "text"} else INVALID)


def test_a_list_that_a_converter_makes_is_bounded_too() -> None:
    """However it came about."""
    read = compile_decoder(Lists, ("split",))
    assert read({"split": "x " * MOST_ITEMS}) == {"split": ["x"] * MOST_ITEMS}
    assert read({"split": "x " * (MOST_ITEMS + 1)}) == {"split": INVALID}


def test_a_bad_value_in_a_nested_record_costs_itself_only() -> None:
    """And a bad item of a list costs that item."""
    raw = WHOLE | {"home": {"city": 5, "country": "NL"}, "others": ["x", {"city": "Gent"}, None]}
    got = decode(raw, "home.city", "home.country", "others.city")
    assert got == {"home": {"city": INVALID, "country": "NL"}, "others": [INVALID, {"city": "Gent"}, INVALID]}
    assert decode(WHOLE | {"home": None}, "home.city") == {"home": None}


def test_a_required_nested_record_cannot_be_null() -> None:
    """Only one that is declared optional can."""

    class Outer(Record):
        inner: Address

    assert compile_decoder(Outer, ("inner.city",))({"inner": None}) == {"inner": INVALID}


def test_the_projection_is_the_sources_own_top_level_fields() -> None:
    """Of the wanted fields only, each once; all the choices of one that has several."""
    assert source_fields(Person, ("name.given",)) == ("firstName",)
    assert source_fields(Person, ("name.family", "name.given", "since")) == ("firstName", "lastName", "meta")
    assert source_fields(Person, ("email",)) == ("contact", "email")
    assert source_fields(Person, ("home.city", "home.country", "visits")) == ("home", "visits")
    assert source_fields(Person, ()) == ()


def test_a_path_is_read_through_objects_and_lists() -> None:
    """Where there is nothing, a marker says so that no source can send."""
    raw = {"a": [{"b": None}], "0": "text"}
    assert read_path(raw, "0") == "text"
    assert read_path(raw, AliasPath("a", 0, "b")) is None
    assert is_there(read_path(raw, AliasPath("a", -1, "b")))
    for path in ("x", AliasPath("a", 1), AliasPath("a", "b"), AliasPath("a", 0, "b", "c"), AliasPath("0", 0)):
        assert not is_there(read_path(raw, path))


def test_a_field_tells_its_reference_and_its_nested_record() -> None:
    """For the plan: what has to be asked next, and of what shape it is."""
    assert Person.record_reference("company") == Reference("lei")
    assert Person.record_reference("email") is None
    assert (Person.record_nested("home"), Person.record_nested("others"), Person.record_nested("email")) == (
        Address,
        Address,
        None,
    )


def test_a_field_tells_whether_it_is_a_list_and_of_which_type() -> None:
    """What `check` compares with the model; a choice of types is none."""

    class Loose(Record):
        either: int | str | None
        several: list[str | None] | None

    assert [name for name in Person.model_fields if Person.record_holds_list(name)] == ["tags", "others"]
    assert (Person.record_leaf_type("since"), Person.record_leaf_type("tags"), Person.record_leaf_type("balance")) == (
        date,
        str,
        Decimal,
    )
    assert (Loose.record_leaf_type("either"), Loose.record_leaf_type("several")) == (None, str)


def test_what_needs_an_instance_is_refused_where_it_is_declared() -> None:
    """A record is never instantiated; the message says what to write."""
    with pytest.raises(TypeError, match="BeforeValidator"):

        class Checked(Record):
            name: str

            @field_validator("name")
            @classmethod
            def check(cls, value: str) -> str:
                return value

    with pytest.raises(TypeError, match="computed field"):

        class Computed(Record):
            name: str

            @computed_field  # type: ignore[prop-decorator]
            @property
            def twice(self) -> str:
                return self.name * 2


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(st.characters(), max_size=8)
raws = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
names = st.sampled_from(sorted(WHOLE))


@settings(deadline=None)
@given(st.dictionaries(names, raws))
def test_no_record_makes_the_decoder_raise(raw: dict[str, Any]) -> None:
    """Whatever a source sends, every wanted field is there: a value, None, or a fault."""
    got = decode(raw, *FIELDS)
    assert set(got) == {field.partition(".")[0] for field in FIELDS}


@settings(deadline=None)
@given(names, raws)
def test_one_bad_value_costs_itself_only(name: str, value: object) -> None:
    """All fields that do not come from it are as they were."""
    whole, spoiled = decode(WHOLE, *FIELDS), decode(WHOLE | {name: value}, *FIELDS)
    whole.update({f"name.{key}": part for key, part in whole.pop("name").items()})
    spoiled.update({f"name.{key}": part for key, part in spoiled.pop("name").items()})
    assert len({key for key in whole if spoiled[key] != whole[key]}) <= 1


class Event(Record, told_by="kind"):
    at: int | None


class Call(Event, told_as="call", type_name="PhoneCall"):
    seconds: int | None = Field(validation_alias="duration")


class Letter(Event, told_as="letter", type_name="Letter"):
    pages: list[list[int | None]] | None


class Owner(Record):
    events: list[Event | None] | None
    first: Event | None


CALL, LETTER = {"kind": "call", "at": 1, "duration": 9}, {"kind": "letter", "at": 2, "pages": [[1, None], []]}


def test_records_of_an_interface_are_decoded_as_what_they_are() -> None:
    """By the word that they hold; each type has its own fields, and the facts say which type it is."""
    read = compile_decoder(Event, ("Letter:at", "Letter:pages", "PhoneCall:seconds"))
    assert read(CALL) == {"__typename": "PhoneCall", "seconds": 9}
    assert read(LETTER) == {"__typename": "Letter", "at": 2, "pages": [[1, None], []]}


@pytest.mark.parametrize("kind", ["fax", None, 1, ["call"], {}])
def test_a_type_that_nobody_declared_is_a_fault(kind: object) -> None:
    """Of an unknown word nothing is decoded."""
    assert compile_decoder(Event, ("PhoneCall:at",))({**CALL, "kind": kind}) == {"__typename": INVALID}
    assert compile_decoder(Event, ("PhoneCall:at",))({"at": 1}) == {"__typename": INVALID}


def test_lists_of_an_interface_may_hold_null_where_it_is_declared() -> None:
    """`list[X | None]` has nulls; an entry that is no object is a fault of its own."""
    read = compile_decoder(Owner, ("events.PhoneCall:seconds", "first"))
    assert read({"events": [CALL, None, 3], "first": None}) == {
        "events": [{"__typename": "PhoneCall", "seconds": 9}, None, INVALID],
        "first": None,
    }


def test_the_word_that_tells_the_type_is_always_asked_for() -> None:
    """Beside the fields of every type that is wanted."""
    assert source_fields(Event, ("Letter:pages", "PhoneCall:seconds")) == ("duration", "kind", "pages")
    assert source_fields(Owner, ("events.PhoneCall:seconds",)) == ("events",)


def test_every_path_of_a_record_is_told_those_of_variants_too() -> None:
    """By the type that has it; of a record that holds its own kind the field alone is told where it is met again."""

    class Company(Record):
        name: str | None
        parent: Company | None
        seen: list[Event] | None

    Company.model_rebuild(_types_namespace={"Company": Company, "Event": Event})
    seen = [f"seen.{path}" for path in every_path(Event)]
    assert [*every_path(Company)] == ["name", "parent", *seen]
    assert {"PhoneCall:seconds", "Letter:pages"} <= {*every_path(Event)}
    assert set(every_field(Person)) == {*every_path(Person)}


@pytest.mark.parametrize(
    ("told_as", "type_name"), [("call", "Again"), ("fax", "")], ids=["a word twice", "no name of a type"]
)
def test_a_variant_has_a_word_and_a_type_of_its_own(told_as: str, type_name: str) -> None:
    """Said when the class is made."""
    with pytest.raises(TypeError, match=r"wanted a word of its own, the model's name of the type, and a base"):
        type("Wrong", (Event,), {"__module__": __name__}, told_as=told_as, type_name=type_name)
    with pytest.raises(TypeError, match="declared with told_by="):
        type("Wrong", (Record,), {"__module__": __name__}, told_as="x", type_name="X")


def test_lists_of_lists_are_decoded_entry_by_entry() -> None:
    """One bad value costs the field that it stands in, or its entry where these are objects."""

    class Plan(Record):
        rows: list[list[Call]] | None

    read = compile_decoder(Plan, ("rows.seconds",))
    assert read({"rows": [[{"duration": 1}, 2], []]}) == {"rows": [[{"seconds": 1}, INVALID], []]}
    assert read({"rows": [{"duration": 1}]}) == {"rows": [INVALID]}
    assert (Plan.record_lists("rows"), Plan.record_holds_list("rows"), Plan.record_leaf_type("rows")) == (2, True, Call)


def test_fields_may_have_the_names_of_what_a_record_declares() -> None:
    """A payment has a reference, and a record tells which of its fields are one."""

    class Payment(Record):
        reference: str | None
        lists: list[str]

    read = compile_decoder(Payment, ("lists", "reference"))
    assert read({"reference": "P-1", "lists": []}) == {"reference": "P-1", "lists": []}
    assert Payment.record_reference("reference") is None
