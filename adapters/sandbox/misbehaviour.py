"""How a sandbox source can be told to misbehave: one list of words, shared by every sandbox source."""

from enum import StrEnum


class Misbehaviour(StrEnum):
    """What a sandbox source does wrong from now on, until told otherwise. `NONE` is ordinary service."""

    NONE = "none"
    SLOW = "slow"
    DOWN = "down"
    ERROR = "error"
    GARBAGE = "garbage"
    WRONG_CUSTOMER = "wrong_customer"
    SHUFFLED = "shuffled"
    CUT = "cut"
