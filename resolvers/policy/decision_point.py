"""An outside decision point, in the shape of OpenID AuthZEN 1.0: it is asked once a request, and can only narrow.

DecisionUnavailableError    it has not answered, or not what it was asked

What the view's own rules withhold it is not asked about, and nothing that it says shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from adapters.crossref import Subject
from resolvers.policy.evidence import Evidence
from resolvers.policy.verdicts import Verdicts
from resolvers.refusals import Excess, RefusalCode, RefusedError
from resolvers.steps import Coordinates
from schema.deadline import Deadline
from schema.reasons import Reason
from schema.situation import Situation
from schema.verification import Level
from schema.withheld import Withheld

__all__ = [
    "MOST_DECISIONS",
    "Decision",
    "DecisionPoint",
    "DecisionUnavailableError",
    "Evaluation",
    "Question",
    "check_decisions",
    "narrow",
]

MOST_DECISIONS = 10_000
"""The most decisions of one request: customers looked up, times coordinates asked for."""

_UNAVAILABLE = Withheld(Reason.POLICY_UNAVAILABLE)
_DENIED = Withheld(Reason.POLICY_DENIED)
_UNSUPPORTED = Withheld(Reason.OBLIGATION_UNSUPPORTED)


class DecisionUnavailableError(Exception):
    """The decision point has not answered, or not what it was asked. The text is ours and names no host."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a coordinate may be shown of a customer, who is named by the canonical id and verified so well."""

    customer: str = field(repr=False)
    coordinate: str
    level: Level = Level.V0


@dataclass(frozen=True, slots=True)
class Question:
    """What one request asks for: which consumer, through which view, for what, in which situation, and of whom what.

    `roles` are the consumer's, as it is registered.
    """

    consumer: str
    view: str
    purpose: str
    situation: Situation
    roles: frozenset[str] = frozenset()
    evaluations: Sequence[Evaluation] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it is allowed, and whether that is bound to an obligation: the gateway can fulfil none."""

    is_allowed: bool
    is_obliged: bool = False


class DecisionPoint(Protocol):
    """Decides on all evaluations of one request together."""

    async def decide(self, question: Question, deadline: Deadline) -> Sequence[Decision]:
        """Return a decision for each evaluation, in their order.

        Raises:
            DecisionUnavailableError: There is none by the deadline.
        """


def check_decisions(customers: int, coordinates: Coordinates) -> None:
    """Refuse a request for which a decision point would have to decide on too much, whoever of the customers exists.

    Raises:
        RefusedError: QUERY_BUDGET. Nothing has been read.
    """
    decisions = customers * len(coordinates)
    if decisions > MOST_DECISIONS:
        message = f"The query can need {decisions} decisions; {MOST_DECISIONS} a request are taken."
        remedy, excess = "Ask for fewer customers or fields.", Excess("decisions", MOST_DECISIONS, decisions)
        raise RefusedError(RefusalCode.QUERY_BUDGET, message, remedy, excess=excess)


async def narrow(
    point: DecisionPoint,
    verdicts: Verdicts,
    subjects: Sequence[Subject],
    coordinates: Coordinates,
    question: Question,
    evidence: Evidence,
    deadline: Deadline,
) -> None:
    """Withhold what a decision point does not allow of these coordinates; all of it, when it does not answer.

    `question` holds no evaluations yet; `evidence` says how well each customer is verified.
    """
    asked = [
        (subject, coordinate)
        for subject in subjects
        for coordinate in sorted(coordinates - verdicts.of(subject).keys())
    ]
    if not asked:
        return
    evaluations = _evaluations(asked, evidence, verdicts.rules.rules.verification.max_age)
    found = await _decided(point, question, evaluations, deadline)
    narrowed: dict[str, dict[str, Withheld]] = {}
    for (subject, coordinate), verdict in zip(asked, found, strict=True):
        if verdict is not None:
            narrowed.setdefault(subject.customer_id, {})[coordinate] = verdict
    for subject in subjects:
        if subject.customer_id in narrowed:
            verdicts.narrow(subject, narrowed[subject.customer_id])


def _evaluations(asked: Sequence[tuple[Subject, str]], evidence: Evidence, max_age: float) -> Sequence[Evaluation]:
    levels = {subject.customer_id: evidence.level(subject.customer_id, max_age) for subject, _ in asked}
    return tuple(
        Evaluation(subject.customer_id, coordinate, levels[subject.customer_id]) for subject, coordinate in asked
    )


async def _decided(
    point: DecisionPoint, question: Question, evaluations: Sequence[Evaluation], deadline: Deadline
) -> Sequence[Withheld | None]:
    try:
        decisions = await point.decide(replace(question, evaluations=evaluations), deadline)
    except DecisionUnavailableError:
        return [_UNAVAILABLE] * len(evaluations)
    if len(decisions) != len(evaluations):
        return [_UNAVAILABLE] * len(evaluations)
    return [_verdict(decision) for decision in decisions]


def _verdict(decision: Decision) -> Withheld | None:
    if decision.is_obliged:
        return _UNSUPPORTED
    return None if decision.is_allowed else _DENIED
