"""The kinds of identifiers by which people are known outside a company: an e-mail address, a phone number."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["IdentifierType"]


class IdentifierType(StrEnum):
    """What kind of identifier a value is. Each kind has its own normal form, in which two spellings are one."""

    EMAIL = "email"
    PHONE = "phone"
    TAX_ID = "tax_id"
    NATIONAL_ID = "national_id"
    IBAN = "iban"

    @property
    def description(self) -> str:
        """Return what values of this kind are, and how they are written, for who has one to give."""
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    IdentifierType.EMAIL: "An e-mail address.",
    IdentifierType.PHONE: "A phone number in international form: + and the country's code come first.",
    IdentifierType.TAX_ID: "A number of a tax office, behind the two letters of the country: DE 136 695 976.",
    IdentifierType.NATIONAL_ID: "A personal or social security number, behind the two letters of the country.",
    IdentifierType.IBAN: "The international number of a bank account.",
}
