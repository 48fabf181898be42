"""The GraphiQL page of each view."""

from gateway.ide.page import Ide, add_ide

__all__ = ["Ide", "add_ide"]
