"""Many random operations about random facts, answered both ways, and what has to have occurred in them."""

from __future__ import annotations

from random import Random

from graphql import DocumentNode, print_ast
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.resolvers.differential.both_ways import Both, Tally, both_ways
from tests.resolvers.differential.documents import documents
from tests.resolvers.differential.mutating import mutated
from tests.resolvers.differential.occurring import EVERYWHERE, OF_MODELS
from tests.resolvers.differential.scripted import Mood, Script
from tests.resolvers.differential.worlds import world

__all__ = ["check", "compare"]

_MUTANTS = 6
"""How many operations are made of one generated document: it takes longer to generate than to answer."""

_LEAST_SHARE, _LEAST_OF_MODEL = 0.02, 0.005
"""In what part of the operations each thing has to occur: what every model has, and what few places of one have."""

_MOODS = (Mood.CLEAN, Mood.OUTAGE, Mood.TROUBLED, Mood.TROUBLED)


def compare(name: str, operations: int) -> Tally:
    """Ask at least so many different operations of a world, each about several sets of facts.

    Raises:
        AssertionError: Both ways differ.
    """
    with both_ways(world(name)) as both:
        while both.tally.documents < operations:  # hypothesis may stop early, and what is refused does not count
            left = operations - both.tally.documents
            _compare(both, name, examples=-(-left // _MUTANTS))
    return both.tally


def _compare(both: Both, name: str, examples: int) -> None:
    @settings(
        max_examples=max(10, examples),
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(document=documents(name), seed=st.integers(0, 2**32))
    def alike(document: DocumentNode, seed: int) -> None:
        for number in range(_MUTANTS):
            _ask(both, document, f"{seed} {number} {print_ast(document)}", plain=not (seed or number))

    alike()


def _ask(both: Both, document: DocumentNode, seed: str, *, plain: bool) -> None:
    """Ask one operation that is made of a document; `plain`: the document itself, about clean facts first."""
    chance = Random(seed)
    operation = mutated(both.world.schema, document, chance, plain=plain)
    mood = Mood.CLEAN if plain else chance.choice(_MOODS)
    restricts = mood is not Mood.CLEAN and chance.random() < 0.5
    both.speak(Script(str(chance.random()), mood, rows=chance.random() < 0.4, restricts=restricts))
    note(f"{operation}\n{both.script}")
    both.ask(operation, chance)


def check(tally: Tally, name: str) -> None:
    """Everything occurred often enough, and nothing was handed on but for what is restricted or of a wrong type.

    Raises:
        AssertionError: Something did not.
    """
    least = dict.fromkeys(OF_MODELS[name], _LEAST_OF_MODEL) | dict.fromkeys(EVERYWHERE, _LEAST_SHARE)
    rare = {
        what: tally.occurred[what] for what, share in least.items() if tally.occurred[what] < share * tally.documents
    }
    assert not rare
    assert tally.occurred["page that was gone on with"]
    assert tally.rows
    assert all(tally.entries[what] for what in ("errors", "withheld", "masked", "absent", "a kept shape"))
    assert tally.answered["clean"]
    assert tally.answered["clean, rows"]
    assert not tally.not_compiled()
    assert not tally.left_alone()
