"""The tables as the events tell them: each event is folded into rows beside, by nothing but what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.crossref.events import Event, EventType, canonical
from adapters.crossref.verification.beside import Beside, RowTold

__all__ = ["FORGOTTEN", "UNOPENED", "Fold", "Keys", "restriction_id"]

FORGOTTEN = ""
"""In place of the digest of a key whose commitment nothing opens any more."""

UNOPENED = "!"
"""In place of the digest of a key, before the version of the secret that would open it and is not at hand."""

Keys = Mapping[str, str]
"""Link, half of a non-match or identifier -> the digest of the key that its event has committed to, FORGOTTEN, or
UNOPENED with a version."""

_Body = Mapping[str, Any]


class Fold:
    """Folds a tenant's events, in their order, into rows beside."""

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self._folded: Mapping[str, Callable[[Event, _Body, Keys], str | None]] = {
            EventType.SOURCE_REGISTERED: self._source_registered,
            EventType.CUSTOMER_CREATED: self._customer_created,
            EventType.CUSTOMER_RESTRICTED: self._customer_grown,
            EventType.CUSTOMER_SPLIT: self._customer_split,
            EventType.CUSTOMER_ERASED: self._customer_erased,
            EventType.RESTRICTION_LIFTED: self._restriction_lifted,
            EventType.LINK_ADDED: self._customer_grown,
            EventType.LINK_CLOSED: self._link_closed,
            EventType.LINK_MOVED: self._link_moved,
            EventType.KEY_REPLACED: self._key_replaced,
            EventType.NON_MATCH_ASSERTED: self._non_match_asserted,
            EventType.NON_MATCH_CLEARED: self._non_match_cleared,
            EventType.IDENTIFIERS_SEEN: self._identifiers_changed,
            EventType.IDENTIFIERS_FORGOTTEN: self._identifiers_changed,
            EventType.IDENTIFIERS_REKEYED: self._identifiers_changed,
            EventType.CANDIDATE_OPENED: self._candidate_opened,
            EventType.CANDIDATE_DECIDED: self._candidate_decided,
            EventType.CUSTOMERS_MERGED: self._customers_merged,
            EventType.MERGE_UNDONE: self._merge_undone,
        }

    def event(self, event: Event, keys: Keys) -> str | None:
        """Fold the next event; return what is wrong with it, as a constant text, None when nothing is."""
        fold = self._folded.get(event.type)
        if fold is None:
            return "the event is of a type that this release does not know"
        try:
            problem = fold(event, event.body, keys)
        except (KeyError, TypeError, ValueError, AttributeError):
            return "the event tells of what was not there, or leaves out what its type has to tell"
        for customer, leads_to in event.others().items():
            self._beside.put("event_customer", f"{customer} {event.seq}", {"leads_to": leads_to})
        return problem

    def _source_registered(self, event: Event, body: _Body, keys: Keys) -> None:
        self._beside.put(
            "source_system",
            body["name"],
            {name: body[name] for name in ("key_format", "key_mode", "max_live", "priority")},
        )

    def _customer_created(self, event: Event, body: _Body, keys: Keys) -> None:
        self._create(_customer_of(event), event)
        self._open_links(event, keys)
        self._restrict(_customer_of(event), event)

    def _customer_grown(self, event: Event, body: _Body, keys: Keys) -> None:
        self._touch(_customer_of(event), event)
        self._open_links(event, keys)
        self._restrict(_customer_of(event), event)

    def _customer_split(self, event: Event, body: _Body, keys: Keys) -> None:
        if body["created"]:
            self._create(body["to"], event)
        else:
            self._touch(body["to"], event)
        self._touch(body["from"], event)
        self._move_links(event, body["to"], "split")
        self._restrict(body["to"], event)

    def _customer_erased(self, event: Event, body: _Body, keys: Keys) -> str | None:
        gone = [_taken(self._beside.take("link", link)) for link in body["erased"]]
        for non_match in body["non_matches"]:
            self._beside.take("non_match", non_match)  # one that was cleared is not there
        asked = [_taken(self._beside.take("match_candidate", candidate)) for candidate in body["candidates"]]
        gone += [row for row in asked if row["key"] is not None]
        for customer in body["customers"]:
            self._touch(customer, event, status="erased", survivor_id=None)
            gone += self._beside.take_of("identifier_hash", customer)
            self._beside.take_of("restriction", customer)
            self._beside.take_of("match_candidate", customer)
            for second in self._beside.take_of("second_of", customer):
                self._beside.take("match_candidate", second["candidate"])
        is_forgotten = all(row["key"] == FORGOTTEN for row in gone)
        return None if is_forgotten else "what opens the commitment of a key that was erased is still kept"

    def _restriction_lifted(self, event: Event, body: _Body, keys: Keys) -> None:
        self._touch(_customer_of(event), event)
        for one in body["restrictions"]:
            row = _restriction(one["customer"], body["ground"], one["coordinates"])
            lifted = _taken(self._beside.take("restriction", restriction_id(row)))
            self._put_restriction({**lifted, "valid_to": event.at})

    def _link_closed(self, event: Event, body: _Body, keys: Keys) -> None:
        self._touch(_customer_of(event), event)
        for link in body["closed"]:
            self._close(link, event)

    def _link_moved(self, event: Event, body: _Body, keys: Keys) -> None:
        self._touch(body["from"], event)
        self._touch(body["to"], event)
        self._move_links(event, body["to"], "manual")

    def _key_replaced(self, event: Event, body: _Body, keys: Keys) -> None:
        self._touch(_customer_of(event), event)
        for link, status in ((body["superseded"], "superseded"), *((one, "live") for one in body["restored"])):
            self._change("link", link, key_status=status)
        self._open_links(event, keys)

    def _non_match_asserted(self, event: Event, body: _Body, keys: Keys) -> None:
        row: RowTold = {"asserted_by": event.act.actor}
        for half, place in zip(body["pair"], "ab", strict=True):
            row |= {f"source_{place}": half["source"], f"key_{place}": keys[half["link"]]}
        row |= {"reason_code": event.act.reason_code, "reason_ref": event.act.reason_ref, "seq": event.seq}
        self._beside.put("non_match", body["non_match"], row)

    def _non_match_cleared(self, event: Event, body: _Body, keys: Keys) -> None:
        _taken(self._beside.take("non_match", body["non_match"]))

    def _identifiers_changed(self, event: Event, body: _Body, keys: Keys) -> None:
        for one in body["forgotten"]:
            _taken(self._beside.take("identifier_hash", one))
        for told in body["identifiers"]:
            row = {
                "id_type": told["type"],
                "key_version": told["key_version"],
                "key": keys[told["link"]],
                "customer_id": told["customer"],
                "source_id": told["source"],
                "seen_at": told["seen_at"],
                "seq": event.seq,
            }
            self._beside.put("identifier_hash", told["link"], row, told["customer"])
        if body["customer"] is not None:
            self._touch(body["customer"], event)

    def _candidate_opened(self, event: Event, body: _Body, keys: Keys) -> None:
        first, second = body["customers"]
        row = {
            "customer_a": first,
            "customer_b": second,
            "kind": body["kind"],
            "grade": body["grade"],
            "score": None,
            "evidence": body["evidence"],
            "source_id": body["evidence"]["source"] if "link" in body["evidence"] else None,
            "link_id": body["evidence"].get("link"),
            "key": next((keys[told["link"]] for told in body.get("replacing", ())), None),
            "status": "open",
            "decided_by": None,
            "decided_seq": None,
            "opened_seq": event.seq,
        }
        self._beside.put("match_candidate", body["candidate"], row, first)
        if second is not None:
            self._beside.put("second_of", body["candidate"], {"candidate": body["candidate"]}, second)

    def _candidate_decided(self, event: Event, body: _Body, keys: Keys) -> None:
        self._decide(body["candidate"], body["status"], event)

    def _customers_merged(self, event: Event, body: _Body, keys: Keys) -> None:
        self._move_links(event, body["survivor"], "merge")
        for customer in (body["loser"], *body["repointed"]):
            self._touch(customer, event, status="merged", survivor_id=body["survivor"])
        self._touch(body["survivor"], event, self._version(body["loser"]))
        for candidate in body["candidates"]:
            self._decide(candidate, "superseded", event)

    def _merge_undone(self, event: Event, body: _Body, keys: Keys) -> None:
        for move in body["moved"]:
            ended = self._close(move["closed"], event)
            before = self._beside.get("link", move["origin"]) or ended
            said = {name: before[name] for name in ("asserted_by", "method", "confidence")}
            self._open(move["opened"], {**ended, **said, "customer_id": body["loser"]}, event)
        self._touch(body["survivor"], event)
        self._touch(body["loser"], event, self._version(body["survivor"]), status="active", survivor_id=None)
        for customer in body["repointed"]:
            self._touch(customer, event, survivor_id=body["loser"])
        self._restrict(body["loser"], event)
        for candidate, link in body["reopened"].items():
            self._reopen(candidate, link)

    def _create(self, customer: str, event: Event) -> None:
        row = {"status": "active", "survivor_id": None, "version": 1, "created_at": event.at, "changed_seq": event.seq}
        self._beside.put("customer", customer, row)

    def _touch(self, customer: str, event: Event, least: int = 0, **changes: object) -> None:
        row = _taken(self._beside.get("customer", customer))
        counted = {"version": max(row["version"] + 1, least), "changed_seq": event.seq}
        self._beside.put("customer", customer, {**row, **counted, **changes})

    def _version(self, customer: str) -> int:
        version: int = _taken(self._beside.get("customer", customer))["version"]
        return version

    def _open_links(self, event: Event, keys: Keys) -> None:
        body: _Body = event.body
        for told in body["links"]:
            row = {
                "source_id": told["source"],
                "key": keys[told["link"]],
                "customer_id": event.customer_id,
                "key_status": "live",
                **{name: told[name] for name in ("asserted_by", "method", "confidence")},
            }
            self._open(told["link"], row, event)

    def _open(self, link: str, row: RowTold, event: Event) -> None:
        begins = {"valid_from": event.at, "valid_to": None, "opened_seq": event.seq, "closed_seq": None}
        self._beside.put("link", link, {**row, **begins})

    def _close(self, link: str, event: Event) -> RowTold:
        return self._change("link", link, valid_to=event.at, closed_seq=event.seq)

    def _move_links(self, event: Event, customer: str, method: str) -> None:
        body: _Body = event.body
        said = {"customer_id": customer, "asserted_by": event.act.actor, "method": method}
        for move in body["moved"]:
            self._open(move["opened"], {**self._close(move["closed"], event), **said}, event)

    def _change(self, kind: str, row_id: str, **changes: object) -> RowTold:
        row = {**_taken(self._beside.get(kind, row_id)), **changes}
        self._beside.change(kind, row_id, row)
        return row

    def _decide(self, candidate: str, status: str, event: Event) -> None:
        decided = {"status": status, "decided_by": event.act.actor, "decided_seq": event.seq}
        self._change("match_candidate", candidate, **decided)

    def _reopen(self, candidate: str, link: str | None) -> None:
        row = _taken(self._beside.get("match_candidate", candidate))
        about = {} if link is None else {"link_id": link, "evidence": {**row["evidence"], "link": link}}
        self._change("match_candidate", candidate, status="open", decided_by=None, decided_seq=None, **about)

    def _restrict(self, customer: str, event: Event) -> None:
        body: _Body = event.body
        for told in body["restrictions"]:
            row = _restriction(customer, told["ground"], told["coordinates"])
            self._put_restriction({**row, "valid_from": event.at})

    def _put_restriction(self, row: RowTold) -> None:
        row_id, turn = restriction_id(row), 0
        while self._beside.get("restriction", row_id) is not None:
            turn += 1
            row_id = restriction_id(row, turn)
        self._beside.put("restriction", row_id, row, row["customer_id"])


def restriction_id(row: RowTold, turn: int = 0) -> str:
    """Return what a restriction is told by, for events do not name the id that it has in the table.

    Of those that were lifted in the instant in which they were made there can be several alike: `turn` counts them.
    """
    begins = None if row["valid_to"] is None else row["valid_from"]
    return canonical([row["customer_id"], row["ground"], row["coordinates"], begins, row["valid_to"], turn])


def _restriction(customer: str, ground: str, coordinates: Sequence[str]) -> RowTold:
    row = {"customer_id": customer, "ground": ground, "coordinates": coordinates}
    return {**row, "valid_from": None, "valid_to": None}


def _customer_of(event: Event) -> str:
    if event.customer_id is None:
        raise KeyError
    return event.customer_id


def _taken(row: RowTold | None) -> RowTold:
    if row is None:
        raise KeyError
    return row
