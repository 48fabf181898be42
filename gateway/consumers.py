"""`consumers.yaml`: the registered client applications, the digests of their tokens and the views they may use.

    - name: agent-desktop
      token_sha256: 6b86b273...
      views: [support-call]          # every published version, or exact ones: support-call@1
      roles: [developer]             # what else the consumer is; a view says what a role allows
      origins: [https://desk.example]   # web pages that may ask with this token
      crossref_sources: [crm]        # the sources whose keys a steward may write; all unless given
      class: bulk                    # nobody waits for its answers; interactive, which goes first, unless given

The file holds no token. A token is `cv_` and the base64url form of 32 random bytes; what is kept is the SHA-256 of its
text. A slow hash protects words that people choose; 256 random bits need none, and a look-up by digest costs the same
however many consumers there are. It need not take constant time either: what timing could tell of a stored digest is no
step towards a token that has it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, StringConstraints

from schema.caller import OPERATOR, Caller, ConsumerClass, CrossrefRole
from schema.declaration import each_once, read_declaration, said
from schema.problems import ConfigurationError, Level, Problem
from schema.suggest import did_you_mean, nearest
from schema.view_files import LoadedView, ViewFolder
from schema.views import SLUG
from schema.yaml_file import Document, load_yaml

__all__ = ["Consumer", "Consumers", "is_source", "new_token"]

_TOKEN = re.compile(r"cv_[A-Za-z0-9_-]{43}")
_VIEW = SLUG.removesuffix("$") + r"(@[1-9][0-9]{0,5})?$"
_LABEL = "[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?"
_ORIGIN = rf"^https?://({_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\])(:[1-9][0-9]{{0,4}})?$"
_SOURCE = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
_USUAL_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65_535
_VIEWS = "a list of views, such as [support-call]"
_WITHOUT_VIEWS = (*map(str, CrossrefRole), OPERATOR)
"""The roles by which a consumer that has no view may do something."""


def new_token() -> tuple[str, str]:
    """Return a fresh token, to be shown once, and the line for `consumers.yaml`: `token_sha256: ...`."""
    token = f"cv_{secrets.token_urlsafe(32)}"
    return token, f"token_sha256: {_digest(token)}"


def is_source(name: str) -> bool:
    """Return whether a source of the cross-reference could be called so."""
    return re.fullmatch(_SOURCE, name) is not None


def _digest(token: str) -> str:
    return sha256(token.encode("ascii")).hexdigest()


def _as_browsers_send_it(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    port = int((re.search(r":([0-9]+)$", rest) or [0, 0])[1])
    if port == _USUAL_PORTS[scheme]:
        raise said(f"the origin without :{port}, which browsers leave out")
    if port > _HIGHEST_PORT:
        raise said(f"a port up to {_HIGHEST_PORT}")
    return origin


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str,
        StringConstraints(pattern=SLUG, max_length=64),
        Field(description="a name of lower-case words joined by hyphens, such as agent-desktop"),
    ]
    token_sha256: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True),
        Field(
            description="the SHA-256 of the token, 64 hexadecimal digits, as `customer-view token` prints it",
            json_schema_extra={"writeOnly": True},
            repr=False,
        ),
    ]
    views: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=_VIEW, max_length=71),
                Field(description="a view's name, such as support-call, or one version: support-call@1"),
            ],
            ...,
        ],
        Field(max_length=500, description=_VIEWS),
        AfterValidator(each_once),
    ]
    roles: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=SLUG, max_length=64),
                Field(description="a role of lower-case words joined by hyphens, such as developer"),
            ],
            ...,
        ],
        Field(max_length=50, description="a list of roles, such as [developer]"),
        AfterValidator(each_once),
    ] = ()
    origins: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=_ORIGIN, max_length=280),
                Field(description="an origin as browsers send it, such as https://desk.example: no path, no *"),
                AfterValidator(_as_browsers_send_it),
            ],
            ...,
        ],
        Field(max_length=50, description="a list of origins, such as [https://desk.example]"),
        AfterValidator(each_once),
    ] = ()
    crossref_sources: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=_SOURCE),
                Field(description="the name of a source in the cross-reference, such as crm"),
            ],
            ...,
        ],
        Field(min_length=1, max_length=500, description="a list of sources, such as [crm]"),
        AfterValidator(each_once),
    ] = ()
    kind: Annotated[
        ConsumerClass,
        Field(alias="class", description="interactive or bulk: whether somebody waits for its answers"),
    ] = ConsumerClass.INTERACTIVE


class _File(RootModel[tuple[_Entry, ...]]):
    """a list of consumers: name, token_sha256 and views, and perhaps roles, origins, crossref_sources and class"""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A registered client application: its name, and the views (`support-call`, `support-call@1`) it may use.

    `roles` say what else it is; pages of `origins` may ask with its token. In the cross-reference it writes keys of
    `crossref_sources`; of every source where there are none. Its requests are of the class `kind`.
    """

    name: str
    views: frozenset[str]
    token_sha256: str = field(repr=False)
    roles: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    crossref_sources: frozenset[str] = frozenset()
    kind: ConsumerClass = ConsumerClass.INTERACTIVE


