"""What records say: who was shown what of whom, and never a value or an id."""

from __future__ import annotations

from dataclasses import replace

import orjson

from gateway.audit import Lasting, Refused
from resolvers.disclosure import Disclosed, Effect
from schema.grants import Grant
from schema.reasons import Reason
from schema.verification import Level
from tests.gateway.audit.books import KEYS, SHOWN, Books, disclosure

ANNE, BEN = "cus_0000000000000000000000000000a11e", "cus_000000000000000000000000000000be"


async def test_a_record_says_who_was_shown_what_of_whom_why_and_in_which_situation(books: Books) -> None:
    """Customers of whom the same was decided stand together; the first code of each is what was told."""
    async with books.log().running() as log:
        await log.record(replace(disclosure(ANNE, BEN), request="req-1"))
    told = orjson.loads(books.lines[-1])
    assert {name: told[name] for name in ("writer", "seq", "at", "kind", "key")} == {
        "writer": books.files[0].name.split("-")[3],
        "seq": 2,
        "at": "2026-11-22T12:00:00.000000Z",
        "kind": "request",
        "key": KEYS.current,
    }
    assert {
        name: value for name, value in told.items() if name not in ("writer", "seq", "prev", "key", "at", "mac")
    } == {
        "kind": "request",
        "request": "req-1",
        "view": "support-call@3",
        "purpose": "CustomerCare",
        "basis": "A6-1-b",
        "consumer": "agent-desktop",
        "situation": {"channel": "voice", "case": "T-1", "actor": "e-17"},
        "ms": 12.0,
        "customers": 2,
        "calls": {"crm": 1},
        "shown": [
            {
                "level": "V2",
                "customers": [KEYS.reference(ANNE), KEYS.reference(BEN)],
                "allow": ["Customer.segment"],
                "transform": {"VALUE_MASKED": ["Customer.name"]},
                "withhold": {"VERIFICATION_REQUIRED+CONSENT_MISSING": ["Customer.accounts"]},
            }
        ],
    }


async def test_what_was_out_of_reach_was_not_shown(books: Books) -> None:
    """It was decided to be shown, and all that leads to it was withheld."""
    effects = {"Customer.name": Effect("allow"), "Name.given": Effect("allow"), "Name.family": Effect("transform")}
    one = Disclosed(ANNE, Level.V2, effects, out_of_reach=frozenset({"Name.given", "Name.family"}))
    async with books.log().running() as log:
        await log.record(replace(disclosure(), customers=[one]))
    (group,) = orjson.loads(books.lines[-1])["shown"]
    assert group == {"level": "V2", "customers": [KEYS.reference(ANNE)], "allow": ["Customer.name"]}


async def test_what_an_order_tells_stands_apart_from_what_was_shown(books: Books) -> None:
    """In `told`, unless it is withheld: then the list was withheld for it."""
    effects = {
        "Order.number": Effect("allow"),
        "Order.placedAt": Effect("allow"),
        "Order.sentAt": Effect("withhold", (Reason.VERIFICATION_REQUIRED,)),
    }
    one = Disclosed(ANNE, Level.V2, effects, told=frozenset({"Order.placedAt", "Order.sentAt"}))
    async with books.log().running() as log:
        await log.record(replace(disclosure(), customers=[one]))
    (group,) = orjson.loads(books.lines[-1])["shown"]
    del group["customers"]
    assert group == {
        "level": "V2",
        "told": ["Order.placedAt"],
        "allow": ["Order.number"],
        "withhold": {"VERIFICATION_REQUIRED": ["Order.sentAt"]},
    }


async def test_fifty_customers_alike_take_one_copy_of_what_was_decided(books: Books) -> None:
    """Another level, other effects or a refusal make another group; who was not found is counted."""
    many = [Disclosed(f"cus_{number:032x}", Level.V2, SHOWN) for number in range(50)]
    others = [
        Disclosed(ANNE, Level.V0, SHOWN),
        Disclosed(BEN, Level.V2, {"Customer.name": Effect("allow")}),
        Disclosed(None, Level.V0, {}, Reason.SUBJECT_UNKNOWN),
        Disclosed(None, Level.V0, {}, Reason.SUBJECT_UNKNOWN),
        Disclosed("cus_" + "c" * 32, Level.V0, {}, Reason.RELATIONSHIP_REQUIRED),
    ]
    async with books.log().running() as log:
        await log.record(replace(disclosure(), customers=[*many, *others]))
    groups = orjson.loads(books.lines[-1])["shown"]
    assert [len(group.get("customers", ())) for group in groups] == [50, 1, 1, 0, 1]
    assert groups[3] == {"level": "V0", "refused": "SUBJECT_UNKNOWN", "unknown": 2}
    assert groups[4]["refused"] == "RELATIONSHIP_REQUIRED"
    assert len(books.lines[-1]) < 4_500


