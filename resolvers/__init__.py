"""How a query becomes few calls: selection, policy, plan, run, assembly, receipt."""

from resolvers.analysis import Analysis
from resolvers.assuming import GATE_WORDS, Assumed
from resolvers.cursors import Cursors
from resolvers.engine import Engine
from resolvers.gates import GateKind
from resolvers.kept import NoRoomError
from resolvers.planning import NotServedError
from resolvers.policy import choose_view
from resolvers.reading import Reader, Request
from resolvers.refusals import RefusalCode, RefusedError

__all__ = [
    "GATE_WORDS",
    "Analysis",
    "Assumed",
    "Cursors",
    "Engine",
    "GateKind",
    "NoRoomError",
    "NotServedError",
    "Reader",
    "RefusalCode",
    "RefusedError",
    "Request",
    "choose_view",
]
