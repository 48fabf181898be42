"""The root fields by which a GraphQL source is asked, and what stands below them: arguments and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from typing import Any, Literal

from graphql import GraphQLError, ListTypeNode, NamedTypeNode, NonNullTypeNode, TypeNode, assert_name, parse_type

from adapters.http.arguments import AsBody
from adapters.sending import SendError
from schema.reasons import Reason

__all__ = ["LONGEST_CURSOR", "AsVariable", "ByAlias", "ByIds", "Connection", "check_names", "named_type"]

LONGEST_CURSOR = 2_048
"""Characters of a cursor; it stands in a body, where there is more room than in a query string."""


@dataclass(frozen=True, slots=True)
class ByIds:
    """A root field that takes all keys as one list and answers a list, in any order, with null for what it has not.

    `argument` is where it takes them, `type` that argument's type; `on` is the concrete type of the objects, where the
    field is declared with an interface or union:

        Relay, Shopify    ByIds("nodes", argument="ids", type="[ID!]!", on="Customer", in_order=True)
        Hasura            ByIds("customers", argument="where.id._in", type="[String!]!")

    A dotted argument is a member of an input object. `in_order` says that entries stand in the order of the keys, as
    Relay promises (https://relay.dev/graphql/objectidentification.htm, plural identifying root fields): then an entry
    that failed is the key's that was asked there. Without it nobody can tell whose it is, and it costs every key
    without a record.
    """

    field: str
    _: KW_ONLY
    argument: str = "ids"
    type: str = "[ID!]!"
    on: str = ""
    in_order: bool = False

    def __post_init__(self) -> None:
        _check(self.field, self.argument, self.type, self.on, is_list=True)


@dataclass(frozen=True, slots=True)
class ByAlias:
    """A root field that takes one key. Several keys are asked in one document: the field stands in it once for each.

    The members are those of ByIds. With the offer's `max_batch=1` keys are asked one by one.

        ByAlias("customer", argument="id", type="ID!")
    """

    field: str
    _: KW_ONLY
    argument: str = "id"
    type: str = "ID!"
    on: str = ""

    def __post_init__(self) -> None:
        _check(self.field, self.argument, self.type, self.on, is_list=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """A list in pages, as Relay specifies them (https://relay.dev/graphql/connections.htm), read forward.

    `entries` says where they stand: in `nodes`, or as `node` in `edges`. `first` and `after` are the arguments' names,
    `after_type` is the type of cursors.
    """

    _: KW_ONLY
    entries: Literal["nodes", "edges"] = "nodes"
    first: str = "first"
    after: str = "after"
    after_type: str = "String"

    def __post_init__(self) -> None:
        check_names(self.first, self.after, self.after_type)


@dataclass(frozen=True, slots=True)
class AsVariable:
    """An argument of the model's list is this argument of the source's, as a variable of this type.

    A dotted name is a member of an input object. `words` are the source's words for the values of an enum, for every
    member one. `form` writes any other value; without it a day, a moment and a time are written as ISO 8601 has it (a
    moment with its zone), a decimal in plain digits; whole numbers, floats and booleans are JSON's own. Where `type`
    is Boolean, Int or Float, a word or a form says a value of it: `true`, `7`, `0.5`.
    """

    name: str
    _: KW_ONLY
    type: str
    words: Mapping[Any, str] | None = None
    form: Callable[[Any], str] | None = None

    def __post_init__(self) -> None:
        AsBody(self.name, words=self.words, form=self.form)
        check_names(*self.name.split("."))
        named_type(self.type)

    def said(self, value: object) -> object:
        """Return the variable's value in JSON, or raise SendError when the source has no word or form for it."""
        if value is None:
            return None
        said = AsBody(self.name, words=self.words, form=self.form).member(value)
        named, _ = named_type(self.type)
        return [_typed(named, one) for one in said] if isinstance(said, list) else _typed(named, said)


def check_names(*names: str) -> None:
    """Raise ValueError unless each is a name as GraphQL has them."""
    for name in names:
        try:
            assert_name(name)
        except GraphQLError:
            raise ValueError(
                f"got the name {name!r}; wanted one as GraphQL has them: a letter or _, then letters, digits and _"
            ) from None


@lru_cache(maxsize=256)
def named_type(text: str) -> tuple[str, bool]:
    """Return the name in a type's text, and whether it is a list's: `("ID", True)` for `[ID!]!`; else ValueError."""
    try:
        node: TypeNode = parse_type(text)
    except GraphQLError:
        raise ValueError(f"got type={text!r}; wanted a type as GraphQL writes it: ID!, [ID!]!, DateTime") from None
    is_list = False
    while isinstance(node, (ListTypeNode, NonNullTypeNode)):
        is_list = is_list or isinstance(node, ListTypeNode)
        node = node.type
    assert isinstance(node, NamedTypeNode)
    return node.name.value, is_list


def _check(field: str, argument: str, type_text: str, on: str, *, is_list: bool) -> None:
    check_names(field, *argument.split("."), *((on,) if on else ()))
    if named_type(type_text)[1] is not is_list:
        wanted = "a list, as all keys go into one" if is_list else "no list, as one key goes into it"
        raise ValueError(f"field {field}: got type={type_text!r} for the argument {argument}; wanted {wanted}")


def _typed(named: str, value: object) -> object:
    """Return a text as the value of GraphQL's own types that it writes; anything else as it is."""
    if not isinstance(value, str) or named not in ("Boolean", "Int", "Float"):
        return value
    try:
        return (
            {"true": True, "false": False}[value] if named == "Boolean" else {"Int": int, "Float": float}[named](value)
        )
    except (KeyError, ValueError):
        raise SendError(Reason.SOURCE_ERROR, "a value of an argument is none of the type that the offer says") from None
