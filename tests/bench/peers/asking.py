"""Asks one gateway once, and compares what it answers with what the sources say."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any

from tests.bench.peers.sources import Sources
from tests.bench.peers.workload import QUERIES, Dialect, Query, expected, some_ids

__all__ = ["WrongAnswerError", "check_answers", "post"]


class WrongAnswerError(Exception):
    """A gateway answers something else than the sources say: its figures would say nothing."""


def post(port: int, dialect: Dialect, body: bytes) -> Any:
    """Return the JSON that the gateway answers. Raises OSError or ValueError when it answers none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **dialect.headers}
        connection.request("POST", dialect.path, body, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def check_answers(name: str, port: int, dialect: Dialect, sources: Sources, rounds: int = 2) -> None:
    """Compare every query's answer with the sources' records. Raises WrongAnswerError."""
    for query in QUERIES.values():
        for _ in range(rounds):
            check_answer(name, port, dialect, sources, query, some_ids(query))


def check_answer(name: str, port: int, dialect: Dialect, sources: Sources, query: Query, ids: list[int]) -> None:
    """Compare one answer with the sources' records. Raises WrongAnswerError."""
    answered = post(port, dialect, dialect.body(query, ids))
    wanted = expected(query, sources.records(ids) if ids else [])
    if answered.get("data") != wanted or answered.get("errors"):
        raise WrongAnswerError(f"{name} answers {query.name} otherwise than the sources say: {str(answered)[:300]}")
