"""The GraphiQL page of each view, and the plan that it shows beside an answer."""

from gateway.ide.explaining import explain_request
from gateway.ide.page import Ide, add_ide

__all__ = ["Ide", "add_ide", "explain_request"]
