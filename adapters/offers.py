"""What an adapter can answer about an entity by a key."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import StrEnum

from adapters.answers import Key, Missing, Page
from adapters.records import Record, SourcePath, is_there, read_path

__all__ = ["KeyForm", "Offer"]

_NOT_DIGITS = re.compile(r"[^0-9]")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


class KeyForm(StrEnum):
    """The normal form of a source's keys, in which an asked and an echoed key are compared."""

    OPAQUE = "opaque"
    LOWER = "lower"
    UPPER = "upper"
    DIGITS = "digits"

    def normal(self, key: str) -> Key:
        """Return the key in this form; empty when nothing of a key is in it.

        Only ASCII is folded, stripped or dropped; other characters stay as they are, and DIGITS has no form for them.
        Unicode takes different texts for one (the long s for S, sharp s for SS), and so one customer for another.
        """
        match self:
            case KeyForm.LOWER:
                return key.strip(string.whitespace).translate(_LOWER)
            case KeyForm.UPPER:
                return key.strip(string.whitespace).translate(_UPPER)
            case KeyForm.DIGITS:
                return _NOT_DIGITS.sub("", key) if key.isascii() else ""
        return key


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offer:
    """Facts of a key, or a list of a key.

    `serves` is the model's type whose facts it answers (`Customer`), or the coordinate whose list it answers
    (`Customer.accounts`). `record` maps the source's records. `key` is where a record echoes the key it belongs to;
    None when it does not: then one key is asked a call, and `check` lists the offer. `keyspace` names whose keys it is
    asked by: empty for the source's own, else the keyspace of the references that lead to it (`lei`). `max_batch` is
    the most keys in one call, `at_once` the most calls of one batch under way together. `absent` says what a key that
    the answer leaves out means: Missing, Page (an empty list), or None: the answer is incomplete. `max_items` is the
    most records of one key in a list: a key with more is SOURCE_ERROR. An offer is equal to itself only, so that it can
    be a key of a dict whatever stands in it.
    """

    name: str
    serves: str
    record: type[Record]
    key: SourcePath | None
    keyspace: str = ""
    key_form: KeyForm = KeyForm.OPAQUE
    max_batch: int = 50
    at_once: int = 4
    absent: type[Missing] | type[Page] | None = None
    max_items: int = 1_000

    def __post_init__(self) -> None:
        if min(self.max_batch, self.at_once, self.max_items) < 1:
            raise ValueError(
                f"offer {self.name}: got max_batch={self.max_batch}, at_once={self.at_once}, "
                f"max_items={self.max_items}; each is 1 or more"
            )
        if self.key is None and self.max_batch != 1:
            raise ValueError(
                f"offer {self.name}: got key=None with max_batch={self.max_batch}; a source that does not echo its key "
                "is asked one key a call: set max_batch=1, or say in key= where its records echo it"
            )
        if self.absent is Page and not self.is_list:
            raise ValueError(f"offer {self.name}: got absent=Page for facts of a key; an empty page answers lists only")

    @property
    def is_list(self) -> bool:
        """Return whether it answers a list of a key."""
        return "." in self.serves

    @property
    def entity(self) -> str:
        """Return the model's type whose keys it is asked by."""
        return self.serves.partition(".")[0]

    def echoed_key(self, raw: object) -> Key | None:
        """Return the key that a raw record says it belongs to, in normal form; None when it says none."""
        assert self.key is not None
        value = read_path(raw, self.key)
        if not is_there(value) or isinstance(value, bool) or not isinstance(value, (str, int)):
            return None
        return self.key_form.normal(str(value))
