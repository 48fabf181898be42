"""What APIs of JSON share: routes that are bounded in bytes and time, and refusals in one form."""

from gateway.json_api.application import AskingDoor, empty_api
from gateway.json_api.refusals import Refused, reply_of, response_of, wanted_of
from gateway.json_api.routes import Terms, bounded_route
from gateway.json_api.told import Told

__all__ = [
    "AskingDoor",
    "Refused",
    "Terms",
    "Told",
    "bounded_route",
    "empty_api",
    "reply_of",
    "response_of",
    "wanted_of",
]
