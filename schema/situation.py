"""In what situation a view is asked: what the consumer tells of it with a request, and whether the view takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from schema.view_rules import SituationRule

__all__ = ["NO_SITUATION", "Situation", "faults"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a consumer tells of the situation in which it asks. It is recorded, and a view says which it takes.

    `channel`, `journey` and `objective` are words such as `voice`, `service` and `resolve-issue`. `case`, `interaction`
    and `actor` are references that mean something to the consumer's own systems: a ticket, a call, an employee.
    """

    channel: str | None = None
    journey: str | None = None
    objective: str | None = None
    case: str | None = None
    interaction: str | None = None
    actor: str | None = None

    def told(self) -> dict[str, str]:
        """Return what was told, by its name."""
        if self is NO_SITUATION:
            return {}
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in values if value is not None}


NO_SITUATION = Situation()


def faults(rule: SituationRule, situation: Situation) -> list[str]:
    """Return in words what keeps the situation from being one of the view's, for those who told it.

    A part whose words the view lists is one of them; a reference is told where it is required; no other part is told.
    What was told is not repeated: somebody may have taken a part for another.
    """
    found = [
        *_word("channel", rule.channels, situation.channel),
        *_word("journey", rule.journeys, situation.journey),
        *_word("objective", rule.objectives, situation.objective),
    ]
    for name in ("case", "interaction", "actor"):
        found.extend(_reference(name, getattr(rule, name), getattr(situation, name)))
    return found


def _word(name: str, words: Sequence[str], told: str | None) -> Iterator[str]:
    if told is None and words:
        yield f"The situation tells no {name}, and this view wants one of: {', '.join(words)}"
    elif told is not None and not words:
        yield f"The situation tells {_one(name)}, and this view takes none"
    elif told is not None and told not in words:
        yield f"The situation tells another {name} than this view takes: {', '.join(words)}"


def _reference(name: str, demand: str | None, told: str | None) -> Iterator[str]:
    if told is None and demand == "required":
        yield f"The situation tells no {name}, and this view wants one"
    elif told is not None and demand is None:
        yield f"The situation tells {_one(name)}, and this view takes none"


def _one(name: str) -> str:
    return f"an {name}" if name[0] in "aio" else f"a {name}"
