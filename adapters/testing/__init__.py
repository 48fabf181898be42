"""The contract that every adapter keeps, as a suite of tests to inherit. Ships with the product, needs no plugin."""

from adapters.testing.contract import AdapterContract
from adapters.testing.source import HOSTILE_KEYS, Misbehaviour, SeenCall, SourceUnderTest, every_field

__all__ = ["HOSTILE_KEYS", "AdapterContract", "Misbehaviour", "SeenCall", "SourceUnderTest", "every_field"]
