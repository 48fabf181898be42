"""What the programs of the Python clients share: the same five queries as those of Node, and how they are told.

Each program is run as `python -m ... URL TOKEN QUERIES` and prints as JSON what the client hands to its caller.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

URL, TOKEN, FOLDER = sys.argv[1:4]
ACCEPT = "application/graphql-response+json, application/json;q=0.9"
STRANGER = "cv_" + "x" * 43

ANNA = {"by": {"registry": "R1"}}
BERTA = {"by": {"registry": "R2"}}
HULL = {**ANNA, "many": [{"sonar": "S2"}, {"registry": "nobody"}], "withSize": True}
PAGE = 3


def read(name: str) -> str:
    """Return the text of a query."""
    return (Path(FOLDER) / f"{name}.graphql").read_text("utf-8")


def headers(token: str, *, by_itself: bool = False) -> dict[str, str]:
    """Return the headers of a caller: who asks and, unless the client is left to itself, what answer is wanted."""
    bearer = {"Authorization": f"Bearer {token}"}
    return bearer if by_itself else {"Accept": ACCEPT, **bearer}


def codes(errors: Any) -> list[str]:
    """Return the codes of errors in the form of a GraphQL response."""
    return [one["extensions"]["code"] for one in errors or ()]


def withheld(extensions: Mapping[str, Any] | None) -> list[str]:
    """Return the coordinates that are withheld."""
    return [one["coordinate"] for one in (extensions or {}).get("withheld", ())]


def walk(ask: Callable[[dict[str, Any]], Any]) -> list[list[int]]:
    """Ask for page after page, and return the numbers on each."""
    pages, after, has_next = [], None, True
    while has_next:
        voyages = ask({**ANNA, "first": PAGE, "after": after})["vessel"]["voyages"]
        pages.append([edge["node"]["number"] for edge in voyages["edges"]])
        has_next, after = voyages["pageInfo"]["hasNextPage"], voyages["pageInfo"]["endCursor"]
    return pages


def tell(told: Mapping[str, Any]) -> None:
    """Print what came back."""
    sys.stdout.write(json.dumps(told) + "\n")
