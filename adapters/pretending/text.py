"""Made-up texts that look like what a field's name says: names, addresses, numbers, sentences.

Addresses and numbers are of those set aside for examples: example.com (RFC 2606), and telephone numbers of Ofcom's
range for drama.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from adapters.pretending.chance import Chance

__all__ = ["text_for"]

_GIVEN: Final = ("Ada", "Bram", "Chloe", "Daan", "Elif", "Femke", "Goran", "Hanna", "Koen", "Lotte", "Noor", "Ravi")
_FAMILY: Final = ("Abbink", "Bakker", "Carlsson", "Demir", "Evers", "Garcia", "Kaya", "Moreau", "Novak", "Okafor")
_COMPANIES: Final = ("Aldgate", "Beacon", "Cedar", "Dunlin", "Estuary", "Falcon", "Granary", "Harbour", "Kestrel")
_TRADES: Final = ("Logistics", "Foods", "Textiles", "Engineering", "Media", "Trading")
_TOWNS: Final = ("Utrecht", "Leeds", "Gent", "Lyon", "Malmo", "Porto", "Graz", "Brno")
_REGIONS: Final = ("Utrecht", "Yorkshire", "Flanders", "Rhone", "Skane", "Norte")
_STREETS: Final = ("Mill Lane", "Station Road", "Church Street", "Harbour Quay", "Park Avenue", "Orchard Way")
_CARRIERS: Final = ("Red Van Post", "Northern Parcel", "Blue Wheel Couriers")
_PRODUCTS: Final = ("Desk lamp", "Wool blanket", "Garden chair", "Tea kettle", "Rain coat", "Bread knife")
_SENTENCES: Final = (
    "The parcel has not arrived yet.",
    "Please send the invoice once more.",
    "The new address is not shown in the app.",
    "Thank you, that has solved it.",
    "The amount differs from the offer.",
    "When can somebody call back?",
)
_COUNTRIES: Final = ("NL", "GB", "BE", "FR", "SE", "PT")
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_TITLES: Final = ("Ms", "Mr", "Dr")
_PERSON = re.compile("name|person|customer|contact|owner|employee|user|agent|author|member|guest", re.IGNORECASE)
_COMPANY = re.compile("compan|organi|employer|business|firm|merchant|supplier", re.IGNORECASE)

_Maker = Callable[[Chance, str], str]


def text_for(name: str, owner: str, chance: Chance) -> str:
    """Return a text for a field, by its Python name and the name of the type that it belongs to.

    `chance` is that of the object. Names agree with their parts, and addresses of e-mail with the customer's name.
    """
    for words, make in _MAKERS:
        if words.search(name):
            return make(chance, owner)
    return f"{name.replace('_', ' ').capitalize()} {chance.number(name, 900) + 100}"


def _given(chance: Chance, _owner: str) -> str:
    return chance.whole.pick("given", _GIVEN)


def _family(chance: Chance, _owner: str) -> str:
    return chance.whole.pick("family", _FAMILY)


def _person(chance: Chance, owner: str) -> str:
    return f"{_given(chance, owner)} {_family(chance, owner)}"


def _name(chance: Chance, owner: str) -> str:
    if _COMPANY.search(owner):
        return f"{chance.pick('company', _COMPANIES)} {chance.pick('trade', _TRADES)}"
    return _person(chance, owner) if _PERSON.search(owner) else f"{owner} {chance.number('name', 900) + 100}"


def _title(chance: Chance, owner: str) -> str:
    return chance.pick("title", _TITLES if _PERSON.search(owner) else _SENTENCES).rstrip(".?")


def _email(chance: Chance, owner: str) -> str:
    return f"{_person(chance.customer, owner).lower().replace(' ', '.')}@example.com"


def _phone(chance: Chance, _owner: str) -> str:
    return f"+44207946{chance.number('phone', 1_000):04}"


def _web(chance: Chance, owner: str) -> str:
    return f"https://www.example.com/{_family(chance, owner).lower()}"


def _lei(chance: Chance, _owner: str) -> str:
    """Return a Legal Entity Identifier whose check digits are right (ISO 17442, ISO 7064 MOD 97-10)."""
    base = f"9999{chance.number('lei', 10**14):014}"
    return f"{base}{98 - int(base + '00') % 97:02}"


def _number(chance: Chance, _owner: str) -> str:
    letters = chance.pick("first letter", _LETTERS) + chance.pick("second letter", _LETTERS)
    return f"{letters}-{chance.number('number', 900_000) + 100_000}"


def _post_code(chance: Chance, _owner: str) -> str:
    return f"{chance.number('code', 9_000) + 1_000} {chance.pick('first', _LETTERS)}{chance.pick('second', _LETTERS)}"


def _street(chance: Chance, _owner: str) -> str:
    return f"{chance.number('house', 120) + 1} {chance.pick('street', _STREETS)}"


def _any_of(label: str, choices: tuple[str, ...]) -> _Maker:
    return lambda chance, _owner: chance.pick(label, choices)


_MAKERS: Final[tuple[tuple[re.Pattern[str], _Maker], ...]] = tuple(
    (re.compile(rf"(^|_)({words})(_|$)"), make)
    for words, make in (
        ("e_?mail|email_address", _email),
        ("phone|telephone|mobile|fax", _phone),
        ("web|website|url|link", _web),
        ("lei", _lei),
        ("country|jurisdiction|nationality", _any_of("country", _COUNTRIES)),
        ("currency", lambda _chance, _owner: "EUR"),
        ("language|locale", _any_of("language", ("en-GB", "nl-NL", "fr-FR", "de-DE"))),
        ("postal_code|post_code|postcode|zip", _post_code),
        ("locality|city|town|place", _any_of("town", _TOWNS)),
        ("region|state|province|county", _any_of("region", _REGIONS)),
        ("lines|street|address", _street),
        ("given|first_name|forename", _given),
        ("family|last_name|surname", _family),
        ("display|full_name", _person),
        ("carrier|courier", _any_of("carrier", _CARRIERS)),
        ("product|article|item", _any_of("product", _PRODUCTS)),
        ("subject|text|message|description|note|notes|summary|comment|body|reason", _any_of("sentence", _SENTENCES)),
        ("title", _title),
        ("number|code|reference|sku|key|id", _number),
        ("name|label", _name),
    )
)
"""The makers of texts by words of a field's name; the first that fits makes the text."""
