"""How well customers are verified, as others assert it with signed, short-lived tokens."""

from gateway.verification.assertions import MOST_ASSERTIONS, MOST_BYTES, Assertions
from gateway.verification.verifiers import Verifier, load_verifiers

__all__ = ["MOST_ASSERTIONS", "MOST_BYTES", "Assertions", "Verifier", "load_verifiers"]
