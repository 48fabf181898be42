"""What compiled code hands on to a way that is slower and exact. No text says why: it would hold what was sent.

HandedOnError
  TooDeepError    a plan, of which no code is made: the executor makes its answers
  OddError        one customer: the shape's second function makes it, or else the executor
  DoubtError      an answer, or the variables of a request: graphql-core decides
"""

from __future__ import annotations

__all__ = ["DoubtError", "HandedOnError", "OddError", "TooDeepError"]


class HandedOnError(Exception):
    """The base of all of these."""


class TooDeepError(HandedOnError):
    """The code would nest deeper than Python takes."""


class OddError(HandedOnError):
    """Something about a customer is none of what the code that shapes it is written for."""


class DoubtError(HandedOnError):
    """What was sent, or what was fetched, is not right beyond doubt."""
