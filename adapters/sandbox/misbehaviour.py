"""How a sandbox source can be told to misbehave: one list of words, shared by every sandbox source."""

from enum import StrEnum


class Misbehaviour(StrEnum):
    """What a sandbox source does wrong from now on, until told otherwise. `NONE` is ordinary service."""

    NONE = "none"
    SLOW = "slow"
    HANG = "hang"
    DRIP = "drip"
    DOWN = "down"
    RESET = "reset"
    ERROR = "error"
    FLAPPING = "flapping"
    THROTTLED = "throttled"
    BUSY = "busy"
    REDIRECT = "redirect"
    GARBAGE = "garbage"
    WRONG_TYPE = "wrong_type"
    TRUNCATED = "truncated"
    DEEP = "deep"
    HEADERS = "headers"
    HUGE = "huge"
    BOMB = "bomb"
    WRONG_CUSTOMER = "wrong_customer"
    FOREIGN = "foreign"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    SHUFFLED = "shuffled"
    CUT = "cut"
