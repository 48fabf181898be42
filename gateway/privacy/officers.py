"""Who asks."""

from __future__ import annotations

from gateway.privacy.asking import Asked
from gateway.privacy.operation import Operation
from gateway.told import Told

__all__ = ["OFFICERS"]

_KIND = "privacy.entered"


class OfficerTold(Told):
    """A consumer with the role privacy-officer."""

    consumer: str


async def get_officer(asking: Asked) -> OfficerTold:
    """Tell who asks: the consumer to whom the token belongs."""
    return OfficerTold(consumer=asking.caller.consumer)


OFFICERS = (Operation("GET", "/consumer", get_officer, _KIND),)
