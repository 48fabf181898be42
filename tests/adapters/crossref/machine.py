"""A machine that writes at random to a store and to its model, and says where they part; keys are few: they clash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from adapters.crossref import (
    ConflictCode,
    HkdfSecrets,
    KeyNews,
    Linked,
    LoadReport,
    LoadRow,
    Lookup,
    RefusalCode,
    Restriction,
)
from schema.identifiers import IdentifierType
from tests.adapters.crossref.contract import ID_A, ID_B, ID_C
from tests.adapters.crossref.houses import House
from tests.adapters.crossref.machine_looking import EMAILS, Asked, LookingMachine, forgotten
from tests.adapters.crossref.machine_writing import LETTERS, NAMES, WAY, Way
from tests.adapters.crossref.model import Code, Expected, Name

GROUNDS = ("r", "s")
SECRET = {
    1: b"one secret of thirty-two bytes..",
    2: b"the second of thirty-two bytes..",
    3: b"a third one of thirty-two bytes.",
}

NAME = st.sampled_from(NAMES)
PICK = st.integers(0, 7)
GROUND = st.sampled_from(GROUNDS)
IDS = (ID_A, ID_B, ID_C)


def restriction(ground: str) -> Restriction:
    return Restriction(ground, frozenset({f"Customer.{ground}"}))


class CrossReferenceMachine(LookingMachine):
    @initialize(is_empty=st.sampled_from([False, False, False, True]))
    def fill(self, is_empty: bool) -> None:
        """Begin with three customers, now and then with none."""
        given = {ID_A: ("x", "crm one"), ID_B: ("y", "crm one mail"), ID_C: ("z", "crm mail")}
        rows: list[LoadRow] = []
        for customer, (letter, sources) in () if is_empty else given.items():
            self.model.create(customer)
            for source in sources.split():
                self.model.take((source, letter), customer)
            rows.append((customer, {source: [letter] for source in sources.split()}))
        self.load_rows(rows)
        self.added()

    @rule(name=NAME, place=PICK, named=st.booleans(), way=WAY)
    def link(self, name: Name, place: int, named: bool, way: Way) -> None:
        customer = self.pick(place) if named and self.model.born else None
        source, key = name[0], name[1].upper() if name[0] == "mail" else name[1]
        call = partial(self.store.link, source, key, customer)
        self.write(call, self.model.link(name, customer), way, "asserted_by")

    @rule(
        given_id=st.sampled_from([None, ID_A, ID_B, ID_C]),
        names=st.lists(NAME, max_size=3, unique=True),
        ground=st.sampled_from([None, *GROUNDS]),
    )
    def load(self, given_id: str | None, names: list[Name], ground: str | None) -> None:
        self.clock.go(seconds=1)
        row: dict[str, list[str]] = {}
        for source, key in names:
            row.setdefault(source, []).append(key)
        restrictions = {Lookup(None, given_id): [restriction(ground)]} if ground and given_id else {}
        report = self.load_rows([(given_id, row)], restrictions)
        events, model = self.added(), self.model
        owners = {owner for owner in map(model.owner, names) if owner}
        target = model.lead(given_id) if given_id else next(iter(owners), None)
        if (given_id is None and (not names or len(owners) > 1)) or target in model.erased:
            assert (report.created, report.links, report.restrictions) == (0, 0, 0)
            return
        free = [(source, key) for source in row for key in row[source] if model.owner((source, key)) is None]
        joining = model.joining(target if target in model.born else None, free)
        if joining is None and target not in model.born:
            assert (report.created, report.links, report.restrictions, events) == (0, 0, 0, 0)
            return
        if target not in model.born:
            target = target or self.created()
            model.create(target)
        for name in joining or ():
            model.take(name, target)
        if restrictions and ground and (target, ground) not in model.restricted:
            model.restrict_now(self.events - 1, target, ground)
        assert report.links == len(joining or ())
        again = self.load_rows([(given_id, row)], restrictions)
        assert (again.created, again.links, again.restrictions, again.counts) == (0, 0, 0, report.counts)
        assert self.added() == 0
        assert events <= 1 + len(report.problems) + report.restrictions

    def load_rows(
        self, rows: list[LoadRow], restrictions: Mapping[Lookup, Sequence[Restriction]] | None = None
    ) -> LoadReport:
        return self.house.run_waiting(self.store.load(rows, actor="t", restrictions=restrictions))

    def created(self) -> str:
        statement = "SELECT customer_id FROM customer WHERE tenant_id = 'default' ORDER BY changed_seq DESC LIMIT 1"
        return str(self.look(statement)[0][0])

    @precondition(lambda self: self.model.held or self.model.last)
    @rule(place=PICK, way=WAY)
    def unlink(self, place: int, way: Way) -> None:
        name = self.name(place)
        self.write(partial(self.store.unlink, *name), self.model.unlink(name), way)

    @precondition(lambda self: self.model.born)
    @rule(which=PICK, place=PICK, way=WAY)
    def relink(self, which: int, place: int, way: Way) -> None:
        name = self.name(which)
        customer = self.pick_other(place, self.model.owner(name) or "")
        self.write(partial(self.store.relink, *name, customer), self.model.relink(name, customer), way)

    @rule(place=PICK, turn=st.integers(0, 4), way=WAY)
    def replace_key(self, place: int, turn: int, way: Way) -> None:
        source, old = self.name(place)
        new = LETTERS[(LETTERS.index(old) + 1 + turn // 2) % 3]
        refused = self.refused(source, self.model.owner((source, old)))
        if refused and turn % 2:
            new = refused[0]
        expected = self.model.replace_key((source, old), (source, new))
        self.write(partial(self.store.replace_key, source, old, new), expected, way)

    def refused(self, source: str, owner: str | None) -> list[str]:
        """Return the free keys of the source that may not be the customer's."""
        free = [letter for letter in LETTERS if self.model.owner((source, letter)) is None]
        return [letter for letter in free if self.model.forbidden(owner, [(source, letter)])]

    @rule(first=NAME, second=NAME, way=WAY)
    def assert_non_match(self, first: Name, second: Name, way: Way) -> None:
        expected = self.model.assert_non_match(first, second)
        self.write(partial(self.store.assert_non_match, Lookup(*first), Lookup(*second)), expected, way)

    @precondition(lambda self: self.model.apart)
    @rule(place=PICK, way=WAY)
    def clear_non_match(self, place: int, way: Way) -> None:
        pairs = sorted(sorted(pair) for pair in self.model.apart)
        first, second = pairs[place % len(pairs)]
        expected = self.model.clear_non_match(second, first)
        self.write(partial(self.store.clear_non_match, Lookup(*second), Lookup(*first)), expected, way)

    @precondition(lambda self: self.model.several())
    @rule(first=PICK, second=PICK, force=st.booleans(), oldest=st.booleans(), way=WAY)
    def merge(self, first: int, second: int, force: bool, oldest: bool, way: Way) -> None:
        loser = self.pick(first)
        self.merge_two(loser, self.pick_other(second, loser), force, oldest, way)

    @precondition(lambda self: self.model.merges and self.model.several())
    @rule(place=PICK, force=st.booleans(), way=WAY)
    def merge_on(self, place: int, force: bool, way: Way) -> None:
        """Merge whom the last merge has led to, so that ids come with it."""
        loser = self.model.lead(self.model.merges[-1].loser)
        self.merge_two(loser, self.pick_other(place, loser), force, False, way)

    def merge_two(self, loser: str, survivor: str, force: bool, oldest: bool, way: Way) -> None:
        expected, merges = self.model.merge(loser, survivor, force=force, oldest=oldest), len(self.model.merges)
        if loser != survivor:
            preview = self.run(self.store.preview_merge(loser, survivor, oldest=oldest))
            codes = [conflict.code for conflict in preview.conflicts]
            assert expected.code == next(iter(codes), None) or (force and codes == [ConflictCode.LIMIT_EXCEEDED])
            assert self.added() == 0
        call = self.store.merge_oldest if oldest else self.store.merge
        self.write(partial(call, loser, survivor, force=force), expected, way)
        self.met["merged with ids"] += any(merged.repointed for merged in self.model.merges[merges:])

    @precondition(lambda self: self.model.merges)
    @rule(place=PICK, way=WAY)
    def undo_merge(self, place: int, way: Way) -> None:
        """Undo a merge, mostly one that can be, and rather one with which ids came."""
        model = self.model
        undoable = [merged for merged in model.merges if model.undo_merge(merged).apply] if place < 7 else []
        merges = sorted(undoable, key=lambda merged: len(merged.repointed)) or model.merges
        merged = merges[-1 - place % len(merges)]
        expected, undone, moved = model.undo_merge(merged), len(model.undone), model.moved_since(merged)
        before, must = model.grounds(model.lead(merged.loser)), model.restricted_since(merged)
        self.write(partial(self.store.undo_merge, merged.seq), expected, way)
        if len(model.undone) > undone:
            self.take_restrictions(merged.loser, must, {ground for _, ground in before}, model.undone[-1].seq)
            self.met["undone with ids"] += bool(model.undone[-1].repointed)
            self.met["undone after a move"] += moved

    def take_restrictions(self, customer: str, must: set[str], may: set[str], seq: int) -> None:
        """Restrictions made since the merge hold for both afterwards; those from before are whose they were."""
        statement = "SELECT ground FROM restriction WHERE customer_id = ? AND valid_to IS NULL"
        standing = {row[0] for row in self.look(statement, customer)}
        own = {ground for made_for, ground in self.model.restricted if made_for == customer}
        assert own | must <= standing <= own | may
        for ground in sorted(standing - own):
            self.model.restrict_now(seq, customer, ground)

    @precondition(lambda self: self.model.held)
    @rule(names=st.lists(PICK, min_size=1, max_size=3), place=PICK, into=st.booleans(), way=WAY)
    def split(self, names: list[int], place: int, into: bool, way: Way) -> None:
        held = sorted(self.model.held)
        chosen = list(dict.fromkeys(held[one % len(held)] for one in names))
        customer = self.model.held[chosen[0]].owner
        target = self.pick_other(place, customer) if into else None
        expected = self.model.split(customer, chosen, target)
        self.write(partial(self.store.split, customer, chosen, target), expected, way)

    @precondition(lambda self: self.model.born)
    @rule(place=PICK, ground=GROUND, way=WAY)
    def restrict(self, place: int, ground: str, way: Way) -> None:
        customer = self.pick(place)
        call = partial(self.store.restrict, customer, restriction(ground))
        self.write(call, self.model.restrict(customer, ground), way)

    @precondition(lambda self: self.model.restricted)
    @rule(place=PICK, ground=GROUND, way=WAY)
    def lift(self, place: int, ground: str, way: Way) -> None:
        customer = self.pick(place)
        self.write(partial(self.store.lift, customer, ground), self.model.lift(customer, ground), way)

    @precondition(lambda self: self.model.several())
    @rule(place=PICK, way=WAY)
    def erase(self, place: int, way: Way) -> None:
        customer, model = self.pick(place), self.model
        gone = model.led_to(model.lead(customer))
        names, before = model.theirs_last(gone), len(model.erased)
        self.write(partial(self.store.erase, customer), model.erase(customer), way)
        if len(model.erased) > before:
            self.past = [(at, forgotten(seen, gone, names)) for at, seen in self.past]
            self.met["erased with ids"] += len(gone) > 1

    @precondition(lambda self: self.model.held)
    @rule(place=PICK, new=st.sampled_from([None, *LETTERS]))
    def hear(self, place: int, new: str | None) -> None:
        """A source says of a key that it is gone or replaced: nothing is changed by it, and a steward is asked."""
        self.clock.go(seconds=1)
        source, key = name = self.name(place)
        subject = self.run(self.store.resolve(Lookup(*name)))
        if subject is None or not self.model.held[name].is_live:
            return
        link = next(linked.link_id for linked in subject.keys[source] if linked.key == key)
        heard = self.run(self.store.hear([KeyNews(link, new)], actor="t"))
        asked = [one for one in self.asked() if one.old == name]
        self.met["heard"] += heard.opened
        assert heard.opened <= (new != key)
        assert heard.opened <= (
            (source, new) in [one.new for one in asked] if new else any(not one.new for one in asked)
        )
        self.added()

    @precondition(lambda self: self.open)
    @rule(place=PICK, force=st.booleans(), way=WAY)
    def accept(self, place: int, force: bool, way: Way) -> None:
        asked = self.open[place % len(self.open)]
        call = partial(self.store.accept, asked.candidate, force=force)
        self.write(call, self.accepted_news(asked) if asked.old else self.accepted(asked, force), way)

    def accepted_news(self, asked: Asked) -> Expected:
        assert asked.old is not None
        expected = self.model.replace_key(asked.old, asked.new) if asked.new else self.model.unlink(asked.old)

        def apply(linked: Linked) -> None:
            if expected.apply:
                expected.apply(linked)

        return replace(expected, apply=apply)

    def accepted(self, asked: Asked, force: bool) -> Expected:
        if asked.second is None:
            return Expected(RefusalCode.CANDIDATE_ONE_SIDED)
        merging = self.model.merge(asked.first, asked.second, force=force, oldest=True)

        def apply(linked: Linked) -> None:
            if merging.apply:
                merging.apply(Linked(linked.customer, linked.version, self.seq_of("customers.merged")))

        return Expected(merging.code, merging.customer, apply, about=merging.about)

    def seq_of(self, kind: str) -> int:
        statement = "SELECT max(seq) FROM xref_event WHERE tenant_id = 'default' AND type = ?"
        return int(self.look(statement, kind)[0][0])

    @precondition(lambda self: self.open)
    @rule(place=PICK, non_match=st.booleans(), way=WAY)
    def reject(self, place: int, non_match: bool, way: Way) -> None:
        asked = self.open[place % len(self.open)]
        call = partial(self.store.reject, asked.candidate, non_match=non_match)
        self.write(call, self.rejected(asked, non_match), way)

    def rejected(self, asked: Asked, non_match: bool) -> Expected:
        model = self.model
        customers = [model.lead(one) for one in (asked.first, asked.second) if one is not None]
        keys = [model.keys_of(one) for one in customers]
        code: Code | None = None
        if non_match and (len(keys) < 2 or not all(keys)):
            code = RefusalCode.CANDIDATE_ONE_SIDED
        elif non_match and customers[0] == customers[1]:
            code = RefusalCode.SAME_CUSTOMER

        def apply(_: Linked) -> None:
            if non_match:
                model.apart |= {frozenset((one, other)) for one in keys[0] for other in keys[1]}

        return Expected(code, customers[0], apply, about=customers[0])

    @precondition(lambda self: self.model.held)
    @rule(place=PICK, email=st.sampled_from(EMAILS), forget=st.booleans())
    def note_identifiers(self, place: int, email: str, forget: bool) -> None:
        self.clock.go(seconds=1)
        held = sorted(self.model.held)
        name = held[place % len(held)]
        owner = self.model.held[name].owner
        given = {IdentifierType.EMAIL: [email]}
        if forget:
            self.run(self.store.forget_identifiers(owner, None, given, actor="t"))
            found = self.run(self.store.resolve_identifier(IdentifierType.EMAIL, email))
            assert found is None or found.customer_id != owner
            self.noted[email] -= self.model.led_to(owner)
        else:
            self.run(self.store.note_identifiers(owner, name[0], given, actor="t"))
            self.noted[email].add(owner)
            assert owner in self.holders(email)
        self.added()

    @precondition(lambda self: len(self.secrets.versions) < len(SECRET))
    @rule()
    def rotate(self) -> None:
        """From now on keys are sealed with a new secret; those sealed with the old ones are found all the same."""
        found = self.identified()
        self.run(self.store.aclose())
        self.secrets = HkdfSecrets({version: SECRET[version] for version in range(1, len(self.secrets.versions) + 2)})
        self.store = self.run(self.house.open("default", self.clock, self.secrets))
        assert self.identified() == found

    @precondition(lambda self: any(self.noted.values()))
    @rule()
    def wrap(self) -> None:
        """Digests of a lost secret are wrapped under a new one; identifiers are found all the same."""
        if len(self.secrets.versions) == 1:
            self.rotate()
        found = self.identified()
        self.run(self.store.wrap_identifiers(1, actor="t"))
        assert self.identified() == found
        self.added()

    @precondition(lambda self: len(self.secrets.versions) > 1)
    @rule()
    def retire(self) -> None:
        self.run(self.store.retire_identifiers(1, actor="t"))
        assert self.look("SELECT 1 FROM identifier_hash WHERE key_version = 1") == []
        self.added()

    @precondition(lambda self: self.past)
    @rule(place=st.integers(0, 50))
    def look_back(self, place: int) -> None:
        self.look_back_to(*self.past[place % len(self.past)])


def run_machine(
    make: Callable[[], House], *, examples: int, steps: int = 50, number: int | None = None, is_to_fail: bool = False
) -> Counter[str]:
    """Run the machine, and return how often it has met what; runs of one `number` are the same each time.

    So are the ids that they make: what is drawn hangs on their order. One that is to fail does so at its first finding.
    """

    counted, noise = Counter[str](), Random()

    class Machine(CrossReferenceMachine):
        make_house = staticmethod(make)
        met = counted

        def __init__(self) -> None:
            noise.seed(number)
            super().__init__()

    with patch("os.urandom", noise.randbytes):
        run_state_machine_as_test(
            Machine if number is None else seed(number)(Machine),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
                phases=(Phase.generate,) if is_to_fail else (Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
            _min_steps=steps - 1,  # without it some runs are cut short
        )
    return counted
