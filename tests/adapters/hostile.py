"""Keys made to break out of the place in which they stand: seeded, so that every run has the same ones."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar
from urllib.parse import quote

import pytest

__all__ = ["FAMILIES", "counted", "generated", "hostile_keys", "is_sayable", "printed", "table"]

T = TypeVar("T")

_TOGETHER = 100

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "traversal": (
        *("../", "..\\", "..;/", "..//", "./", ".", "..", "...", "..%00/", "..%c0%af", "..%c1%9c", "%2e%2e/", "%u2216"),
        *(
            "\uff0e\uff0e\uff0f",
            "\u2024\u2024/",
            "..\u2215",
            "/etc/passwd",
            "C:" + "\\boot.ini",
            "/..",
            "/.",
            "//",
            "\\\\x\\y",
        ),
    ),
    "query": (
        *(
            "&admin=1",
            "?a=b",
            "#f",
            ";a=b",
            "=",
            "+",
            "&ids=K-1",
            "&ids[]=1",
            "%26a%3D1",
            "&&",
            "?",
            "&",
            "a=1&a=2",
            ",",
        ),
        *("&fields=passport", "|", "&limit=999", "?&", "%23", "&amp;x=1"),
    ),
    "header": (
        *("\r\nX-Injected: 1", "\nSet-Cookie: a=b", "\r\n\r\nGET /admin HTTP/1.1\r\nHost: x", " HTTP/1.1", "\r", "\n"),
        *(
            "%0d%0aX: 1",
            "\u560d\u560aX: 1",
            "\u010d\u010a",
            "\u2028X: 1",
            "\x85X: 1",
            "\x0bX",
            "\r\n chunked\r\n0\r\n\r\n",
        ),
    ),
    "authority": (
        *("//evil.example/", "@evil.example", "http://evil.example/", "https:evil.example", ":80", "\\\\evil.example"),
        *("http://169.254.169.254/", "javascript:1", "//evil.example%2f@", "evil.example#@", "[::1]", "file:///x"),
    ),
    "sql": (
        *("' OR '1'='1", "'; DROP TABLE customer; --", '" OR ""="', "1 UNION SELECT password", "/**/OR/**/1=1", "\\'"),
        *("%' --", "1; SELECT pg_sleep(9)", "$1", ":id", "?", "%s", "0x27", "''", '""', "`x`", "E'\\x27'", "$$x$$"),
    ),
    "graphql": (
        *(
            '") { id } }',
            "{__schema{types{name}}}",
            "$id",
            '"""',
            "...on User{password}",
            "# x",
            "query{a}",
            "@skip(if:true)",
        ),
        *('\\"){a}#', "\\u0022", "[ID!]!", "}}", "null", "true", "fragment F on U{id}"),
    ),
    "odata": (
        *(
            "') or ('1' eq '1",
            "$filter=1 eq 1",
            "/$value",
            "(1)/Orders",
            "' or true eq true",
            "$batch",
            "/$metadata",
            "%27",
        ),
        *("&$expand=Orders", "datetime'2020-01-01'", "guid'0'", "substringof('a',b)", ")(", "';"),
    ),
    "json": ('","admin":true,"x":"', "]}", "\\", "\\u0000", "\\ud800", '"}', "[1]", "{}", "\\n", "1e999", "</script>"),
    "template": ("{key}", "{0}", "{", "}", "${jndi:ldap://x}", "{{7*7}}", "%s%n", "%(key)s", "<%=1%>", "#{1}", "$KEY"),
    "control": (
        "\0",
        "\x01",
        "\x07",
        "\x08",
        "\t",
        "\x1b[2J",
        "\x7f",
        "\x80",
        "\x9f",
        "\u2029",
        "\ufeff",
        "\ufffe",
        "\ufff9",
    ),
    "bidi": (
        "\u202e",
        "\u202a",
        "\u2066",
        "\u2069",
        "\u200f",
        "\u200b",
        "\u200d",
        "e\u0301",
        "\u0130",
        "\u017f",
        "\u212a",
    ),
    "surrogate": ("\ud800", "\udfff", "\udc00x", "\ud83d", "x\udbff", "\udce9"),
    "blank": ("", " ", "\t", "\u00a0", "\u3000", "\r\n", "\x1f", "\u2003"),
    "long": (
        "x" * 10_240,
        "%2e" * 3_500,
        "\u6f22" * 1_025,
        "x" * 1_024,
        "/" * 1_024,
        "'" * 1_025,
        "\U0001f642" * 1_024,
    ),
    "plain": (
        "K-0001",
        "7",
        "007",
        "a.b",
        "A_b~c-d",
        "\u00fcn\u00ef",
        "\u6f22\u5b57",
        "\U0001f642",
        "null",
        "undefined",
    ),
}
"""Pieces that have broken clients, servers and proxies before, by what they are meant to break."""

_ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: quote(quote(text, safe="", errors="surrogatepass"), safe=""),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass")),
    lambda text: "".join(f"&#x{ord(one):x};" for one in text),
    lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    str.upper,
    lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"),
)


def hostile_keys(count: int, seed: int = 20_261_121) -> Iterator[tuple[str, str]]:
    """Yield so many distinct keys, each with its family: first every piece as it is, then encoded, joined and mixed."""
    chance, seen = random.Random(seed), set[str]()
    while len(seen) < count:
        for family, key in _round(chance, is_first=not seen):
            if key not in seen and len(seen) < count:
                seen.add(key)
                yield family, key


def _round(chance: random.Random, *, is_first: bool) -> Iterator[tuple[str, str]]:
    for family, pieces in FAMILIES.items():
        yield from ((family, piece) for piece in pieces if is_first)
        for _ in range(20):
            yield family, _mixed(chance, pieces)
    yield "random", "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(1, 12)))
    yield "random", "".join(chr(chance.randrange(0x80)) for _ in range(chance.randrange(1, 40)))


def _mixed(chance: random.Random, pieces: tuple[str, ...]) -> str:
    """Return pieces of a family among each other and among harmless text, encoded in one of the ways."""
    around = (*FAMILIES["plain"], "", "", str(chance.randrange(10_000)))
    parts = [
        chance.choice(around),
        *(chance.choice(pieces) for _ in range(chance.randrange(1, 4))),
        chance.choice(around),
    ]
    return chance.choice(_ENCODINGS)("".join(parts))


def is_sayable(text: str, most: int) -> bool:
    """Return whether a text is one, and of so many characters at most; said anew, apart from what is tested."""
    return len(text) <= most and not any("\ud800" <= one <= "\udfff" for one in text)


async def counted(
    count: int, placements: Mapping[str, T], check: Callable[[T, Sequence[str]], Awaitable[Sequence[str]]]
) -> str:
    """Ask so many hostile keys in every placement; return, as a table, how many of each family each has refused.

    `check` asks texts in one placement, asserts what the calls hold, and returns the texts that were refused.
    """
    counts: Counter[tuple[str, str]] = Counter()
    keys = hostile_keys(count)
    while some := list(islice(keys, _TOGETHER)):
        families = {key: family for family, key in some}
        counts.update((family, "generated") for family in families.values())
        for name, placement in placements.items():
            counts.update((families[key], name) for key in await check(placement, list(families)))
    return table(counts, ("generated", *placements))


def generated(told: str) -> int:
    """Return how many keys a table of `counted` tells of."""
    return int(told.splitlines()[-1].split()[1].replace(",", ""))


def printed(capsys: pytest.CaptureFixture[str], title: str, told: str) -> str:
    """Show a table under its title, whether the output is captured or not, and return it."""
    with capsys.disabled():
        sys.stdout.write(f"\n{title}\n{told}\n")
    return told


def table(counts: Mapping[tuple[str, str], int], columns: tuple[str, ...]) -> str:
    """Return counts by (family, column) as a table, with a row of sums."""
    families = list(dict.fromkeys(family for family, _ in counts))
    rows = [(family, *(counts.get((family, column), 0) for column in columns)) for family in families]
    sums = ("all", *(sum(counts.get((family, column), 0) for family in families) for column in columns))
    head = f"{'family':12}" + "".join(f"{column:>18}" for column in columns)
    return "\n".join([head, *(f"{row[0]:12}" + "".join(f"{value:>18,}" for value in row[1:]) for row in (*rows, sums))])
