"""Sources that answer JSON over HTTP."""

from adapters.http.adapter import HttpAdapter
from adapters.http.arguments import AsBody, AsQuery
from adapters.http.offers import HttpOffer
from adapters.http.pages import ByCursor, ByOffset, ByPage, InLastRecord, InLink
from adapters.http.parts import InBody, InPath, InQuery
from adapters.http.telling import DeadlineForm, Told
from adapters.http.transport import AiohttpTransport, BodyTooLarge, open_client
from adapters.http.wire import HttpReply, JsonWire, WireOptions

__all__ = [
    "AiohttpTransport",
    "AsBody",
    "AsQuery",
    "BodyTooLarge",
    "ByCursor",
    "ByOffset",
    "ByPage",
    "DeadlineForm",
    "HttpAdapter",
    "HttpOffer",
    "HttpReply",
    "InBody",
    "InLastRecord",
    "InLink",
    "InPath",
    "InQuery",
    "JsonWire",
    "Told",
    "WireOptions",
    "open_client",
]
