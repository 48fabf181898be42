"""Lets a program that was linked with a newer C library run on Debian 12's.

Tailcall 1.6.14 is linked with glibc 2.39. All it takes from 2.38 and 2.39 is one function that `shim.c` gives, and two
that it can do without. So in a copy of the program these needs are marked weak, as the ELF format allows, and their
symbols are unbound from the version. No code is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack_into, unpack_from

__all__ = ["relax_glibc"]

_NEWEST = 36
_WEAK = 2
_GLOBAL = 1
"""The version index of a symbol that is bound to no version."""

Sections = dict[str, tuple[int, int]]


def relax_glibc(program: bytes) -> bytes:
    """Return a 64-bit ELF program that no longer insists on what glibc has had since 2.37."""
    changed = bytearray(program)
    sections = _sections(changed)
    newer = set(_mark_weak(changed, sections))
    at, size = sections[".gnu.version"]
    for place in range(at, at + size, 2):
        if unpack_from("<H", changed, place)[0] in newer:
            pack_into("<H", changed, place, _GLOBAL)
    return bytes(changed)


def _sections(program: bytearray) -> Sections:
    """Return where each section stands, and its size, by its name."""
    (table,) = unpack_from("<Q", program, 0x28)
    count, names_index = unpack_from("<HH", program, 0x3C)
    entries = [unpack_from("<IIQQQQIIQQ", program, table + 64 * place) for place in range(count)]
    names = entries[names_index][4]
    return {_text(program, names + entry[0]): (entry[4], entry[5]) for entry in entries}


def _mark_weak(program: bytearray, sections: Sections) -> Iterator[int]:
    """Mark what is needed of newer versions as weak, and yield the indexes of these versions."""
    strings = sections[".dynstr"][0]
    for at in _needs(program, sections[".gnu.version_r"][0]):
        _, flags, index, name, _ = unpack_from("<IHHII", program, at)
        if _is_newer(_text(program, strings + name)):
            pack_into("<H", program, at + 4, flags | _WEAK)
            yield index


def _needs(program: bytearray, library: int) -> Iterator[int]:
    """Yield where every needed version is described, library by library."""
    while True:
        _, count, _, first, following = unpack_from("<HHIII", program, library)
        at = library + first
        for _ in range(count):
            yield at
            at += unpack_from("<IHHII", program, at)[4]
        if not following:
            return
        library += following


def _is_newer(version: str) -> bool:
    library, _, minor = version.partition("_2.")
    return library == "GLIBC" and minor.isdigit() and int(minor) > _NEWEST


def _text(program: bytearray, at: int) -> str:
    return program[at : program.index(0, at)].decode()
