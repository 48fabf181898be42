"""Values that stand where an identifier should and identify nobody: never digested, and so never found by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.crossref.errors import InputError, RefusalCode
from adapters.crossref.identifiers.normalising import normal_identifier
from schema.identifiers import IdentifierType

__all__ = ["USUAL_RULES", "IdentifierRules"]

_NOBODY = (
    *("anonymous", "do-not-reply", "donotreply", "dummy", "fake", "mailer-daemon", "n/a", "na", "nobody", "no-reply"),
    *("none", "noreply", "nomail", "null", "postmaster", "test", "undefined", "unknown", "xxx"),
)
"""Mailboxes that are no person's, as feeds have them."""

_RUN = 6
"""A number that ends in as many equal digits was made up to fill a field."""

_MOST_BLOCKED = 100_000
_MOST_CUSTOMERS = 100


@dataclass(frozen=True, slots=True)
class IdentifierRules:
    """Which values are no identifiers, and of how many customers who share one stewards are told.

    `fan_out`, 1 to 100: a value that as many have already opens no candidate when one more is noted with it. `blocked`
    holds further values by their type: an own address or number that clerks fill in. Of e-mail addresses `info@` blocks
    all of that mailbox, `@example.com` all of that domain. What mailboxes are called that are nobody's (`noreply`), and
    numbers that end in six equal digits, are blocked anyhow. Nobody is found by what is blocked, even if
    it was noted before. Raises InputError for a value that cannot be one of its type.
    """

    blocked: Mapping[IdentifierType, Collection[str]] = field(default_factory=dict, repr=False)
    fan_out: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.fan_out <= _MOST_CUSTOMERS:
            raise InputError(RefusalCode.VALUE_INVALID, f"got fan_out={self.fan_out}; wanted 1 to {_MOST_CUSTOMERS}")
        if sum(map(len, self.blocked.values())) > _MOST_BLOCKED:
            raise InputError(RefusalCode.VALUE_INVALID, f"wanted at most {_MOST_BLOCKED} blocked identifiers")
        kept = {kind: frozenset(_pattern(kind, one) for one in several) for kind, several in self.blocked.items()}
        object.__setattr__(self, "blocked", MappingProxyType(kept))

    def blocks(self, kind: IdentifierType, form: str) -> bool:
        """Return whether an identifier in normal form is one of nobody."""
        blocked = self.blocked.get(kind, frozenset())
        if kind is not IdentifierType.EMAIL:
            return form in blocked or len(set(form[-_RUN:])) == 1
        box, _, domain = form.rpartition("@")
        return box in _NOBODY or any(one in blocked for one in (form, f"{box}@", f"@{domain}"))


USUAL_RULES = IdentifierRules()
"""The rules of whoever has none of his own."""


def _pattern(kind: IdentifierType, value: str) -> str:
    before = "x" if kind is IdentifierType.EMAIL and value.startswith("@") else ""
    after = "x.example" if kind is IdentifierType.EMAIL and value.endswith("@") else ""
    form = normal_identifier(kind, f"{before}{value}{after}")
    if form is None or (before and after):
        raise InputError(RefusalCode.IDENTIFIER_INVALID, f"got a blocked {kind} that cannot be one; correct it")
    return form.removeprefix(before).removesuffix(after)
