"""What a REST source can answer: an offer that says where keys, fields, arguments and pages go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.http.arguments import AsBody, AsQuery
from adapters.http.pages import Paging
from adapters.http.parts import InBody, InPath, InQuery
from adapters.offers import Offer
from adapters.records import SourcePath

__all__ = ["HttpOffer"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpOffer(Offer):
    """An offer of a REST source.

    `path` follows the adapter's base URL; `{key}` in it is the key as one segment, which makes `max_batch` 1. `keys`
    says where keys go, `fields` where the source takes the list of its own top-level fields to answer with, None when
    it takes none. `records` is where the records stand in the answer's JSON: a list, or one object; None when they are
    the whole answer. `params` are query parameters that never change, as (name, value) pairs. `attributes` is the
    member of each record that holds its fields, where they stand a step below its key, as in JSON:API (section 7.2):
    they are read as the record's own, and `fields` names them alone, for the key always comes. `arguments` says how
    the source is told each argument of a list that it filters or orders by, by the argument's Python name. `paging`
    says how it gives a list in pages of at most `max_page` records, which makes `max_batch` 1 too: a page is one key's.
    """

    path: str
    keys: InPath | InQuery | InBody = field(default_factory=InPath)
    fields: InQuery | InBody | None = None
    records: SourcePath | None = None
    params: tuple[tuple[str, str], ...] = ()
    attributes: str | None = None
    arguments: Mapping[str, AsQuery | AsBody] = field(default_factory=dict)
    paging: Paging | None = None

    def __post_init__(self) -> None:
        one_by_one = isinstance(self.keys, InPath)
        if one_by_one or self.paging is not None:
            object.__setattr__(self, "max_batch", 1)
        Offer.__post_init__(self)  # not super(): a class with slots is another object than the one super() knows
        if not self.path.startswith("/") or "?" in self.path or "#" in self.path:
            raise ValueError(
                f"offer {self.name}: got path={self.path!r}; wanted one that begins with / and has no query"
            )
        if self.path.count("{key}") != int(one_by_one) or "{" in self.path.replace("{key}", ""):
            wanted = "{key} in it once, and no other brace" if one_by_one else "no brace, as the keys go elsewhere"
            raise ValueError(f"offer {self.name}: got path={self.path!r}; wanted {wanted}")
        self._check_list()
        self._check_names()

    def _check_list(self) -> None:
        if (self.paging is None) != (self.max_page is None):
            got = "max_page without paging" if self.paging is None else "paging without max_page"
            raise ValueError(
                f"offer {self.name}: got {got}; wanted both: how the source gives pages, and how many records it gives "
                "at once"
            )
        if self.limits_per_key:
            raise ValueError(
                f"offer {self.name}: got limits_per_key=True; a page over HTTP is one key's: leave limits_per_key out"
            )
        if self.arguments and not self.is_list:
            raise ValueError(f"offer {self.name}: got arguments for facts of a key; only lists have arguments")

    def _check_names(self) -> None:
        times = Counter(self._names())
        if twice := sorted(name for name, count in times.items() if count > 1):
            raise ValueError(
                f"offer {self.name}: got the name {twice[0]!r} twice for what a call says; wanted a name for each thing"
            )

    def _names(self) -> Iterator[str]:
        """Yield the name of everything that a call says."""
        yield from {name for name, _ in self.params}
        yield from (place.name for place in (self.keys, self.fields) if isinstance(place, (InQuery, InBody)))
        yield from (argument.name for argument in self.arguments.values())
        if self.paging is not None:
            yield from self.paging.names

    @property
    def posts(self) -> bool:
        """Return whether its calls have a body, whatever they ask."""
        in_body = isinstance(self.keys, InBody) or isinstance(self.fields, InBody)
        is_page = self.paging is not None and self.paging.in_body
        return in_body or is_page or any(isinstance(one, AsBody) for one in self.arguments.values())

    @property
    def takes(self) -> frozenset[str]:
        """Return the Python names of the arguments that the source filters and orders by."""
        return frozenset(self.arguments)

    @property
    def gives_rows(self) -> bool:
        """Return whether its records come as rows where they can: what stands a step deeper does not."""
        return self.attributes is None
