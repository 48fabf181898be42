"""Every call of a cross-reference, made with canaries wherever a value goes, and looked after one by one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from adapters.crossref import (
    Candidate,
    CrossReferenceError,
    IdentifierRules,
    IdentifierType,
    KeyNews,
    Linked,
    Lookup,
    RefusalCode,
    Restriction,
    SourceSystem,
    StoredCrossReference,
)
from tests.gateway.crossref.canaries import CANARIES, EMAIL, IBAN, NATIONAL_ID, OTHER_EMAIL, PHONE, SEALED, TAX_ID
from tests.gateway.crossref.canary_places import Findings

__all__ = ["IDENTIFIERS", "Calls", "walk"]

MAIL = [one.given for one in SEALED]
IDENTIFIERS = {
    IdentifierType.EMAIL: [EMAIL.given],
    IdentifierType.PHONE: [PHONE.given],
    IdentifierType.TAX_ID: [TAX_ID.given],
    IdentifierType.NATIONAL_ID: [NATIONAL_ID.given],
    IdentifierType.IBAN: [IBAN.given],
}
NOBODY = f"cus_{'e' * 32}"


class Calls:
    """Makes calls of a cross-reference, and has everything looked through after each."""

    def __init__(self, store: StoredCrossReference, findings: Findings) -> None:
        self.store, self._findings = store, findings
        self.made: set[str] = set()

    @property
    def all(self) -> set[str]:
        """What a cross-reference can be asked for, but that it be closed and told of without an end."""
        several = inspect.getmembers(type(self.store), inspect.iscoroutinefunction)
        return {name for name, _ in several if not name.startswith("_")} - {"aclose", "open"}

    async def do(self, name: str, *given: Any, tells: bool = False, **more: Any) -> Any:
        """Return what the call returns, which has to be no refusal."""
        outcome = await getattr(self.store, name)(*given, **more)
        self.made.add(name)
        self._findings.look(name, outcome, tells=tells)
        return outcome

    async def refuse(self, name: str, *given: Any, **more: Any) -> None:
        """Make a call that has to be refused."""
        try:
            outcome = await getattr(self.store, name)(*given, **more)
        except CrossReferenceError as error:
            self._findings.look(f"{name} refused", error)
        else:
            raise AssertionError(f"{name} was not refused: {type(outcome).__name__}")

    async def write(self, name: str, *given: Any, **more: Any) -> Linked:
        """Make a write twice under an idempotency key that is a canary, and return what it returns."""
        reasons = {
            "actor": "feed",
            "idempotency_key": f"{name} {EMAIL.given} {PHONE.given}",
            "reason_ref": "T-1",
        } | more
        made = await self.do(name, *given, **reasons)
        assert await self.do(name, *given, **reasons) == made
        assert isinstance(made, Linked)
        return made

    async def link(self, key: str, customer: str | None = None, **more: Any) -> str:
        """Link a sealed key, and return the customer."""
        linked = await self.do("link", "mail", key, customer, asserted_by="feed", **more)
        return str(linked.customer)


async def walk(calls: Calls) -> tuple[str, str]:
    """Make every call but those of erasing, and return two customers who have all canaries between them."""
    await calls.do("register_source", SourceSystem("crm"), actor="admin")
    first, second = await _linked(calls)
    await _decided(calls, first, second)
    await _moved(calls, first, second)
    await _merged(calls, first, second)
    await _loaded(calls)
    await _told(calls, first)
    await _heard(calls)
    await _refused(calls, first, second)
    return first, second


async def _linked(calls: Calls) -> tuple[str, str]:
    first = await calls.link(MAIL[0], idempotency_key=EMAIL.given)
    assert await calls.link(MAIL[0].upper(), idempotency_key=MAIL[0]) == first
    second = await calls.link(MAIL[1])
    await calls.write("note_identifiers", first, "mail", IDENTIFIERS)
    rules = IdentifierRules({IdentifierType.EMAIL: [OTHER_EMAIL.given]})
    shared = {IdentifierType.EMAIL: [EMAIL.given, OTHER_EMAIL.given]}
    await calls.do("note_identifiers", second, "mail", shared, rules=rules, actor="feed")
    await calls.do("note_identifiers", second, "mail", {IdentifierType.EMAIL: [OTHER_EMAIL.given]}, actor="feed")
    await calls.write("forget_identifiers", second, "mail", {IdentifierType.EMAIL: [OTHER_EMAIL.given]})
    await calls.do("note_identifiers", second, "mail", {IdentifierType.EMAIL: [OTHER_EMAIL.given]}, actor="feed")
    return first, second


async def _decided(calls: Calls, first: str, second: str) -> None:
    for key in (None, OTHER_EMAIL.given, OTHER_EMAIL.given):
        await calls.refuse("link", "mail", MAIL[0], second, asserted_by="feed", idempotency_key=key)
    (shared, conflict) = await calls.do("candidates")
    assert isinstance(conflict, Candidate)
    assert await calls.do("candidate", conflict.candidate_id) == conflict
    await calls.write("reject", shared.candidate_id)
    merged = await calls.write("accept", conflict.candidate_id)
    assert (await calls.do("resolve", Lookup(None, second), tells=True)).redirected
    await calls.write("undo_merge", merged.seq)


async def _moved(calls: Calls, first: str, second: str) -> None:
    await calls.link(MAIL[2], first)
    await calls.write("relink", "mail", MAIL[2], second)
    await calls.write("replace_key", "mail", MAIL[2], MAIL[3])
    await calls.write("unlink", "mail", MAIL[3])
    await calls.link(MAIL[3], second)
    pair = Lookup("mail", MAIL[0]), Lookup("mail", MAIL[4])
    await calls.write("assert_non_match", *pair)
    await calls.refuse("link", "mail", MAIL[4], first, asserted_by="feed")
    await calls.write("clear_non_match", *pair)
    await calls.do("assert_non_match", *pair, actor="steward")
    (found,) = await calls.do("non_matches", tells=True)
    assert {found.first.key, found.second.key} == {MAIL[0].lower(), MAIL[4].lower()}
    await calls.refuse("non_matches", after=MAIL[0])


async def _merged(calls: Calls, first: str, second: str) -> None:
    await calls.do("preview_merge", second, first)
    merged = await calls.write("merge", second, first)
    await calls.do("undo_merge", merged.seq, actor="steward")
    await calls.write("merge_oldest", first, second)
    split = await calls.write("split", first, [("mail", MAIL[3])])
    await calls.do("merge", split.customer, first, actor="steward")
    await calls.write("restrict", first, Restriction("gdpr-art-18", frozenset({"Customer.name"})))
    await calls.write("lift", first, "gdpr-art-18")
    await calls.do("restrict", first, Restriction("gdpr-art-18", frozenset({"*"})), actor="officer")


async def _loaded(calls: Calls) -> None:
    rows = [
        (None, {"mail": [MAIL[4]], "crm": ["C-9"]}),
        (None, {"mail": [MAIL[0]], "crm": ["C-9"]}),
        (None, {"mail": [f"{MAIL[0]}\0"]}),
        (EMAIL.given, {"crm": ["C-8"]}),
        (None, {EMAIL.given: ["C-7"]}),
        RefusalCode.ROW_INVALID,
    ]
    report = await calls.do("load", rows, actor="feed")
    assert sum(report.counts.values()) >= 5
    restrictions = {Lookup("mail", MAIL[4]): [Restriction("gdpr-art-18", frozenset({"*"}))], Lookup("mail", "x@y"): []}
    await calls.do("load", rows[:1], actor="feed", restrictions=restrictions)
    await calls.refuse("load", rows[:1], actor="feed", restrictions={Lookup(EMAIL.given, "x"): []})
    await calls.refuse("load", rows[:1], actor="feed", restrictions={Lookup("mail", f"{EMAIL.given}\0"): []})


async def _told(calls: Calls, first: str) -> None:
    lookups = [Lookup("mail", key) for key in MAIL] + [Lookup("mail", f"{key}\0") for key in MAIL]
    lookups += [Lookup(None, values[0], kind) for kind, values in IDENTIFIERS.items()]
    lookups += [Lookup(None, f"{values[0]} no such", kind) for kind, values in IDENTIFIERS.items()]
    lookups += [Lookup("mail", one.given) for one in CANARIES]
    lookups += [Lookup(None, one.given) for one in CANARIES]
    lookups += [Lookup(one.given, "C-1") for one in CANARIES]
    found = await calls.do("resolve_many", lookups, restricted_keys=True, tells=True)
    assert len([one for one in found if one]) >= len(MAIL)
    await calls.do("note_identifiers", first, "mail", IDENTIFIERS, actor="feed")  # what left with keys was forgotten
    for kind, values in IDENTIFIERS.items():
        found = await calls.do("resolve_identifier", kind, values[0], tells=True)
        assert found.customer_id == first
    await calls.refuse("resolve_many", lookups, as_of=datetime.now(UTC))
    lookups = [lookup for lookup in lookups if lookup.identifier is None]
    await calls.do("resolve_many", lookups, as_of=datetime.now(UTC), tells=True)
    for lookup in lookups:
        await calls.do("history", lookup)
    assert (await calls.do("export", Lookup("mail", MAIL[0]), tells=True)).customer == first
    assert (await calls.do("outline", Lookup("mail", MAIL[0]))).customer == first
    assert await calls.do("outline", EMAIL.given) is None
    assert (await calls.do("standing", Lookup("mail", MAIL[0]))).customer == first
    assert await calls.do("standing", EMAIL.given) is None
    assert first in [one.customer for one in await calls.do("known_as", Lookup("mail", MAIL[0]))]
    assert not await calls.do("known_as", EMAIL.given)
    assert not await calls.do("erased", [first, EMAIL.given, PHONE.given])
    await calls.do("export", EMAIL.given)
    changes = await calls.do("changes", 0)
    async for change in calls.store.follow(0):
        if change == changes[-1]:
            break
    await calls.do("sources")
    await calls.do("has_event", 1, b"")
    assert (await calls.do("verify_chain")).holds
    report = await calls.do("verify")
    assert report.holds, report.problems


async def _heard(calls: Calls) -> None:
    subject = await calls.do("resolve", Lookup("mail", MAIL[0]), restricted_keys=True, tells=True)
    links = [linked.link_id for linked in subject.keys["mail"]]
    news = [KeyNews(links[0], MAIL[4]), KeyNews(links[1]), KeyNews(links[2], f"{MAIL[1]}\0"), KeyNews(MAIL[2], "x")]
    await calls.do("hear", news, actor="mail")
    assert "replaced" in str(await calls.do("candidates"))


async def _refused(calls: Calls, first: str, second: str) -> None:
    for wrong in (EMAIL.given, PHONE.given, NATIONAL_ID.given):
        for name, *given in _refusals(wrong, first):
            await calls.refuse(name, *given, **({"asserted_by": "x"} if name == "link" else {"actor": "x"}))
        for reasons in ({"reason_ref": wrong}, {"reason_code": wrong}, {"idempotency_key": f"{wrong}\n"}):
            await calls.refuse("unlink", "mail", MAIL[0], actor="x", **reasons)
        await calls.refuse("unlink", "mail", MAIL[0], actor=f"{wrong}\n")
        await calls.refuse("candidates", wrong)
        await calls.refuse("preview_merge", wrong, first)
        assert await calls.do("candidate", wrong) is None
    await calls.do("link", "mail", MAIL[0], asserted_by="x", idempotency_key="used")
    await calls.refuse("link", "mail", MAIL[1], asserted_by="x", idempotency_key="used")


def _refusals(wrong: str, first: str) -> Iterator[tuple[Any, ...]]:
    """Yield calls with a canary in a place where it does not belong."""
    pair = Lookup("mail", MAIL[0]), Lookup("mail", f"{wrong}\0")
    everything = Restriction(wrong, frozenset({"*"}))
    yield from (("link", wrong, "x"), ("link", "mail", f"{wrong}\0"), ("link", "mail", MAIL[0], wrong))
    yield from (("unlink", wrong, "x"), ("unlink", "mail", wrong), ("unlink", "mail", f"{wrong}\0"))
    yield from (("relink", "mail", MAIL[0], wrong), ("relink", "mail", wrong, first), ("relink", wrong, "x", first))
    yield from (("replace_key", "mail", wrong, "x"), ("replace_key", "mail", MAIL[0], f"{wrong}\0"))
    yield from (("assert_non_match", *pair), ("assert_non_match", pair[0], Lookup(wrong, "x")))
    yield from (("assert_non_match", pair[0], Lookup(None, wrong)), ("clear_non_match", *pair))
    yield from (("merge", wrong, first), ("merge", first, wrong), ("merge_oldest", first, wrong))
    yield from (
        ("split", first, [("mail", wrong)]),
        ("split", wrong, [("mail", "x")]),
        ("split", first, [(wrong, "x")]),
    )
    yield from (("split", first, [("mail", MAIL[0])], wrong), ("restrict", first, everything), ("lift", first, wrong))
    yield from (("restrict", wrong, Restriction("x", frozenset({"*"}))), ("lift", wrong, "x"), ("erase", wrong))
    yield ("restrict", first, Restriction("x", frozenset({wrong})))
    yield from (
        ("accept", wrong),
        ("reject", wrong),
        ("forget_identifiers", wrong),
        ("forget_identifiers", first, wrong),
    )
    for kind in IdentifierType:
        yield ("note_identifiers", first, "mail", {kind: [f"{wrong} no such"]})
        yield ("forget_identifiers", first, "mail", {kind: [f"{wrong} no such"]})
    yield ("note_identifiers", wrong, "mail", IDENTIFIERS)
    yield ("note_identifiers", first, wrong, IDENTIFIERS)
