"""What APIs of JSON share: routes that are bounded in bytes and time, and refusals in one form."""

from gateway.json_api.refusals import Refused, reply_of, response_of, wanted_of
from gateway.json_api.routes import Terms, bounded_route

__all__ = ["Refused", "Terms", "bounded_route", "reply_of", "response_of", "wanted_of"]
