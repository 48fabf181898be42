"""Requests of people with bad intentions or broken clients, and how each is refused."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field

from tests.gateway.greenhouse import GARDENER

__all__ = ["HOSTILE", "MARK", "Hostile"]

MARK = b"s3ntinel"
"""Stands in what is sent, and so in no answer."""

_QUERY = b'{"query":"{ s3ntinel }"}'
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class Hostile:
    """A request, and the status and code of its refusal."""

    what: str
    status: int
    code: str
    body: bytes = b""
    query_string: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (_JSON,)
    method: str = "POST"
    path: str = "/views/watering/graphql"
    token: str | None = field(default=GARDENER, repr=False)

    @property
    def every_header(self) -> list[tuple[bytes, bytes]]:
        """Its headers, with host, token and length."""
        names = {name for name, _ in self.headers}
        own = [(b"host", b"greenhouse"), *self.headers]
        if self.token is not None:
            own.append((b"authorization", f"Bearer {self.token}".encode()))
        if self.method == "POST" and not names & {b"content-length", b"transfer-encoding"}:
            own.append((b"content-length", b"%d" % len(self.body)))
        return own

    @property
    def raw(self) -> bytes:
        """It as bytes on a socket, after which the client wants the connection closed."""
        target = self.path.encode() + (b"?" + self.query_string if self.query_string else b"")
        lines = [b"%s %s HTTP/1.1" % (self.method.encode(), target)]
        lines += [b"%s: %s" % each for each in [*self.every_header, (b"connection", b"close")]]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


def _bodies() -> list[Hostile]:
    deep = 1500
    bad = {
        "nothing": b"",
        "a space": b" ",
        "null": b"null",
        "an array": b'[{"query":"{ s3ntinel }"}]',
        "a text": b'"s3ntinel"',
        "a number": b"1",
        "half an object": b'{"query":"{ s3ntinel }"',
        "two objects": _QUERY * 2,
        "an object with a comma": b'{"query":"s3ntinel",}',
        "a comment": b'/* s3ntinel */ {"query":"{a}"}',
        "single quotes": b"{'query':'s3ntinel'}",
        "a byte order mark": b"\xef\xbb\xbf" + _QUERY,
        "UTF-16": _QUERY.decode().encode("utf-16"),
        "UTF-32": _QUERY.decode().encode("utf-32-le"),
        "bytes that are not UTF-8": b'{"query":"s3ntinel \xff\xfe"}',
        "UTF-8 cut short": b'{"query":"s3ntinel \xf0\x9f"}',
        "overlong UTF-8": b'{"query":"s3ntinel \xc0\xaf"}',
        "a surrogate in UTF-8": b'{"query":"s3ntinel \xed\xa0\x80"}',
        "half a character": b'{"query":"s3ntinel \\ud800"}',
        "half a character in a name": b'{"query":"s3ntinel","\\udc00":1}',
        "halves in the wrong order": b'{"query":"s3ntinel \\udc00\\ud800"}',
        "half a character in a variable": b'{"query":"{s3ntinel}","variables":{"x":"\\ud83d"}}',
        "a bare NUL": b'{"query":"s3ntinel \x00"}',
        "a NUL around": b"\x00" + _QUERY,
        "a line end in a text": b'{"query":"s3ntinel \n"}',
        "deep arrays": b"[" * deep,
        "deep objects": b'{"s3ntinel":' * (deep // 10),
        "deep and closed": b"[" * deep + b"]" * deep,
        "a deep member": b'{"query":"s3ntinel","x":' + b"[" * deep + b"]" * deep + b"}",
        "deep and escaped": b'{"query":"s3ntinel \\u0061","x":' + b"[" * 1010 + b"]" * 1010 + b"}",
        "NaN": b'{"query":"s3ntinel","variables":{"x":NaN}}',
        "infinity": b'{"query":"s3ntinel","variables":{"x":-Infinity}}',
        "a number without end": b'{"query":"s3ntinel","variables":{"x":' + b"9" * 3500 + b"}}",
        "a huge exponent": b'{"query":"s3ntinel","variables":{"x":1e999999999}}',
        "an octal number": b'{"query":"s3ntinel","variables":{"x":007}}',
        "no query": b'{"s3ntinel":1}',
        "a null query": b'{"query":null}',
        "a query that is a number": b'{"query":1}',
        "a query that is an object": b'{"query":{"s3ntinel":1}}',
        "a query that is an array": b'{"query":["s3ntinel"]}',
        "a name that is a number": b'{"query":"s3ntinel","operationName":1}',
        "a name that is an array": b'{"query":"s3ntinel","operationName":["s3ntinel"]}',
        "variables that are an array": b'{"query":"s3ntinel","variables":["s3ntinel"]}',
        "variables that are a text": b'{"query":"s3ntinel","variables":"{}"}',
        "variables that are zero": b'{"query":"s3ntinel","variables":0}',
        "extensions that are a text": b'{"query":"s3ntinel","extensions":"s3ntinel"}',
        "extensions that are false": b'{"query":"s3ntinel","extensions":false}',
        "a receipt that is none": b'{"query":"s3ntinel","extensions":{"receipt":"s3ntinel"}}',
        "a receipt that is an object": b'{"query":"s3ntinel","extensions":{"receipt":{"s3ntinel":1}}}',
        "two queries": b'{"query":"{a}","query":"s3ntinel"}',
        "two queries, one escaped": b'{"query":"{a}","\\u0071uery":"s3ntinel"}',
        "two variables": b'{"query":"s3ntinel","variables":{},"variables":{"s3ntinel":1}}',
        "two names": b'{"operationName":"A","query":"s3ntinel","operationName":"s3ntinel"}',
        "a form": b"query=s3ntinel",
        "HTML": b"<script>s3ntinel</script>",
    }
    return [Hostile(f"body: {what}", 400, "BAD_REQUEST", body) for what, body in bad.items()]


def _contents() -> list[Hostile]:
    types: list[tuple[bytes, ...]] = [
        (),
        (b"",),
        (b"s3ntinel",),
        (b"text/plain",),
        (b"text/json",),
        (b"application/graphql",),
        (b"application/graphql+json",),
        (b"application/json+s3ntinel",),
        (b"application/x-www-form-urlencoded",),
        (b"multipart/form-data; boundary=s3ntinel",),
        (b"application/json; charset=s3ntinel",),
        (b"application/json; charset=utf-16",),
        (b"application/json; charset=utf-8; charset=latin-1",),
        (b"application/json, text/plain",),
        (b"application/json", b"text/plain"),
        (b"application/json\x80",),
        (b";" * 5000,),
    ]
    codings: list[tuple[bytes, bytes]] = [
        (b"gzip", gzip.compress(_QUERY)),
        (b"deflate", zlib.compress(_QUERY)),
        (b"GZIP", gzip.compress(b" " * 10_000_000)[:4000]),
        (b"br", b"s3ntinel"),
        (b"identity, gzip", gzip.compress(_QUERY)),
        (b"s3ntinel", _QUERY),
    ]
    refused = (415, "UNSUPPORTED_MEDIA_TYPE")
    return [
        *(
            Hostile(
                f"content type {given!r}"[:60], *refused, _QUERY, headers=tuple((b"content-type", one) for one in given)
            )
            for given in types
        ),
        *(
            Hostile(f"coding {coding!r}", *refused, body, headers=(_JSON, (b"content-encoding", coding)))
            for coding, body in codings
        ),
        Hostile("two codings", *refused, _QUERY, headers=(_JSON, *[(b"content-encoding", b"identity")] * 2)),
        Hostile("a large body", 413, "BODY_TOO_LARGE", b'{"query":"' + b"s3ntinel" * 600 + b'"}'),
        Hostile("a large length", 413, "BODY_TOO_LARGE", headers=(_JSON, (b"content-length", b"99999999"))),
    ]


def _urls() -> list[Hostile]:
    bad = {
        "nothing": b"",
        "no query": b"s3ntinel=1",
        "a query in capitals": b"QUERY=s3ntinel",
        "two queries": b"query={a}&query=s3ntinel",
        "two queries, one encoded": b"query={a}&q%75ery=s3ntinel",
        "two empty variables": b"query=s3ntinel&variables=&variables=",
        "two names": b"query=s3ntinel&operationName=A&operationName=A",
        "two extensions": b"query=s3ntinel&extensions={}&extensions={}",
        "variables that are no JSON": b"query=s3ntinel&variables=s3ntinel",
        "variables that are an array": b"query=s3ntinel&variables=[%22s3ntinel%22]",
        "variables with half a character": b"query=s3ntinel&variables={%22x%22:%22%5Cud800%22}",
        "variables that are deep": b"query=s3ntinel&variables=" + b"[" * 9000,
        "variables that are huge": b"query=s3ntinel&variables={%22x%22:1e999999}",
        "extensions that are a number": b"query=s3ntinel&extensions=1",
        "a receipt that is none": b"query=s3ntinel&extensions={%22receipt%22:%22s3ntinel%22}",
        "bytes that are not UTF-8": b"query=s3ntinel%FF",
        "overlong UTF-8": b"query=s3ntinel%C0%AF",
        "a surrogate": b"query=s3ntinel%ED%A0%80",
        "many parameters": b"query=s3ntinel" + b"&s3ntinel" * 500,
    }
    return [
        *(
            Hostile(f"URL: {what}", 400, "BAD_REQUEST", query_string=query_string, method="GET", headers=())
            for what, query_string in bad.items()
        ),
        Hostile(
            "URL: long", 414, "URL_TOO_LARGE", query_string=b"query=" + b"s3ntinel" * 2500, method="GET", headers=()
        ),
        Hostile("URL: long beside a body", 414, "URL_TOO_LARGE", _QUERY, query_string=b"s3ntinel" * 2500),
        Hostile("URL and body: both", 400, "BAD_REQUEST", _QUERY, query_string=b"query=s3ntinel"),
        Hostile("URL and body: apart", 400, "BAD_REQUEST", _QUERY, query_string=b"variables={%22s3ntinel%22:1}"),
        Hostile("URL and body: encoded", 400, "BAD_REQUEST", _QUERY, query_string=b"x=1&%71uery=s3ntinel"),
        Hostile(
            "URL and body: by GET",
            400,
            "BAD_REQUEST",
            _QUERY,
            query_string=b"query=s3ntinel",
            method="GET",
            headers=(_JSON, (b"content-length", b"%d" % len(_QUERY))),
        ),
        Hostile(
            "a mutation by GET",
            405,
            "METHOD_NOT_ALLOWED",
            query_string=b"query=mutation{s3ntinel}",
            method="GET",
            headers=(),
        ),
        Hostile("no token", 401, "UNAUTHENTICATED", _QUERY, token=None),
        Hostile("no token by GET", 401, "UNAUTHENTICATED", query_string=b"query={a}", method="GET", token=None),
        Hostile("a token in the URL", 401, "UNAUTHENTICATED", _QUERY, query_string=b"token=s3ntinel", token=None),
        Hostile("no media type", 406, "NOT_ACCEPTABLE", _QUERY, headers=(_JSON, (b"accept", b"text/s3ntinel"))),
        Hostile("no quality", 406, "NOT_ACCEPTABLE", _QUERY, headers=(_JSON, (b"accept", b"*/*;q=s3ntinel"))),
        Hostile(
            "an origin", 403, "ORIGIN_NOT_ALLOWED", _QUERY, headers=(_JSON, (b"origin", b"https://s3ntinel.example"))
        ),
        Hostile("another method", 405, "METHOD_NOT_ALLOWED", _QUERY, method="PUT", headers=(_JSON,)),
        Hostile("another view", 404, "VIEW_UNKNOWN", _QUERY, path="/views/s3ntinel/graphql"),
        Hostile("no view", 400, "VIEW_NOT_NAMED", _QUERY, path="/graphql"),
    ]


HOSTILE = [*_bodies(), *_contents(), *_urls()]
"""Every one is refused before anything is asked of anybody."""
