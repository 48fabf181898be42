"""What an SQL offer may declare, and the statement that follows from it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import AliasPath, Field

from adapters.answers import Page
from adapters.records import Inline, Record
from adapters.sql import AtLeast, Below, By, IsOneOf, Sorted
from adapters.sql.columns import plain_value
from adapters.sql.offers import KeyType, SqlOffer, statement_for


class Name(Record):
    given: str | None = Field(validation_alias="given_name")


class Person(Record):
    name: Annotated[Name, Inline()]
    status: str | None
    city: str | None = Field(validation_alias=AliasPath("address", "city"))


def declared(**changes: Any) -> SqlOffer:
    plain: dict[str, Any] = {"name": "person", "serves": "Person", "record": Person, "key": "no", "table": "person"}
    return SqlOffer(**plain | changes)


def test_the_statement_asks_only_the_wanted_columns_and_the_key() -> None:
    """The columns are those that the wanted fields need, plus the one that says whose a row is."""
    statement = statement_for(declared(), ("name.given",))
    assert statement.on_postgres() == (
        'SELECT t."given_name", t."no" FROM "person" AS t WHERE t."no" = ANY($1::text[]) LIMIT 10001'
    )
    assert statement.on_sqlite(3) == (
        'SELECT t."given_name", t."no" FROM "person" AS t WHERE t."no" IN (?,?,?) LIMIT 10001'
    )


def test_a_list_is_ordered_and_keys_may_be_compared_with_another_column() -> None:
    """The declared columns order the rows; `key_column` is compared, `key` is echoed."""
    offer = declared(
        serves="Firm.persons",
        absent=Page,
        table="hr.person",
        key_column="firm id",
        key_type=KeyType.INTEGER,
        order_by=("since", "no"),
        max_rows=60,
    )
    assert statement_for(offer, ("city",)).on_postgres() == (
        'SELECT t."address", t."no" FROM "hr"."person" AS t WHERE t."firm id" = ANY($1::bigint[])'
        ' ORDER BY t."since", t."no" LIMIT 61'
    )


PAGED: dict[str, Any] = {
    "serves": "Firm.persons",
    "order_by": (By("since", "date"), "no"),
    "filters": {"cities": IsOneOf("city"), "from": AtLeast("since", "date"), "before": Below("since", "date")},
    "sort": Sorted("order", descending=("newest",)),
    "max_page": 20,
    "limits_per_key": True,
}


def test_a_page_of_every_key_is_one_statement() -> None:
    """In PostgreSQL a lateral join of each key's rows, in SQLite a union; one row more tells that more follow."""
    statement = statement_for(declared(**PAGED), ("status",))
    page = (
        'SELECT * FROM (SELECT t."no", t."status", t."since" AS "0", t."no" AS "1" FROM "person" AS t'
        ' WHERE t."no" = {key} ORDER BY t."since", t."no" LIMIT {rows}) AS t'
    )
    assert statement.on_postgres() == (
        'SELECT t."no", t."status", t."0"::text AS "0", t."1"::text AS "1"'
        " FROM unnest($1::text[]) AS k (key), LATERAL ("
        + page.format(key="k.key", rows="$2::text::bigint")
        + ') AS t ORDER BY t."0", t."1"'
    )
    assert statement.on_sqlite(2) == (
        'SELECT t."no", t."status", t."0" AS "0", t."1" AS "1" FROM ('
        + page.format(key="?1", rows="?3")
        + " UNION ALL "
        + page.format(key="?2", rows="?3")
        + ') AS t ORDER BY t."0", t."1"'
    )


