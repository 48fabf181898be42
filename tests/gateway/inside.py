"""What holds for every answer of the bridge's gateway: its form, its codes, and nothing of the inside in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from httpx import Response

from gateway.refusals import RequestCode
from resolvers import RefusalCode
from schema.reasons import Place, Reason
from tests.gateway.bridge import INSIDE

__all__ = ["HIDDEN", "JSON", "RESPONSE", "check_answer", "check_reply"]

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"

HIDDEN = ("callSign", "draught", "LogEntry", "PortCall", "portCalls", "lastSeen", "LastSeen", "leastDays", "logbook")
"""What is in the model and not in the view."""

_NEEDLES = (
    *HIDDEN,
    *(INSIDE[start : start + 12] for start in range(0, len(INSIDE) - 12, 6)),
    *(
        "Traceback",
        "Exception",
        "ValueError",
        "KeyError",
        "TypeError",
        "GraphQLError",
        ".py",
        "0x7f",
        "<class",
        "object at",
        "lambda",
        "site-packages",
    ),
    *("adapters.", "gateway/", "resolvers.", "strawberry", "graphql-core", "pydantic", "MemorySource", "RuntimeError"),
    *("ship_name", "flag_code", "call_sign", "heard_under", "seen_under", "is_rough", "locode", "notebook"),
    str(Path.home()) + "/",
    str(Path(__file__).parents[2]),
)
"""What no answer may hold: texts of the inside, what the view hides, and names in the sources' records."""

_KEY_OF_A_SOURCE = re.compile(r"\b(N?R[1-4](-\d)?|S[1-3]|NLRTM|NOBGO|registry|sonar|states|imo|mmsi)\b")
"""Keys and names of sources: in data they may stand as values, in what is said of it never."""

_CODES = frozenset(map(str, (*RequestCode, *RefusalCode, *(one for one in Reason if one.place is Place.ERROR))))


def check_answer(response: Response, accepted: str, asked: str) -> None:
    """Check what holds for every answer; `asked` is the text of the request, which may hold a key itself."""
    assert response.headers["content-type"] == f"{RESPONSE if accepted == RESPONSE else JSON}; charset=utf-8"
    check_reply(response, asked)


def check_reply(response: Response, asked: str) -> None:
    """Check what holds for every reply that has a body, whatever the request was."""
    assert response.status_code < 500, response.text
    assert response.headers["content-type"].removesuffix("; charset=utf-8") in (JSON, RESPONSE)
    answer = response.json()
    assert answer.keys() <= {"data", "errors", "extensions"}
    assert answer.keys() & {"data", "errors"}
    told = [needle for needle in _NEEDLES if needle in response.text]
    assert not told, f"{told} in {response.text}"
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] in _CODES
        assert error["message"]
    said = json.dumps([answer.get("errors"), answer.get("extensions")])
    keys = {found[0] for found in _KEY_OF_A_SOURCE.finditer(said)} - _known(asked)
    assert not keys, f"{keys} in {said}"


def _known(asked: str) -> set[str]:
    """The names that the view itself has, and what the request itself says."""
    return {"registry", "sonar", *re.findall(r"\w+", asked)}
