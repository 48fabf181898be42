"""What a cross-reference has to do, said once more in sets and dicts, for a few keys: each write as it is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from adapters.crossref import ConflictCode, Linked, RefusalCode

Name = tuple[str, str]
Code = ConflictCode | RefusalCode

LIMITED = "one"
"""The source of which a customer has at most one live key."""


@dataclass(eq=False)
class Node:
    """A link, and the one of which it has come by a merge, a move or the replacement of its key."""

    parent: Node | None = None


@dataclass(frozen=True)
class Held:
    """A key that is linked now."""

    owner: str
    node: Node = field(default_factory=Node)
    is_live: bool = True


@dataclass(frozen=True)
class Merged:
    seq: int
    loser: str
    brought: dict[Node, Node]
    repointed: frozenset[str]


@dataclass(frozen=True)
class Undone:
    seq: int
    loser: str
    repointed: frozenset[str]


@dataclass(frozen=True)
class Made:
    """A restriction when it was made: by which event, for which id, and which ids led there then."""

    seq: int
    customer: str
    ground: str
    ids: frozenset[str]


@dataclass(frozen=True)
class Expected:
    """What a write has to come to: a code, or the customer who is returned (None: a new one).

    `apply` is what holds afterwards, None where nothing is written. `repeated` is the code of the same write made once
    more; `about` is the customer whose version is expected.
    """

    code: Code | None = None
    customer: str | None = None
    apply: Callable[[Linked], None] | None = None
    repeated: Code | None = None
    about: str | None = None


class Model:
    """The state of one tenant; ids are those that the store has given."""

    def __init__(self) -> None:
        self.held: dict[Name, Held] = {}
        self.last: dict[Name, str] = {}  # whose a key was last that is linked to nobody
        self.leads: dict[str, str] = {}
        self.erased: dict[str, str] = {}  # with whom
        self.born: dict[str, int] = {}
        self.restricted: set[tuple[str, str]] = set()
        self.apart: set[frozenset[Name]] = set()
        self.merges: list[Merged] = []
        self.forced: dict[str, int] = {}  # into whom too many keys were merged, and the last event of it
        self.undone: list[Undone] = []
        self.made: list[Made] = []

    # what is asked of it

    def ids(self) -> list[str]:
        return sorted(self.born)

    def lead(self, customer: str) -> str:
        return self.leads.get(customer, customer)

    def several(self) -> bool:
        """Return whether there are two customers who are active."""
        return len(set(self.leads.values())) > 1

    def owner(self, name: Name) -> str | None:
        held = self.held.get(name)
        return held.owner if held else None

    def keys_of(self, customer: str) -> list[Name]:
        return sorted(name for name, held in self.held.items() if held.owner == customer)

    def live_keys(self, customer: str) -> set[Name]:
        return {name for name in self.keys_of(customer) if self.held[name].is_live}

    def led_to(self, customer: str) -> set[str]:
        return {one for one, leads_to in self.leads.items() if leads_to == customer}

    def grounds(self, customer: str) -> set[tuple[str, str]]:
        ids = self.led_to(customer)
        return {(one, ground) for one, ground in self.restricted if one in ids}

    def forbidden(self, customer: str | None, names: Iterable[Name]) -> list[Name]:
        refused: list[Name] = []
        taken = {name for name, held in self.held.items() if held.owner == customer}
        for name in names:
            if any(frozenset((name, other)) in self.apart for other in taken):
                refused.append(name)
            else:
                taken.add(name)
        return refused

    def over(self, customer: str | None, names: Iterable[Name]) -> bool:
        """Return whether the customer would have too many live keys with these besides."""
        here = {name for name in (self.live_keys(customer) if customer else ()) if name[0] == LIMITED}
        come = sum(name[0] == LIMITED for name in names)
        return come > 0 and len(here) + come > 1

    def joining(self, customer: str | None, names: Iterable[Name]) -> list[Name] | None:
        """Return those of a row's free keys that join the customer; None when the row is left out for a limit."""
        free = list(names)
        apart = self.forbidden(customer, free)
        allowed = [name for name in free if name not in apart]
        return None if self.over(customer, allowed) else allowed

    # what changes it

    def create(self, customer: str) -> None:
        self.leads[customer] = customer
        self.born[customer] = len(self.born)

    def take(self, name: Name, customer: str, node: Node | None = None) -> None:
        self.held[name] = Held(customer, node or Node())
        self.last.pop(name, None)

    def restrict_now(self, seq: int, customer: str, ground: str) -> None:
        self.restricted.add((customer, ground))
        self.made.append(Made(seq, customer, ground, frozenset(self.led_to(customer))))

    def move(self, name: Name, customer: str) -> None:
        held = self.held[name]
        self.held[name] = replace(held, owner=customer, node=Node(held.node))

    # each write

    def link(self, name: Name, customer: str | None) -> Expected:
        owner = self.owner(name)
        target = owner if customer is None else self.lead(customer)
        if target in self.erased:
            return Expected(ConflictCode.CUSTOMER_ERASED, about=target)
        if owner is not None and owner != target:
            return Expected(self._owned(target, owner), about=target)
        if owner is not None:
            return Expected(None, owner, about=owner)
        if self.forbidden(target, [name]):
            return Expected(ConflictCode.NON_MATCH_ASSERTED, about=target)
        if self.over(target, [name]):
            return Expected(ConflictCode.LIMIT_EXCEEDED, about=target)

        def apply(linked: Linked) -> None:
            if target is None:
                self.create(linked.customer)
            self.take(name, linked.customer)

        return Expected(None, target, apply, about=target)

    def _owned(self, customer: str | None, owner: str) -> Code:
        is_decided = self.forbidden(customer, self.keys_of(owner))
        return ConflictCode.NON_MATCH_ASSERTED if is_decided else ConflictCode.KEY_OWNED_BY_OTHER

    def unlink(self, name: Name) -> Expected:
        owner = self.owner(name)
        if owner is None:
            before = self.last.get(name)
            return Expected(None, self.lead(before)) if before else Expected(RefusalCode.LINK_UNKNOWN)

        def apply(_: Linked) -> None:
            self.last[name] = self.held.pop(name).owner

        return Expected(None, owner, apply, about=owner)

    def relink(self, name: Name, customer: str) -> Expected:
        target, held = self.lead(customer), self.held.get(name)
        if held is None:
            return Expected(RefusalCode.LINK_UNKNOWN, about=target)
        if held.owner == target:
            return Expected(None, target, about=target)
        conflict = self._moving(target, [name])
        return Expected(conflict, target, lambda _: self.move(name, target), about=target)

    def _moving(self, target: str, names: Sequence[Name]) -> Code | None:
        if target in self.erased:
            return ConflictCode.CUSTOMER_ERASED
        if self.forbidden(target, names):
            return ConflictCode.NON_MATCH_ASSERTED
        live = [name for name in names if self.held[name].is_live]
        return ConflictCode.LIMIT_EXCEEDED if self.over(target, live) else None

    def replace_key(self, old: Name, new: Name) -> Expected:
        gone, comes = self.held.get(old), self.held.get(new)
        if old == new:
            return Expected(RefusalCode.VALUE_INVALID)
        if gone is None:
            return Expected(RefusalCode.LINK_UNKNOWN)
        owner = gone.owner
        if not gone.is_live and comes is not None and comes.is_live and comes.owner == owner:
            return Expected(None, owner, about=owner)
        code: Code | None = None
        if comes is not None and comes.owner != owner:
            code = self._owned(owner, comes.owner)
        elif comes is None and self.forbidden(owner, [new]):
            code = ConflictCode.NON_MATCH_ASSERTED
        elif not gone.is_live and (comes is None or not comes.is_live) and self.over(owner, [new]):
            code = ConflictCode.LIMIT_EXCEEDED

        def apply(_: Linked) -> None:
            self.held[old] = replace(gone, is_live=False)
            if comes is None:
                self.take(new, owner, Node(gone.node))
            else:
                self.held[new] = replace(comes, is_live=True)

        return Expected(code, owner, apply, about=owner)

    def assert_non_match(self, first: Name, second: Name) -> Expected:
        owners = [self.owner(first), self.owner(second)]
        about = owners[0] or owners[1]
        if first == second:
            return Expected(RefusalCode.VALUE_INVALID)
        if frozenset((first, second)) in self.apart:
            return Expected(None, about or "", about=about)
        if about is not None and owners[0] == owners[1]:
            return Expected(RefusalCode.SAME_CUSTOMER, about=about)
        return Expected(None, about or "", lambda _: self.apart.add(frozenset((first, second))), about=about)

    def clear_non_match(self, first: Name, second: Name) -> Expected:
        about = self.owner(first) or self.owner(second)
        pair = frozenset((first, second))
        if first == second:
            return Expected(RefusalCode.VALUE_INVALID)
        if pair not in self.apart:
            return Expected(None, about or "", about=about)
        return Expected(None, about or "", lambda _: self.apart.discard(pair), about=about)

    def merge(self, loser: str, survivor: str, *, force: bool, oldest: bool = False) -> Expected:
        if loser == survivor:
            return Expected(RefusalCode.VALUE_INVALID)
        gone, stays = self.lead(loser), self.lead(survivor)
        if oldest:
            stays, gone = sorted((gone, stays), key=self.born.__getitem__)
        if gone == stays and stays not in self.erased:
            return Expected(None, stays, about=stays)
        code: Code | None = None
        limited = [{name for name in self.live_keys(one) if name[0] == LIMITED} for one in (gone, stays)]
        if gone in self.erased or stays in self.erased:
            code = ConflictCode.CUSTOMER_ERASED
        elif self.forbidden(stays, self.keys_of(gone)):
            code = ConflictCode.NON_MATCH_ASSERTED
        elif all(limited) and not force:
            code = ConflictCode.LIMIT_EXCEEDED
        return Expected(code, stays, lambda linked: self._merge(linked.seq, gone, stays), about=stays)

    def _merge(self, seq: int, gone: str, stays: str) -> None:
        if all(any(name[0] == LIMITED for name in self.live_keys(one)) for one in (gone, stays)):
            self.forced[stays] = seq
        brought: dict[Node, Node] = {}
        for name in self.keys_of(gone):
            before = self.held[name].node
            self.move(name, stays)
            brought[self.held[name].node] = before
        led = self.led_to(gone)
        self.leads |= dict.fromkeys(led, stays)
        self.merges.append(Merged(seq, gone, brought, frozenset(led - {gone})))

    def undo_merge(self, merged: Merged) -> Expected:
        loser, holder = merged.loser, self.lead(merged.loser)
        out = self._taken_out(merged)
        if loser in self.erased or holder == loser or loser in out:
            return Expected(ConflictCode.MERGE_NOT_UNDOABLE, about=holder)
        repointed = frozenset(one for one in merged.repointed - out if self.lead(one) == holder)

        def apply(linked: Linked) -> None:
            for name in self.keys_of(holder):
                node: Node | None = self.held[name].node
                while node is not None and node not in merged.brought:
                    node = node.parent
                if node is not None:
                    self.held[name] = replace(self.held[name], owner=loser, node=Node(merged.brought[node]))
            self.leads |= dict.fromkeys((loser, *repointed), loser)
            self.undone.append(Undone(linked.seq, loser, repointed))

        return Expected(None, loser, apply, ConflictCode.MERGE_NOT_UNDOABLE, holder)

    def moved_since(self, merged: Merged) -> bool:
        """Return whether a key that came by the merge has moved on, or ended."""
        return not merged.brought.keys() <= {held.node for held in self.held.values()}

    def restricted_since(self, merged: Merged) -> set[str]:
        """Return the grounds that were made for whom the loser led to, and stand: they hold for the loser too."""
        standing = {ground for _, ground in self.grounds(self.lead(merged.loser))}
        since = [made for made in self.made if made.seq > merged.seq and merged.loser in made.ids]
        return standing & {made.ground for made in since}

    def _taken_out(self, merged: Merged) -> set[str]:
        ids = {merged.loser, *merged.repointed}
        since = [one for one in self.undone if one.seq > merged.seq and one.loser in ids]
        return {one for undone in since for one in (undone.loser, *undone.repointed)}

    def split(self, customer: str, names: Sequence[Name], into: str | None) -> Expected:
        origin, target = self.lead(customer), None if into is None else self.lead(into)
        if origin in self.erased:
            return Expected(ConflictCode.CUSTOMER_ERASED, about=origin)
        moving = [name for name in names if self.owner(name) == origin]
        if any(self.owner(name) not in (origin, target or origin) for name in names):
            return Expected(RefusalCode.LINK_UNKNOWN, about=origin)
        if target is not None and (not moving or target == origin):
            return Expected(None, target, about=origin)
        if len(moving) == len(self.keys_of(origin)):
            return Expected(RefusalCode.SPLIT_EMPTY, about=origin)
        if target is not None:
            code = self._moving(target, moving)
        else:
            live = [name for name in moving if self.held[name].is_live]
            code = ConflictCode.LIMIT_EXCEEDED if self.over(None, live) else None

        def apply(linked: Linked) -> None:
            if target is None:
                self.create(linked.customer)
            self._share(linked, {ground for _, ground in self.grounds(origin)})
            for name in moving:
                self.move(name, linked.customer)

        return Expected(code, target, apply, None if target else RefusalCode.LINK_UNKNOWN, origin)

    def _share(self, linked: Linked, grounds: set[str]) -> None:
        for ground in sorted(grounds):
            if (linked.customer, ground) not in self.restricted:
                self.restrict_now(linked.seq, linked.customer, ground)

    def restrict(self, customer: str, ground: str) -> Expected:
        row = self.lead(customer)
        if row in self.erased:
            return Expected(ConflictCode.CUSTOMER_ERASED, about=row)
        if (row, ground) in self.restricted:
            return Expected(None, row, about=row)
        return Expected(None, row, lambda linked: self.restrict_now(linked.seq, row, ground), about=row)

    def lift(self, customer: str, ground: str) -> Expected:
        row = self.lead(customer)
        gone = {one for one in self.grounds(row) if one[1] == ground}
        if not gone:
            return Expected(None, row, about=row)
        return Expected(None, row, lambda _: self._lift(gone), about=row)

    def _lift(self, gone: set[tuple[str, str]]) -> None:
        self.restricted -= gone
        self.made = [made for made in self.made if (made.customer, made.ground) not in gone]

    def erase(self, customer: str) -> Expected:
        row = self.lead(customer)
        if row in self.erased:
            return Expected(None, self.erased[row], about=row)
        return Expected(None, row, lambda _: self._erase(row), about=row)

    def _erase(self, row: str) -> None:
        customers = self.led_to(row)
        for name in self.theirs_last(customers):
            self.held.pop(name, None)
            self.last.pop(name, None)
            self.apart = {pair for pair in self.apart if name not in pair}
        self.restricted = {one for one in self.restricted if one[0] not in customers}
        for one in customers:
            del self.leads[one]
        self.erased |= dict.fromkeys(customers, row)

    def theirs_last(self, customers: set[str]) -> set[Name]:
        """Return the keys that nobody else has had since these customers."""
        owners = {**self.last, **{name: held.owner for name, held in self.held.items()}}
        return {name for name, owner in owners.items() if owner in customers}