def test_a_further_page_begins_behind_values_and_takes_rows_that_have_none() -> None:
    """The values are bound behind those of the filters; each null is looked for where the page would pass over it."""
    statement = statement_for(declared(**PAGED), (), ("cities", "from"), descending=True, is_further=True)
    own = 't."no" = ?1 AND t."city" IN (SELECT value FROM json_each(?2)) AND t."since" >= ?3'
    parts = [
        f'{own} AND (t."since", t."no") < (?4, ?5) ORDER BY t."since" DESC, t."no" DESC LIMIT ?6',
        f'{own} AND t."since" IS NULL LIMIT 1',
        f'{own} AND t."since" = ?4 AND t."no" IS NULL LIMIT 1',
    ]
    select = 'SELECT t."no", t."since" AS "0", t."no" AS "1" FROM "person" AS t WHERE '
    pages = " UNION ALL ".join(f"SELECT * FROM ({select}{part}) AS t" for part in parts)
    assert statement.on_sqlite(1) == (
        f'SELECT t."no", t."0" AS "0", t."1" AS "1" FROM ({pages}) AS t ORDER BY t."0" DESC, t."1" DESC'
    )
    assert 't."city" = ANY($2::text[]::text[]) AND t."since" >= $3::text::date' in statement.on_postgres()
    assert '(t."since", t."no") < ($4::text::date, $5::text::text)' in statement.on_postgres()


def test_a_whole_list_is_filtered_and_turned_round_too() -> None:
    """Its conditions stand beside the keys."""
    whole = declared(**PAGED | {"max_page": None, "limits_per_key": False})
    assert statement_for(whole, (), ("before",), descending=True).on_sqlite(2) == (
        'SELECT t."no" FROM "person" AS t WHERE t."no" IN (?,?) AND t."since" < ?3'
        ' ORDER BY t."since" DESC, t."no" DESC LIMIT 10001'
    )


def test_a_lists_arguments_are_told_by_name() -> None:
    """Those that filter and the one that orders; a list without them takes none."""
    assert declared(**PAGED).takes == {"cities", "from", "before", "order"}
    assert declared().takes == frozenset()


def test_every_member_of_an_enum_has_a_word() -> None:
    """One that is forgotten would be a filter that finds nothing; None says that no row has it."""

    class Status(Enum):
        OPEN = "OPEN"
        PAID = "PAID"
        LOST = "LOST"

    with pytest.raises(ValueError, match="filter on status: got no word for LOST, PAID; wanted one for every member"):
        IsOneOf("status", words={Status.OPEN: "o"})
    words = {Status.OPEN: "o", Status.PAID: "p", Status.LOST: None}
    assert IsOneOf("status", words=words).bound((Status.PAID, Status.LOST, Status.PAID, "o")) == ["p"]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("x' --", "x' --"),
        ("\0", None),
        ("\ud800", None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (1.5, 1.5),
        (float("inf"), None),
        (Decimal("12.50"), "12.50"),
        (Decimal("1e2"), "100"),
        (Decimal("1e999999"), None),
        (Decimal("NaN"), None),
        (date(2020, 2, 29), "2020-02-29"),
        (datetime(2020, 2, 29, 12, tzinfo=timezone(timedelta(hours=2))), "2020-02-29T10:00:00+00:00"),
        (datetime.fromisoformat("2020-02-29T12:00:00"), None),
        (b"x", None),
        (None, None),
    ],
)
def test_a_value_is_compared_in_its_plain_form(value: object, plain: object) -> None:
    """Exact, and bounded; what no column holds has no such form."""
    assert plain_value(value) == plain