@dataclass(frozen=True, slots=True)
class Consumers:
    """The registered client applications, and who a token belongs to.

    `origins` and `crossref_sources` stand under the consumers' names.
    """

    consumers: tuple[Consumer, ...]
    document: Document = field(repr=False, compare=False)
    callers: Mapping[str, Caller] = field(repr=False, compare=False)
    origins: Mapping[str, frozenset[str]] = field(repr=False, compare=False)
    every_origin: frozenset[str] = field(repr=False, compare=False)
    crossref_sources: Mapping[str, frozenset[str]] = field(repr=False, compare=False)

    @classmethod
    def load(cls, path: Path) -> Consumers:
        """Return the consumers of the file. Raises ConfigurationError, holding every problem found."""
        document = load_yaml(path)
        entries = read_declaration(document, _File).root
        consumers = tuple(map(_consumer, entries))
        if problems := [*_idle(consumers, document), *_doubled(consumers, document)]:
            raise ConfigurationError(problems)
        callers = {each.token_sha256: _caller(each) for each in consumers}
        origins = {each.name: each.origins for each in consumers}
        every_origin = frozenset().union(*origins.values())
        sources = {each.name: each.crossref_sources for each in consumers}
        return cls(
            consumers,
            document,
            MappingProxyType(callers),
            MappingProxyType(origins),
            every_origin,
            MappingProxyType(sources),
        )

    def authenticate(self, token: str) -> Caller | None:
        """Return the caller that the token belongs to; None when it is not a token of any consumer."""
        return self.callers.get(_digest(token)) if _TOKEN.fullmatch(token) else None

    def problems(self, folder: ViewFolder) -> list[Problem]:
        """Return where consumers and views do not agree.

        A consumer registered for a view that does not exist or does not list it is an error. A consumer that a view
        lists and that is not registered for it is a note: so a consumer is withdrawn without a new version of the view.
        Of what a broken file may declare nothing is said: that it is broken has been told.
        """
        return [*self._unmet(folder), *self._unregistered(folder)]

    def _told(self, folder: ViewFolder) -> frozenset[tuple[str, str]]:
        """Return consumers' names and views between which one of both is misspelt, which is told as an error."""
        known = {name for each in folder.views for name in (each.view.name, each.view.id)}
        misspelt = {
            (consumer.name, nearest(view, known) or "")
            for consumer in self.consumers
            for view in consumer.views - known
        }
        listed = {
            (meant[0], meant[1].view.id)
            for consumer in self.consumers
            for view in consumer.views
            if (meant := self._misspelt(consumer, folder.versions(view) or filter(None, [folder.get(view)])))
        }
        return frozenset(misspelt | listed)

    def _unmet(self, folder: ViewFolder) -> Iterator[Problem]:
        for position, consumer in enumerate(self.consumers):
            for view in sorted(consumer.views):
                found = folder.versions(view) or tuple(filter(None, [folder.get(view)]))
                if not any(consumer.name in each.view.consumers for each in found) and not folder.may_declare(view):
                    yield self._refusal((position, "views"), consumer, view, found, folder)

    def _refusal(
        self,
        place: tuple[str | int, ...],
        consumer: Consumer,
        view: str,
        found: tuple[LoadedView, ...],
        folder: ViewFolder,
    ) -> Problem:
        line = self.document.line_of(place)
        if found:
            got = f"{consumer.name} registered for {view}, which does not list it"
            mend = f"remove {view} here, or add the consumer in a new version of the view"
            if meant := self._misspelt(consumer, found):
                mend = f"correct {meant[0]} in {meant[1].path.name}, if it is meant; or {mend}"
            return Problem(self.document.file, line, got, "a view that lists the consumer", mend)
        known = [name for each in folder.views for name in (each.view.name, each.view.id)]
        got = f"{consumer.name} registered for {view}, which does not exist"
        return Problem(self.document.file, line, got, "a view of the folder", did_you_mean(view, known, "remove it"))

    def _misspelt(self, consumer: Consumer, found: Iterable[LoadedView]) -> tuple[str, LoadedView] | None:
        """Return what a view lists in the consumer's stead: a name like its own that nobody has; None: nothing is."""
        names = {each.name for each in self.consumers}
        for loaded in found:
            meant = nearest(consumer.name, set(loaded.view.consumers) - names)
            if meant is not None:
                return meant, loaded
        return None

    def _unregistered(self, folder: ViewFolder) -> Iterator[Problem]:
        registered = {caller.consumer: caller for caller in self.callers.values()}
        usual = "register it, unless it is meant to have no access any more"
        told = self._told(folder)
        for loaded in folder.views:
            view = loaded.view
            for position, name in enumerate(view.consumers):
                caller = registered.get(name)
                mend = usual if caller is not None else _meant(name, registered.keys() - set(view.consumers), usual)
                if (caller is None or not view.admits(caller)) and not told & {(name, view.name), (name, view.id)}:
                    yield Problem(
                        str(loaded.path),
                        loaded.document.line_of(("consumers", position)),
                        f"the consumer {name}, which is not registered for {view.id}",
                        f"{name} with {view.id} in {Path(self.document.file).name}",
                        mend,
                        Level.NOTE,
                    )


