"""What an adapter can answer about an entity by a key."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import StrEnum

from adapters.answers import Key, Missing, Page
from adapters.records import Record, SourcePath, is_there, read_path

__all__ = ["CANONICAL_ID", "KeyForm", "Offer"]

CANONICAL_ID = "canonical id"
"""The keyspace of offers that are asked by the customer's canonical id, and by no source's own key."""

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
        if self is KeyForm.OPAQUE:
            return key
        if self is KeyForm.DIGITS:
            return _NOT_DIGITS.sub("", key) if key.isascii() else ""
        return key.strip(string.whitespace).translate(_LOWER if self is KeyForm.LOWER else _UPPER)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offer:
    """Facts of a key, or a list of a key.

    `serves` is the model's type whose facts it answers (`Customer`), or the coordinate whose list it answers
    (`Customer.accounts`). `record` maps the source's records. `key` is where a record echoes the key it belongs to;
    None when it does not: then one key is asked a call, and `check` lists the offer. `keyspace` names whose keys it is
    asked by: empty for the source's own, else the keyspace of the references that lead to it (`lei`). `max_batch` is
    the most keys in one call, `at_once` the most calls of one batch under way together, `in_flight` the most fetches
    that requests with other keys could share under way together: what is asked meanwhile waits, and goes out in one.
    An offer that takes one key a call has none such: the adapter's `at_once` alone bounds them. `absent` says what
    a key that the answer leaves out means: Missing, Page (an empty list), or None: the answer is incomplete.
    `max_items` is the most records of one key in a whole list: a key with more is SOURCE_ERROR. `max_page` is the most
    records of one key that the source gives at once, and says that the list is read in pages; None: it comes whole.
    `limits_per_key` says that one call can ask pages of several keys; without it a page is asked one key a call.
    `takes` names the arguments, as the model's Python names, that the source filters and orders by. `as_of` is where a
    record of facts says as of when it holds, as receipts tell it: a moment with its zone in ISO 8601. An offer is equal
    to itself only, so that it can be a key of a dict whatever stands in it.
    """

    name: str
    serves: str
    record: type[Record]
    key: SourcePath | None
    keyspace: str = ""
    key_form: KeyForm = KeyForm.OPAQUE
    max_batch: int = 50
    at_once: int = 4
    in_flight: int = 8
    absent: type[Missing] | type[Page] | None = None
    max_items: int = 1_000
    max_page: int | None = None
    limits_per_key: bool = False
    as_of: SourcePath | None = None

    def __post_init__(self) -> None:
        counts = ("max_batch", "at_once", "in_flight", "max_items", *(() if self.max_page is None else ("max_page",)))
        if any(getattr(self, name) < 1 for name in counts):
            got = ", ".join(f"{name}={getattr(self, name)}" for name in counts)
            raise ValueError(f"offer {self.name}: got {got}; each is 1 or more")
        self._check_paging()
        if self.key is None and self.max_batch != 1:
            raise ValueError(
                f"offer {self.name}: got key=None with max_batch={self.max_batch}; a source that does not echo its key "
                "is asked one key a call: set max_batch=1, or say in key= where its records echo it"
            )
        if self.as_of is not None and self.is_list:
            raise ValueError(f"offer {self.name}: got as_of= for a list; one moment tells nothing of many records")
        if self.absent is Page and not self.is_list:
            raise ValueError(f"offer {self.name}: got absent=Page for facts of a key; an empty page answers lists only")

    def _check_paging(self) -> None:
        if self.max_page is not None and not self.is_list:
            raise ValueError(f"offer {self.name}: got max_page={self.max_page} for facts of a key; lists have pages")
        if self.limits_per_key and self.max_page is None:
            raise ValueError(
                f"offer {self.name}: got limits_per_key=True for a list that comes whole; say in max_page= how much "
                "of a key comes at once"
            )

    @property
    def takes(self) -> frozenset[str]:
        """Return the Python names of the arguments that the source filters and orders by."""
        return frozenset()

    @property
    def gives_rows(self) -> bool:
        """Return whether its records come as rows where they can, and not as dicts; the answer's code is made so."""
        return False

    @property
    def is_paged(self) -> bool:
        """Return whether its list is read in pages."""
        return self.max_page is not None

    @property
    def keys_a_call(self) -> int:
        """Return the most keys of one call."""
        return self.max_batch if self.max_page is None or self.limits_per_key else 1

    def pages(self, first: int | None) -> int:
        """Return the most pages that are asked of one key for this many entries; None stands for the whole list."""
        wanted = self.max_items if first is None else first
        return 1 if self.max_page is None else max(1, -(-wanted // self.max_page))

    def most_calls(self, keys: int, first: int | None = None) -> int:
        """Return the most calls for this many keys: full batches, then the further pages of each key alone."""
        return -(-keys // self.keys_a_call) + keys * (self.pages(first) - 1)

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
