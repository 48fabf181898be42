"""What a look-up's key wishes for: nulls, failures and waiting, in words that no source's key looks like.

    NULL@Customer.segment                     this field has no value
    SOURCE_TIMEOUT@Customer.company           this field's source does not answer
    SUBJECT_RESTRICTED                        every field of the customer but the id
    VERIFICATION_EXPIRED                      the customer was verified too long ago
    EMPTY@Customer.orders+SLOW@2#second       several wishes, and a name that makes it another customer

A key without such words wishes for nothing: it only says which data is made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from operator import or_
from types import MappingProxyType

from schema.directives import CANONICAL
from schema.model import Model
from schema.reasons import Place, Reason
from schema.suggest import did_you_mean, nearest
from schema.views import View

__all__ = ["MOST_SECONDS", "WishError", "Wishes", "Wishing", "Word"]

MOST_SECONDS = 60.0
"""The longest wait that can be wished for, in seconds; a view's deadline is never longer."""

_MISSPELT = re.compile(r"[A-Z]+_[A-Z_]+|[A-Z]+(_[A-Z]+)*@.*", re.DOTALL)
"""What is a wish where it is like one: words joined as those of codes are, or with a place."""

_WISH = re.compile(r"(?P<word>[A-Z]+(_[A-Z]+)*)(@(?P<at>.*))?", re.DOTALL)
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
_REASONS = tuple(reason for reason in Reason if reason.place is not Place.MASKED)
"""Those of a null: what is masked is the view's to say."""

_OF_NOBODY = (Reason.SUBJECT_UNKNOWN, Reason.SUBJECT_ERASED)
"""Whoever was erased is told apart from whoever never was by nobody who asks."""

_OF_VERIFICATION = (Reason.VERIFICATION_REQUIRED, Reason.VERIFICATION_EXPIRED)
"""Those that the customer's verification decides, and the fields' levels: they say how to step up."""


class Word(StrEnum):
    """The words beside the codes of reasons."""

    NULL = "NULL"
    """The source has no value here."""
    EMPTY = "EMPTY"
    """The list has no entry."""
    SLOW = "SLOW"
    """The answer takes so many seconds: SLOW@2.5; without a number it takes longer than the view allows."""


class WishError(ValueError):
    """A wish that cannot be granted; the text says why."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wished for one customer: by coordinate a reason for a null, or a word.

    `withheld` are the coordinates that are restricted; `seconds` is how long each answer takes. `lacks` is
    VERIFICATION_REQUIRED of who is not verified at all, VERIFICATION_EXPIRED of who was too long ago.
    """

    at: Mapping[str, Reason | Word] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()
    is_unknown: bool = False
    seconds: float = 0.0
    lacks: Reason | None = None

    def __or__(self, other: Wishes) -> Wishes:
        """Return both; where they differ the other one's hold."""
        return Wishes(
            MappingProxyType({**self.at, **other.at}),
            self.withheld | other.withheld,
            self.is_unknown or other.is_unknown,
            max(self.seconds, other.seconds),
            other.lacks or self.lacks,
        )


_UNKNOWN = Wishes(is_unknown=True)


class Wishing:
    """Reads wishes for one view. `always` are those that hold for every customer.

    Raises WishError where one of `always` cannot be granted.
    """

    def __init__(self, view: View, model: Model, always: Iterable[str] = ()) -> None:
        self._verifies = view.verification is not None
        listed = {name: found for name in view.fields if (found := model.coordinates.get(name)) is not None}
        listed.pop(f"{model.subject}.{CANONICAL}", None)
        self._listed = tuple(listed)
        self._all = tuple(name for name, one in listed.items() if one.type_name == model.subject)
        self._lists = tuple(name for name, one in listed.items() if one.is_list or one.is_connection)
        self._always = reduce(or_, map(self._wish, always), Wishes())

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the coordinates at which something can be wished for: all of the view but the id."""
        return self._listed

    def of(self, key: str) -> Wishes:
        """Return what a key wishes for, and what holds always.

        A key that begins like a wish and cannot be granted, or nearly like one, is of an unknown customer: who mistypes
        one sees that.
        """
        texts = key.partition("#")[0].split("+")
        if not _is_wish(texts[0]) and not _is_misspelt(texts[0]):
            return self._always
        try:
            return reduce(or_, map(self._wish, texts), self._always)
        except WishError:
            return _UNKNOWN

    def _wish(self, text: str) -> Wishes:
        found = _WISH.fullmatch(text)
        if found is None or not _is_wish(text):
            advice = did_you_mean(text.partition("@")[0], _known(), f"wanted one of: {', '.join(_known())}")
            raise WishError(f"got the wish {text[:80]!r}: {advice}")
        word, at = found["word"], found["at"]
        if word == Word.SLOW:
            return Wishes(seconds=_seconds(at))
        if word in (*_OF_NOBODY, *_OF_VERIFICATION):
            if at is not None:
                raise WishError(f"got {text[:80]!r}; {word} is of the whole customer and takes no coordinate")
            return _UNKNOWN if word in _OF_NOBODY else self._unverified(word)
        places = self._places(word, at)
        if word == Reason.SUBJECT_RESTRICTED:
            return Wishes(withheld=frozenset(places))
        wished = Word[word] if word in Word.__members__ else Reason[word]
        return Wishes(MappingProxyType(dict.fromkeys(places, wished)))

    def _unverified(self, word: str) -> Wishes:
        if not self._verifies:
            raise WishError(f"got {word}; the view asks nobody to be verified")
        return Wishes(lacks=Reason[word])

    def _places(self, word: str, at: str | None) -> Iterable[str]:
        known, wanted = self._listed, "a field of the view, not the id"
        if word == Word.EMPTY:
            known, wanted = self._lists, "a list of the view"
        if at is None:
            return self._lists if word == Word.EMPTY else self._all
        if at not in known:
            said = f"got the coordinate {at[:80]!r}; wanted {wanted}"
            raise WishError(f"{said}: {did_you_mean(at, known, f'such as {known[0]}')}" if known else said)
        return (at,)


def _is_wish(text: str) -> bool:
    word = text.partition("@")[0]
    return word in Word.__members__ or word in _REASONS


def _known() -> list[str]:
    return [*map(str, Word), *map(str, _REASONS)]


def _is_misspelt(text: str) -> bool:
    """Return whether the text is no wish and was meant to be one: the codes of masks, and words near to known ones."""
    word = text.partition("@")[0]
    is_like = _MISSPELT.fullmatch(text) is not None and nearest(word, _known()) is not None
    return is_like or word in Reason.__members__


def _seconds(at: str | None) -> float:
    if at is None:
        return MOST_SECONDS
    if not _SECONDS.fullmatch(at) or float(at) > MOST_SECONDS:
        raise WishError(f"got SLOW@{at[:20]}; wanted seconds from 0 to {MOST_SECONDS:g}, such as SLOW@2.5")
    return float(at)
