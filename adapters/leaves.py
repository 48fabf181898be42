"""What msgspec decodes where a record declares a leaf, so that nothing is taken that `compile_decoder` refuses.

What msgspec takes too laxly, such as "1_0" for ten, is read by a hook: a class of this module stands in the struct for
the type that its values have, and `read_leaf` is the decoder's `dec_hook`. What is refused here may be read there.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Optional, Union, get_args, get_origin

from msgspec import Meta
from pydantic.fields import FieldInfo

from adapters.decoding import MOST_ITEMS, compile_leaf
from adapters.records import Inline, Reference

__all__ = ["WORD", "Leaf", "UncoveredError", "leaf_of", "list_of", "read_leaf"]

_PLAIN = re.compile(r"[+-]?[0-9]{1,128}(\.[0-9]{1,128})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-5][0-9])"
)
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-5][0-9])?")
_LONGEST = 128
_MOST_DIGITS = 300  # Pydantic finds an amount infinite that no float can hold
_LARGEST = 2**63
_SCALARS = (str, int, bool, NoneType, Decimal, float)


class _Stands(type):
    """Lets msgspec take what the hook returns, which is never of the class that stands for it."""

    def __instancecheck__(cls, instance: object) -> bool:
        return True


class ExactLeaf(metaclass=_Stands):
    """Stands in a struct for one type of values.

    Each reads what msgspec makes of JSON: text, a whole number, or what the decoder's `float_hook` makes of another
    number: a Decimal, or something else where it cannot be used.
    """

    @staticmethod
    @abstractmethod
    def read(value: object) -> Any:
        """Return the value, or raise ValueError or ArithmeticError."""


class _Amount(ExactLeaf):
    @staticmethod
    def read(value: object) -> Decimal:
        if type(value) is str and len(value) <= _LONGEST:
            amount = Decimal(value)
            if (str(amount) == value and "E" not in value and amount.is_finite()) or _PLAIN.fullmatch(value):
                return amount
        elif type(value) is Decimal and value.adjusted() < _MOST_DIGITS:
            return value
        elif type(value) is int and abs(value) < _LARGEST:
            return Decimal(value)
        raise _refused()


class _Number(ExactLeaf):
    @staticmethod
    def read(value: object) -> float:
        if type(value) is Decimal or (type(value) is int and abs(value) < _LARGEST):
            number = float(value)
            if math.isfinite(number):
                return number
        raise _refused()


class _Moment(ExactLeaf):
    @staticmethod
    def read(value: object) -> datetime:
        if type(value) is str and _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value)
        raise _refused()


class _Clock(ExactLeaf):
    @staticmethod
    def read(value: object) -> time:
        if type(value) is str and _CLOCK.fullmatch(value):
            return time.fromisoformat(value)
        raise _refused()


def _refused() -> ValueError:
    return ValueError("the source's value has another type or another form")


_DECODED: Mapping[type, Any] = {
    bool: bool,
    int: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    str: str,
    date: date,
    Decimal: _Amount,
    float: _Number,
    datetime: _Moment,
    time: _Clock,
}


WORD = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | str
"""What a key, a cursor or a count may be. A longer number is for the exact reader, which knows when it is too long."""


def read_leaf(kind: type[ExactLeaf], value: object) -> Any:
    """Return the value of the type that the class stands for, or raise ValueError or ArithmeticError."""
    return kind.read(value)


class UncoveredError(Exception):
    """What the record declares cannot be decoded exactly by msgspec; its text is for nobody."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: what msgspec decodes (`annotation`), the exact type of a value (`kind`), and within how many lists.

    `members` are an enum's by their values; then a struct holds these texts. `is_converted` says that the author's own
    converter or constraint had a part in it.
    """

    annotation: Any
    kind: type
    lists: int = 0
    is_optional: bool = False
    members: Mapping[str, Enum] | None = None
    is_converted: bool = False

    @property
    def is_plain(self) -> bool:
        """Return whether what a row holds is text or a whole number just as the source has it, or None."""
        return not self.is_converted and self.lists == 0 and (self.kind in (str, int) or self.members is not None)

    def default(self, value: object) -> object:
        """Return what a struct holds where the record's default counts, or raise UncoveredError."""
        if value is None:
            return None
        if self.lists == 0 and _is_of(self.kind, value):
            return value.value if isinstance(value, Enum) else value
        raise UncoveredError


def leaf_of(info: FieldInfo) -> Leaf:
    """Return how a leaf is decoded, or raise UncoveredError: a choice of types, and a list that a converter made."""
    try:
        return _leaf(info.annotation, info.metadata)
    except UncoveredError:
        return _converted(info)


def _leaf(annotation: Any, metadata: Iterable[object]) -> Leaf:
    if not all(isinstance(one, (Inline, Reference)) for one in metadata):
        raise UncoveredError
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _leaf(args[0], args[1:])
    if origin in (Union, UnionType):
        rest = [arg for arg in args if arg is not NoneType]
        if len(rest) > 1:
            raise UncoveredError
        inner = _leaf(rest[0], ())
        return replace(inner, annotation=Optional[inner.annotation], is_optional=True)  # noqa: UP045
    if origin is list:
        inner = _leaf(args[0], ())
        return replace(inner, annotation=list_of(inner.annotation), lists=inner.lists + 1, is_optional=False)
    return _plain(annotation)


def _converted(info: FieldInfo) -> Leaf:
    """Return a leaf that `compile_leaf` reads, from what msgspec makes of JSON.

    It does so where that is certain to be what the exact reader makes: not of objects, lists and long numbers.
    """
    leaf, convert = _leaf(_bare(info.annotation), ()), compile_leaf(info)
    if leaf.lists:
        raise UncoveredError

    def read(value: object) -> object:
        if type(value) not in _SCALARS or (type(value) is int and abs(value) >= _LARGEST):
            raise _refused()
        fact = convert(value)  # a converter that runs last can return anything
        if not _is_of(leaf.kind, fact) and (fact is not None or not leaf.is_optional):
            raise _refused()
        return fact.value if isinstance(fact, Enum) else fact

    reader = type("Converted", (ExactLeaf,), {"read": staticmethod(read)})
    return replace(leaf, annotation=reader, is_converted=True)


def _is_of(kind: type, value: object) -> bool:
    """Return whether a value is exactly of a type, and as large as GraphQL's numbers can be."""
    if type(value) is not kind:
        return False
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or -(2**31) <= value <= 2**31 - 1


def _bare(annotation: Any) -> Any:
    """Return the annotation without what its author says beside the types."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(args[0])
    if origin in (Union, UnionType):
        return Union[tuple(map(_bare, args))]  # noqa: UP007  made from a tuple
    return annotation


def list_of(inner: Any) -> Any:
    """Return the list of so many entries as a record may hold."""
    return Annotated[list[inner], Meta(max_length=MOST_ITEMS)]


def _plain(annotation: Any) -> Leaf:
    if isinstance(annotation, NewType) and annotation.__supertype__ is str:
        return Leaf(str, str)
    if not isinstance(annotation, type):
        raise UncoveredError
    if issubclass(annotation, Enum):
        return _enum(annotation)
    if annotation not in _DECODED:
        raise UncoveredError
    return Leaf(_DECODED[annotation], annotation)


def _enum(kind: type[Enum]) -> Leaf:
    members = {member.value: member for member in kind}
    if not members or hasattr(kind, "__get_pydantic_core_schema__") or any(type(value) is not str for value in members):
        raise UncoveredError
    return Leaf(Literal[tuple(members)], kind, members=members)
