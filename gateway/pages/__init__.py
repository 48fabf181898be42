"""Pages for people: static files under a policy that lets nothing foreign in, and what several of them share."""

from gateway.pages.page import Front, Page

__all__ = ["Front", "Page"]