def _meant(name: str, known: Iterable[str], otherwise: str) -> str:
    meant = nearest(name, known)
    return otherwise if meant is None else f"did you mean {meant!r}? Else {otherwise}"


def _consumer(entry: _Entry) -> Consumer:
    views, roles, origins, sources = map(frozenset, (entry.views, entry.roles, entry.origins, entry.crossref_sources))
    return Consumer(entry.name, views, entry.token_sha256, roles, origins, sources, entry.kind)


def _caller(consumer: Consumer) -> Caller:
    is_urgent = consumer.kind is ConsumerClass.INTERACTIVE
    return Caller(consumer.name, consumer.views, consumer.roles, is_urgent=is_urgent)


def _idle(consumers: Iterable[Consumer], document: Document) -> Iterator[Problem]:
    """Yield consumers that may do nothing: without a view, and without a role that needs none."""
    for position, consumer in enumerate(consumers):
        if not consumer.views and consumer.roles.isdisjoint(_WITHOUT_VIEWS):
            line = document.line_of((position, "views"))
            got = f"an empty list ([{position + 1}].views)"
            mend = f"list a view, or give it a role that needs none: {', '.join(_WITHOUT_VIEWS)}"
            for role in sorted(consumer.roles):
                if meant := nearest(role, _WITHOUT_VIEWS):
                    line = document.line_of((position, "roles"))
                    got, mend = f"{got} and the role {role!r}", f"did you mean {meant!r}? Or list a view"
            yield Problem(document.file, line, got, _VIEWS, mend)


def _doubled(consumers: Iterable[Consumer], document: Document) -> Iterator[Problem]:
    """Yield names and digests that stand twice: whose token it is would depend on their order."""
    for key in ("name", "token_sha256"):
        seen: dict[str, int] = {}
        for position, consumer in enumerate(consumers):
            first = seen.setdefault(getattr(consumer, key), position)
            if first != position:
                got = f"the {key} of line {document.line_of((first, key))} again"
                mend = "give every consumer a name and a token of its own"
                yield Problem(document.file, document.line_of((position, key)), got, f"every {key} once", mend)
