"""Sources that answer JSON over HTTP."""

from adapters.http.adapter import HttpAdapter, HttpReply, Told
from adapters.http.offers import HttpOffer, InBody, InPath, InQuery
from adapters.http.transport import AiohttpTransport, BodyTooLarge, open_client

__all__ = [
    "AiohttpTransport",
    "BodyTooLarge",
    "HttpAdapter",
    "HttpOffer",
    "HttpReply",
    "InBody",
    "InPath",
    "InQuery",
    "Told",
    "open_client",
]
