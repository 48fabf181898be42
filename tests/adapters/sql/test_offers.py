"""What an SQL offer may declare, and the statement that follows from it."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AliasPath, Field

from adapters.answers import Page
from adapters.records import Inline, Record
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
        ({"table": "", "query": "SELECT 1 ; "}, "ends in a semicolon; leave it out"),
        ({"serves": "Firm.persons"}, "without order_by"),
        ({"max_rows": 49}, "got max_rows=49 with max_batch=50"),
        ({"max_batch": 0}, "each is 1 or more"),
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
