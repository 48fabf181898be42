"""What APIs of JSON share: routes that are bounded in bytes and time, and refusals in one form."""

from gateway.json_api.application import AskingDoor, empty_api
from gateway.json_api.refusals import Refused, reply_of, response_of, wanted_of
from gateway.json_api.routes import Terms, bounded_route

__all__ = [
    "AskingDoor",
    "Refused",
    "Terms",
    "bounded_route",
    "empty_api",
    "reply_of",
    "response_of",
    "wanted_of",
]