async def test_no_id_of_a_customer_stands_in_a_record(books: Books) -> None:
    """A reference takes its place, also in a grant and in what else happens; without the key it tells nothing."""
    grant = Grant("bg_1", "fraud-review@1", ANNE, "fraud-desk", "e-17", "suspected-fraud", "T-9", 0.0)
    async with books.log().running() as log:
        await log.record(replace(disclosure(ANNE), grant=grant))
        await log.record_event("break-glass.opened", {"grant": "bg_1"}, customer=ANNE)
    written = b"".join(books.lines)
    assert ANNE[4:].encode() not in written
    request, event = map(orjson.loads, books.lines[-2:])
    assert request["grant"] == {
        "id": "bg_1",
        "customer": KEYS.reference(ANNE),
        "actor": "e-17",
        "reason": "suspected-fraud",
        "reference": "T-9",
    }
    assert (event["kind"], event["customer"]) == ("break-glass.opened", KEYS.reference(ANNE))
    assert event["happened"] == {"grant": "bg_1"}


async def test_what_a_grant_has_opened_stands_with_its_customer(books: Books) -> None:
    """By the id of the grant; customers of whom the same was decided otherwise stand apart."""
    grant = Grant("bg_1", "fraud-review@1", ANNE, "fraud-desk", "e-17", "suspected-fraud", "T-9", 0.0)
    shown = [Disclosed(ANNE, Level.V0, SHOWN, opened=("Customer.segment",)), Disclosed(BEN, Level.V0, SHOWN)]
    async with books.log().running() as log:
        await log.record(replace(disclosure(), customers=shown, grant=grant))
        await log.record(replace(disclosure(BEN), grant=grant))
    told, unopened = map(orjson.loads, books.lines[-2:])
    assert [group.get("opened") for group in told["shown"]] == [{"bg_1": ["Customer.segment"]}, None]
    assert [group["customers"] for group in told["shown"]] == [[KEYS.reference(ANNE)], [KEYS.reference(BEN)]]
    assert (unopened["grant"]["id"], "opened" in unopened["shown"][0]) == ("bg_1", False)


async def test_for_whom_somebody_acts_stands_in_a_record_as_a_reference(books: Books) -> None:
    """What names them may be an id of a customer or a source's key: neither stands in a record."""
    shown = [Disclosed(ANNE, Level.V1, SHOWN, acting_for=(BEN, "child-3")), Disclosed(BEN, Level.V1, SHOWN)]
    async with books.log().running() as log:
        await log.record(replace(disclosure(), customers=shown))
    first, second = orjson.loads(books.lines[-1])["shown"]
    assert first["actingFor"] == [KEYS.reference(BEN), KEYS.reference("child-3")]
    assert "actingFor" not in second
    assert not [name for name in (ANNE, BEN, "child-3") if name.encode() in b"".join(books.lines)]


async def test_a_refusal_is_recorded_with_its_code(books: Books) -> None:
    """Whoever was refused, by which view, where one was meant that exists."""
    async with books.log().running() as log:
        await log.record_refusal(Refused("agent-desktop", "VIEW_UNKNOWN", None, "req-2", 0.001))
    told = orjson.loads(books.lines[-1])
    assert (told["kind"], told["consumer"], told["code"], told["ms"]) == ("request", "agent-desktop", "VIEW_UNKNOWN", 1)
    assert "view" not in told


async def test_events_are_read_back_from_every_process(books: Books) -> None:
    """In the order in which they were written, of the kinds that are read back, with whether they are as written."""
    for number in range(3):
        async with books.log().running() as log:
            await log.record_event("break-glass.opened", {"grant": f"bg_{number}"})
            await log.record_event("who-saw.asked", {})
        books.at += 86_400
    changed = books.files[1]
    changed.write_bytes(changed.read_bytes().replace(b"bg_1", b"bg_7"))
    found = await books.log(lasting=Lasting(("break-glass.opened",))).read_events(list)
    assert [(one.members["happened"]["grant"], one.is_signed) for one in found] == [
        ("bg_0", True),
        ("bg_7", False),
        ("bg_2", True),
    ]
