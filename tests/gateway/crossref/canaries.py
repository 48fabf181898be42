"""Values that belong to nobody, told to the product and looked for afterwards in whatever form they could be hidden."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

__all__ = ["CANARIES", "EMAIL", "IBAN", "NATIONAL_ID", "OTHER_EMAIL", "PHONE", "SEALED", "TAX_ID", "Canary", "Scanner"]
__all__ += ["digests_of", "forms_of", "hex_digests_of", "in_base64"]


@dataclass(frozen=True)
class Canary:
    """A value as it is given; `needles`, parts that tell whose it is and stand in each of its spellings; and spellings
    of which somebody may have made a digest."""

    name: str
    given: str
    needles: tuple[str, ...]
    spellings: tuple[str, ...] = ()


def _mailbox(name: str, address: str) -> Canary:
    mailbox = address.partition("@")[0]
    needles = (mailbox, mailbox.lower(), mailbox.upper(), mailbox.swapcase())
    return Canary(name, address, tuple(dict.fromkeys(needles)), (address.lower(), address.upper(), mailbox.lower()))


EMAIL = _mailbox("e-mail", "Quilla.Zambrano7@canary-mail.example")
OTHER_EMAIL = _mailbox("other e-mail", "ysolde_vantongeren@canary-mail.example")
SEALED = tuple(
    _mailbox(f"sealed key {number}", f"{mailbox}@canary-keys.example")
    for number, mailbox in enumerate(("Otmar.Vexby4", "runa.qvist8", "tjorven.abcx9", "Zenobia.Mulk5", "ulf.gantzel3"))
)
PHONE = Canary(
    "phone",
    "+49 1512 8374659",
    ("15128374659", "1512 8374659", "1512-8374659"),
    ("+4915128374659", "4915128374659", "015128374659", "01512 8374659"),
)
TAX_ID = Canary("tax number", "DE 769 125 961", ("769125961", "769 125 961"), ("DE769125961", "769125961"))
NATIONAL_ID = Canary("national number", "PL 44051401359", ("44051401359",), ("PL44051401359", "44051401359"))
IBAN = Canary(
    "account",
    "DE89 3704 0044 0532 0130 00",
    ("370400440532013000", "3704 0044 0532 0130 00"),
    ("DE89370400440532013000", "de89370400440532013000"),
)

CANARIES = (EMAIL, OTHER_EMAIL, *SEALED, PHONE, TAX_ID, NATIONAL_ID, IBAN)

_PAGE, _OVERLAP = 4096, 512
_HASHES = ("md5", "sha1", "sha256")


def forms_of(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield each form in which a text could stand, whatever its case is, by what the form is called."""
    content = text.encode()
    yield "as it is", content
    yield "in a URL", quote(text, safe="").encode()
    yield "in a form", quote_plus(text).encode()
    yield "in a URL throughout", "".join(f"%{byte:02x}" for byte in content).encode()
    yield "in hexadecimal", content.hex().encode()
    yield "in JSON", "".join(f"\\u{ord(one):04x}" for one in text).encode()
    yield "in JSON in part", "".join(one if one.isalnum() else f"\\u{ord(one):04x}" for one in text).encode()
    yield "in HTML", "".join(one if one.isalnum() else f"&#{ord(one)};" for one in text).encode()
    yield "in UTF-16", text.encode("utf-16-le")[:-1]  # without its last byte it stands in the other order too


def in_base64(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield what stands for a text in base64, at each place of three bytes, whatever stands around it."""
    content = text.encode()
    for place in range(3):
        # characters to which the bytes before or behind contribute are left out
        begin, end = (0, 2, 3)[place], (place + len(content)) * 8 // 6
        for name, encoded in (("base64", base64.b64encode), ("base64 for URLs", base64.urlsafe_b64encode)):
            yield f"in {name} at {place}", encoded(bytes(place) + content + bytes(3))[begin:end]


def digests_of(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield what anybody could compute from a text."""
    for name in _HASHES:
        digest = hashlib.new(name, text.encode()).digest()
        yield name, digest
        yield f"{name} in base64", base64.b64encode(digest).rstrip(b"=")
        yield f"{name} in base64 for URLs", base64.urlsafe_b64encode(digest).rstrip(b"=")


def hex_digests_of(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the same in hexadecimal, in small letters."""
    for name in _HASHES:
        yield f"{name} in hexadecimal", hashlib.new(name, text.encode()).hexdigest().encode()


class Scanner:
    """Finds canaries in bytes. Pages that it has seen before are not looked through again."""

    def __init__(self, canaries: Iterable[Canary] = CANARIES) -> None:
        self._exact: dict[bytes, str] = {}
        self._whatever_case: dict[bytes, str] = {}
        for canary in canaries:
            for needle in canary.needles:
                self._whatever_case |= {form.lower(): f"{canary.name} {kind}" for kind, form in forms_of(needle)}
                self._exact |= {form: f"{canary.name} {kind}" for kind, form in in_base64(needle)}
            for spelling in (canary.given, *canary.spellings):
                self._whatever_case |= {form: f"{canary.name} {kind}" for kind, form in hex_digests_of(spelling)}
                self._exact |= {form: f"{canary.name} {kind}" for kind, form in digests_of(spelling)}
        self._seen: set[int] = set()

    def found(self, content: bytes) -> set[str]:
        """Return which canaries stand in this, and in which form."""
        small = content.lower()
        found = {name for form, name in self._whatever_case.items() if form in small}
        return found | {name for form, name in self._exact.items() if form in content}

    def found_anew(self, content: bytes) -> set[str]:
        """Return the same of the pages that stood in nothing that was looked through by this so far."""
        pages = (content[start : start + _PAGE + _OVERLAP] for start in range(0, len(content), _PAGE))
        fresh = [page for page in pages if page.strip(b"\0") and hash(page) not in self._seen]
        self._seen.update(map(hash, fresh))
        return self.found(b"\0\0\0".join(fresh))
