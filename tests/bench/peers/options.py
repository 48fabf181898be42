"""The options of `make bench-peers`, checked before anything is installed, started or deleted."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tests.bench.peers.programs import PEERS
from tests.bench.peers.runs import FULL, QUICK, RUNS, Scale
from tests.bench.peers.workload import QUERIES

__all__ = ["is_part", "options", "scale_of"]

_PEERS = tuple(one.name for one in PEERS)
QUICK_PEERS = ("mercurius-undici", "tailcall", "apollo")

_SCALES = ("connections", "seconds", "warm", "rounds")
"""The options that change how much is measured."""

_INSTALLS = f"""What it installs, where it is not there yet:
  of Debian, when it runs as root: wrk, gcc, Node and npm
  of npm, in build/bench-peers: the other gateways
Without npm those on Node, Hive and Tailcall are left out; without wrk or gcc nothing is measured.

Names for --peers:
  {", ".join(_PEERS[:6])},
  {", ".join(_PEERS[6:])}

A run is whole when no option makes it another one; its figures come on the page. Those of any other run are kept
apart, in build/bench-peers/part.jsonl.

Exit codes: 0 measured or told, 1 nothing was measured, 2 wrong use.
"""


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what was asked for; an option that fits nothing ends the program with code 2 and a message."""
    parser = _parser()
    wanted = parser.parse_args(given)
    if wanted.queries and "closed" not in wanted.runs:
        parser.error("argument --queries: got it without the run `closed`; wanted closed among --runs, or no --queries")
    if wanted.write and is_part(wanted):
        parser.error("argument --write: got it with a part; wanted a whole run, for the page tells of nothing less")
    return wanted


def is_part(wanted: argparse.Namespace) -> bool:
    """Return whether less, or something else, is measured than a whole run does."""
    named = ("runs", RUNS), ("peers", _PEERS), ("queries", QUERIES)
    less = any(getattr(wanted, name) not in (None, [*known]) for name, known in named)
    return bool(wanted.quick or less or scale_of(wanted) != FULL)


def scale_of(wanted: argparse.Namespace) -> Scale:
    """Return how much is measured."""
    said = {name: value for name in _SCALES if (value := getattr(wanted, name)) is not None}
    return replace(QUICK if wanted.quick else FULL, **said)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers",
        description="Measure this gateway beside others, up to an hour, and write docs/performance.md.",
        epilog=_INSTALLS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    connections = ",".join(map(str, FULL.connections))
    parser.add_argument("--quick", action="store_true", help="a smoke run: few gateways, short turns")
    parser.add_argument("--report", action="store_true", help="print what has been measured; nothing is run")
    parser.add_argument("--write", action="store_true", help="write the page also of a whole run that was interrupted")
    parser.add_argument(
        "--peers", type=_some(_PEERS), help=f"these gateways alone (all; with --quick {','.join(QUICK_PEERS)})"
    )
    parser.add_argument("--runs", type=_some(RUNS), default=[*RUNS], help=f"some of {','.join(RUNS)} (all)")
    parser.add_argument("--queries", type=_some(QUERIES), help=f"some of {','.join(QUERIES)}, in the run closed (all)")
    parser.add_argument("--connections", type=_connections, help=f"such as 50,200 ({connections}; with --quick 50)")
    for name, kind, least, most, what in (
        ("seconds", float, 0.05, 60, "seconds of a turn"),
        ("warm", float, 0, 60, "seconds of warming up"),
        ("rounds", int, 1, 100, "turns of a figure"),
    ):
        full, quick = (getattr(scale, name) for scale in (FULL, QUICK))
        told = f"{what}, {least:g} to {most} ({full:g}; with --quick {quick:g})"
        parser.add_argument(f"--{name}", type=_within(kind, least, most), help=told)
    return parser


def _some(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return what reads names joined by commas; they come in their own order, each once."""
    names = [*known]

    def read(given: str) -> list[str]:
        named = given.split(",")
        if unknown := [one for one in named if one not in names]:
            raise argparse.ArgumentTypeError(f"got {', '.join(map(repr, unknown))}; wanted some of {','.join(names)}")
        return [one for one in names if one in named]

    return read


def _within(kind: type[int] | type[float], least: float, most: float) -> Callable[[str], float]:
    def read(given: str) -> float:
        try:
            value = kind(given)
        except ValueError:
            value = kind(-1)
        if not least <= value <= most:
            wanted = "a whole number from" if kind is int else "a number from"
            raise argparse.ArgumentTypeError(f"got {given!r}; wanted {wanted} {least:g} to {most:g}")
        return value

    return read


def _connections(given: str) -> tuple[int, ...]:
    read = _within(int, 1, 1_000)
    return tuple(dict.fromkeys(int(read(one)) for one in given.split(",")))
