"""What the data-protection officer is told, and their page."""

from gateway.privacy.application import make_privacy

__all__ = ["make_privacy"]
