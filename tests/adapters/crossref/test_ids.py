"""Ids that ascend, and events whose hash is taken in parts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from adapters.crossref.events import Act, Event, canonical, commitment
from adapters.crossref.ids import is_customer_id, new_id, new_uuids

AT = datetime(2026, 11, 22, tzinfo=UTC)


def test_ids_that_are_made_together_ascend_and_differ() -> None:
    """They are taken from the end; none of the 74 bits stands still."""
    made = new_uuids(AT, 1000)
    ids = [f"cus_{made.pop()}" for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert all(map(is_customer_id, ids))


@pytest.mark.parametrize(("drawn", "behind"), [(0, "7000" + "8" + "0" * 15), (0xFF, "7fff" + "b" + "f" * 15)])
def test_an_id_is_a_uuid_of_version_7(drawn: int, behind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version and variant stand where RFC 9562 has them."""
    monkeypatch.setattr("os.urandom", lambda count: bytes([drawn]) * count)
    assert new_id("lnk", AT) == f"lnk_{int(AT.timestamp() * 1000):012x}{behind}"


def test_a_commitment_is_that_of_a_list_of_texts() -> None:
    """Whatever they contain."""
    salt, texts = b"s" * 32, ["lnk_1", "crm", 'a"\\é\u2028😀']
    digest = hmac.digest(salt, canonical(texts).encode(), "sha256")
    assert commitment(salt, *texts) == base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("body", [{}, {"a": [1.5, None], "é": '","body":0,"'}])
@pytest.mark.parametrize("prev", [None, b"\x01" * 32])
def test_the_hash_of_an_event_is_that_of_one_object(body: dict[str, object], prev: bytes | None) -> None:
    """Its parts are put together as the canonical text of the whole has them."""
    event = Event(
        "t", 7, "2026-11-22T00:00:00.000000Z", "link.added", None, Act("x", "code", 'a","body":{'), body, prev
    )
    whole = {
        "tenant": "t",
        "seq": 7,
        "at": event.at,
        "type": "link.added",
        "customer_id": None,
        "actor": "x",
        "reason_code": "code",
        "reason_ref": 'a","body":{',
        "body": body,
        "prev_hash": prev.hex() if prev else None,
    }
    assert event.hash() == event.hash(canonical(body)) == hashlib.sha256(canonical(whole).encode()).digest()
