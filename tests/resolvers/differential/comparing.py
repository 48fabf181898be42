"""Many random operations about random facts, answered both ways, and what has to have occurred in them."""

from __future__ import annotations

from random import Random

from graphql import DocumentNode, print_ast
from hypothesis import HealthCheck, Phase, given, note, seed, settings
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

_EXAMPLES_A_SEED = 10
"""How many documents are generated before hypothesis is begun anew: what it makes of one seed is of few kinds."""

_MOST_SEEDS = 3
"""How many times the seeds that would do are tried: hypothesis may stop early, and what is known does not count."""

_TOLD = (
    "errors",
    "withheld",
    "masked",
    "absent",
    "a kept shape",
    "customers told apart",
    "a usual profile with verdicts",
    "masks of some",
)
"""What has to have been in answers, or to have been the case."""

_MOODS = (Mood.CLEAN, Mood.OUTAGE, Mood.TROUBLED, Mood.TROUBLED)


def compare(name: str, operations: int, *, first_seed: int) -> Tally:
    """Ask at least so many different operations of a world, each about several sets of facts.

    The same seed makes the same operations, on every machine: hypothesis by itself makes other ones at each run, and
    the same ones again and again where it finds the variable CI.

    Raises:
        AssertionError: Both ways differ, or there are not so many operations.
    """
    seeds = range(first_seed, first_seed + _MOST_SEEDS * operations // (_MUTANTS * _EXAMPLES_A_SEED))
    with both_ways(world(name)) as both:
        for one in seeds:
            if both.tally.documents < operations:
                _compare(both, name, one)
    assert both.tally.documents >= operations
    return both.tally


def _compare(both: Both, name: str, chosen: int) -> None:
    @seed(chosen)
    @settings(
        max_examples=_EXAMPLES_A_SEED,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(document=documents(name), salt=st.integers(0, 2**32))
    def alike(document: DocumentNode, salt: int) -> None:
        note(f"seed {chosen}")
        for number in range(_MUTANTS):
            _ask(both, document, f"{chosen} {salt} {number} {print_ast(document)}", plain=not (salt or number))

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
    assert all(tally.entries[what] for what in _TOLD)
    assert tally.answered["clean"]
    assert tally.answered["clean, rows"]
    assert not tally.not_compiled()
    assert not tally.left_alone()
