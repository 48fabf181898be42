"""Why a goal is not reached, where it is not: one plain sentence each, for the page."""

from __future__ import annotations

from tests.bench.peers.programs import PEERS

__all__ = ["BYTES", "BY_HAND", "CALLS", "DOWN", "GROWING", "LATENCY", "MEMORY", "ONE_KEY", "of_peer"]

BYTES = "The sources' answers hold more than the field and its key, or were shared by too few requests."
BY_HAND = "What is left of a request here is mostly HTTP and reading, which every request pays: see Q0."
CALLS = "Requests share a call only when they ask while an earlier one is under way, and too few did."
DOWN = "Each null gets an error with its code and path, and the receipt tells of the attempt."
GROWING = "Some step of a request grows faster than what is asked for: `make bench OPTIONS='--only customers,fields'`."
LATENCY = "With nobody else asking, what is added is the CPU of one request, which is more here: see Q1 at 1."
MEMORY = (
    "The parts of the cross-reference's file that the system keeps mapped count as this gateway's memory: "
    "the table of memory tells how much is of no file."
)
ONE_KEY = "Each key is a call of its own, and a call costs Python's HTTP client more than Node's."

_COMPILED = (
    "{}, ours is interpreted Python; and it looks up no keys, checks neither caller nor view and writes no receipt: "
    "Q0 and the receipts tell what some of that takes."
)
_ON_NODE = "Node compiles the JavaScript that runs often"
_BY_ITS_KIND = {"tailcall": "Tailcall is compiled Rust", "node": _ON_NODE, "hive": _ON_NODE}
_INSTALLED = {one.name: one.installed for one in PEERS}


def of_peer(program: str) -> str:
    """Return why this other gateway may need less CPU."""
    kind = _BY_ITS_KIND.get(_INSTALLED[program] or "")
    return _COMPILED.format(kind) if kind else "It is tuned by hand for this workload, and does nothing beside it."
