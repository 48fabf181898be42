"""`verifiers.yaml`: those whose word counts on how well a customer is verified, and how far it goes.

    - issuer: https://idv.example        # as `iss` names it
      audience: customer-view            # what `aud` has to hold
      algorithms: [EdDSA]                # EdDSA (or Ed25519), ES256, PS256, RS256
      jwks: idv.jwks.json                # its public keys; a path beside this file
      highest: V3                        # the highest level that it may assert
      methods: [otp, app, kba]           # the methods that it may assert
      max_lifetime: 900                  # seconds that an assertion may hold; 1800 unless given
      clock_skew: 10                     # seconds that its clock may be ahead; 30 unless given

The file holds no secret: keys whose private half, or the only one, would be here are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StrictInt, StringConstraints

from gateway.signatures import ALGORITHMS, PublicKey
from gateway.verification.key_sets import read_key_set
from schema.declaration import each_once, read_declaration, said, shown
from schema.problems import ConfigurationError, Problem
from schema.verification import METHODS, MOST_CLOCK_SKEW, Level
from schema.yaml_file import Document, load_yaml

__all__ = ["Verifier", "load_verifiers"]

_METHODS = tuple(name for name, factor in METHODS.items() if factor)
_NAME = r"^[!-~]{1,200}$"


def _known_method(method: str) -> str:
    if method not in _METHODS:
        raise said(f"one of: {', '.join(_METHODS)}")
    return method


def _known_algorithm(algorithm: str) -> str:
    if algorithm not in ALGORITHMS:
        raise said(f"one of: {', '.join(ALGORITHMS)}; none whose key both sides know")
    return algorithm


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[
        str,
        StringConstraints(pattern=_NAME),
        Field(description="the issuer as its tokens name it in iss, such as https://idv.example"),
    ]
    audience: Annotated[
        str,
        StringConstraints(pattern=_NAME),
        Field(description="what its tokens have to name in aud, such as customer-view"),
    ]
    algorithms: Annotated[
        tuple[Annotated[str, AfterValidator(_known_algorithm)], ...],
        Field(min_length=1, max_length=5, description=f"a list of algorithms: {', '.join(ALGORITHMS)}"),
        AfterValidator(each_once),
    ]
    jwks: Annotated[
        str,
        Field(min_length=1, max_length=1_000, description="the path of its JSON Web Key Set, a file of public keys"),
    ]
    highest: Annotated[
        Literal["V1", "V2", "V3"], Field(description="the highest level that it may assert: V1, V2 or V3")
    ]
    methods: Annotated[
        tuple[Annotated[str, AfterValidator(_known_method)], ...],
        Field(min_length=1, max_length=20, description="a list of the methods that it may assert, such as [otp, app]"),
        AfterValidator(each_once),
    ]
    max_lifetime: Annotated[
        StrictInt,
        Field(ge=1, le=86_400, description="seconds that an assertion may hold: a whole number, 1 to 86400"),
    ] = 1_800
    clock_skew: Annotated[
        StrictInt,
        Field(ge=0, le=MOST_CLOCK_SKEW, description="seconds that its clock may be ahead: a whole number, 0 to 30"),
    ] = MOST_CLOCK_SKEW


class _File(RootModel[tuple[_Entry, ...]]):
    """a list of verifiers, each with issuer, audience, algorithms, jwks, highest and methods"""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Somebody whose word counts on how well a customer is verified.

    An assertion is for `audience`, is signed by one of `algorithms` with one of `keys` (by `kid`), and counts up to the
    level `highest` as far as `methods` support it. It holds at most `max_lifetime` seconds, and may be `clock_skew`
    seconds ahead.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    keys: Mapping[str, PublicKey] = field(repr=False)
    highest: Level
    methods: frozenset[str]
    max_lifetime: int
    clock_skew: int


def load_verifiers(path: Path) -> Mapping[str, Verifier]:
    """Return the verifiers of the file, by issuer.

    Raises:
        ConfigurationError: The file, or one of the key sets that it names, is wrong; all problems are in it.
    """
    document = load_yaml(path)
    entries = read_declaration(document, _File).root
    problems = [*_doubled(entries, document)]
    found: dict[str, Verifier] = {}
    for place, entry in enumerate(entries):
        key_set = path.parent / entry.jwks
        if not key_set.exists():
            problems.append(_without_a_file(entry, document, place))
            continue
        try:
            keys = read_key_set(key_set)
        except ConfigurationError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_without_a_key(entry, keys, document, place))
        found[entry.issuer] = _verifier(entry, keys)
    if problems:
        raise ConfigurationError(problems)
    return MappingProxyType(found)


def _without_a_file(entry: _Entry, document: Document, place: int) -> Problem:
    got = f"{shown(entry.jwks)} ([{place + 1}].jwks), where there is no file"
    wanted = "the path of its JSON Web Key Set, beside this file"
    mend = "correct the path, or have the issuer's key set written there, as its jwks_uri serves it"
    return Problem(document.file, document.line_of((place, "jwks")), got, wanted, mend)


def _verifier(entry: _Entry, keys: Mapping[str, PublicKey]) -> Verifier:
    return Verifier(
        entry.issuer,
        entry.audience,
        frozenset(entry.algorithms),
        keys,
        Level[entry.highest],
        frozenset(entry.methods),
        entry.max_lifetime,
        entry.clock_skew,
    )


def _doubled(entries: tuple[_Entry, ...], document: Document) -> Iterator[Problem]:
    """Yield issuers that stand twice: whose keys count would depend on their order."""
    seen: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first = seen.setdefault(entry.issuer, place)
        if first != place:
            got = f"the issuer of line {document.line_of((first, 'issuer'))} again"
            line = document.line_of((place, "issuer"))
            yield Problem(document.file, line, got, "every issuer once", "join the two, or remove one")


def _without_a_key(entry: _Entry, keys: Mapping[str, PublicKey], document: Document, place: int) -> Iterator[Problem]:
    usable = frozenset().union(*(key.algorithms for key in keys.values()))
    for algorithm in entry.algorithms:
        if algorithm not in usable:
            line = document.line_of((place, "algorithms"))
            got = f"{algorithm}, for which {entry.jwks} has no key"
            yield Problem(document.file, line, got, "algorithms of the set's keys", "remove it, or add its key")
