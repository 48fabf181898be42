"""What is wrong with an assertion, for the gateway's own log: a caller is told that one is not taken, and not why.

FaultyError    an assertion is not taken; `fault` says which check it failed
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Fault", "FaultyError"]


class Fault(StrEnum):
    """Which check an assertion failed. None says anything of its content."""

    NO_VERIFIERS = "NO_VERIFIERS"
    """The gateway knows nobody whose assertions it takes."""
    TOO_MANY = "TOO_MANY"
    """There are more of them, or they are longer, than is read; or one stands twice."""
    FORM = "FORM"
    """It is no signed token in compact form, or its JSON cannot be read in one way alone."""
    HEADER = "HEADER"
    """Its header has a member that is not taken, or lacks one."""
    ISSUER = "ISSUER"
    """It is from nobody who is known."""
    ALGORITHM = "ALGORITHM"
    """It is signed by an algorithm that its issuer does not use."""
    KEY = "KEY"
    """It is signed with a key that its issuer does not have, or that is for another algorithm."""
    SIGNATURE = "SIGNATURE"
    """The signature is not that of the key."""
    CLAIM = "CLAIM"
    """A claim is missing, or of another form."""
    AUDIENCE = "AUDIENCE"
    """It is for somebody else than this gateway."""
    NOT_YET_VALID = "NOT_YET_VALID"
    """It is from a time that is yet to come."""
    LIFETIME = "LIFETIME"
    """It holds for longer than its issuer's may, or for no time."""
    CONSUMER = "CONSUMER"
    """It is for another consumer."""
    INTERACTION = "INTERACTION"
    """It is of another interaction than the one that the request tells, or the request tells none."""


class FaultyError(Exception):
    """An assertion that is not taken. The text is the fault's code alone."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))
