"""Who asks."""

from __future__ import annotations

from gateway.crossref.answers import ConsumerTold
from gateway.crossref.asking import Asked
from gateway.crossref.roles import ANYBODY
from gateway.crossref.routes import Operation

__all__ = ["CONSUMERS"]


async def get_consumer(asking: Asked) -> ConsumerTold:
    """Tell who asks.

    The consumer to whom the token belongs, its roles in the cross-reference, and the sources whose keys alone it may
    write, if it may not write those of all.
    """
    roles = sorted(asking.roles & frozenset(ANYBODY))
    return ConsumerTold(consumer=asking.consumer, roles=roles, sources=sorted(asking.sources))


CONSUMERS = (Operation("GET", "/consumer", get_consumer, ANYBODY),)