def test_a_trusted_query_stands_in_the_place_of_a_table() -> None:
    """It is a subquery on lines of its own, so that a comment at its end hides nothing."""
    offer = declared(table="", query="SELECT * FROM person -- of all countries")
    assert " FROM (\nSELECT * FROM person -- of all countries\n) AS t WHERE " in statement_for(offer, ()).on_postgres()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"table": 'person" WHERE 1=1 --'}, "offer person, table: got the name"),
        ({"table": "a.b.c; drop"}, "offer person, table: got the name"),
        ({"table": "x" * 64}, "63 bytes at most"),
        ({"table": "ü" * 40}, "63 bytes at most"),
        ({"key": "1st"}, "offer person, column: got the name '1st'"),
        ({"key": AliasPath("a", "b")}, "wanted the name of the column"),
        ({"key": None, "max_batch": 1}, "wanted the name of the column"),
        ({"key_column": 'no"'}, "offer person, column"),
        ({"table": ""}, "got neither table nor query; wanted one of them"),
        ({"query": "SELECT 1"}, "got both table and query; wanted one of them"),
        ({"table": "", "query": "SELECT 1 ; "}, "a semicolon at its end or a character 0; leave it out"),
        ({"table": "", "query": "SELECT '\0'"}, "a semicolon at its end or a character 0; leave it out"),
        ({"serves": "Firm.persons"}, "without order_by"),
        ({"max_rows": 49}, "got max_rows=49 with max_batch=50"),
        ({"max_batch": 0}, "each is 1 or more"),
        (PAGED | {"order_by": ()}, "without order_by"),
        (PAGED | {"order_by": (By("since", "date; --"), "no")}, "column since: got the type 'date; --'"),
        (PAGED | {"order_by": ('no"',)}, "offer person, column"),
        (PAGED | {"filters": {"city": AtLeast("city", "1")}}, "column city: got the type '1'"),
        (PAGED | {"filters": {"city": IsOneOf('city"')}}, "offer person, column: got the name"),
        (PAGED | {"filters": {"order": IsOneOf("city")}}, "got the argument 'order' in both sort and filters"),
        (PAGED | {"max_rows": 1_049}, "a full call has 1050 rows, one more of each key: raise max_rows"),
        (PAGED | {"max_batch": 167}, "wanted a max_batch of 166 at most: SQLite takes 500 parts in one statement"),
    ],
)
def test_a_wrong_declaration_says_what_is_wrong(changes: dict[str, Any], said: str) -> None:
    """Identifiers and bounds are checked when they are declared, and the message says how to mend it."""
    with pytest.raises(ValueError) as caught:
        declared(**changes)
    assert said in str(caught.value)


def test_a_records_column_is_checked_too() -> None:
    """Validation aliases are identifiers of the statement."""

    class Odd(Record):
        city: str | None = Field(validation_alias='city" FROM secrets --')

    with pytest.raises(ValueError, match="offer person, column"):
        declared(record=Odd)


def test_the_columns_of_every_variant_are_checked_too() -> None:
    """Also where a record holds records of its own kind."""

    class Contact(Record, told_by="kind"):
        on: date

    class Call(Contact, told_as="call", type_name="Call"):
        before: Call | None
        seconds: int | None = Field(validation_alias="seconds; --")

    Call.model_rebuild(_types_namespace={"Call": Call})
    with pytest.raises(ValueError, match="offer person, column: got the name 'seconds; --'"):
        declared(record=Contact)


@pytest.mark.parametrize("key", ["0", "7", "-7", str(2**63 - 1), str(-(2**63))])
def test_an_integer_key_is_bound_as_a_number(key: str) -> None:
    """Written as the database prints it."""
    assert KeyType.INTEGER.bound(key) == int(key)


@pytest.mark.parametrize("key", ["", "007", "+7", "-0", "7.0", "7 ", "\uff17", "1e3", "abc", str(2**63), "9" * 5000])
def test_what_no_integer_column_holds_is_not_bound(key: str) -> None:
    """Other spellings and larger numbers are nobody's key."""
    assert KeyType.INTEGER.bound(key) is None


@pytest.mark.parametrize(("key", "bound"), [("", ""), ("Ü' --", "Ü' --"), ("a\0b", None), ("\ud800", None)])
def test_a_text_key_is_bound_as_it_is_if_a_text_column_can_hold_it(key: str, bound: str | None) -> None:
    """The character 0 and lone surrogates cannot be encoded, and must not fail the others' batch."""
    assert KeyType.TEXT.bound(key) == bound
