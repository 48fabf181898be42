"""A gateway that runs, as a command asks it by HTTP. What answers may be another server, so it is held to bounds."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.command_error import CommandError
from gateway.settings import Settings

__all__ = ["RunningGateway"]

_URL = re.compile(r"https?://[^/?#@\s]+(/[^?#@\s]*)?")
_TOKEN = re.compile(r"cv_[A-Za-z0-9_-]{43}")
_TOKEN_FILE = 1_000
_PATIENCE, _AT_MOST = 5.0, 15.0
"""Seconds for each part of an answer, and for all of it: who drips an answer is in time with every part."""
_LONGEST = 65.0
"""Seconds for a request to be answered: a little more than the longest time that a view can give one."""
_MOST_BYTES = 4_194_304
_ANOTHER = "is it another server?"


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway at this URL, which is asked with an operator's or a developer's token."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def given(cls, url: str | None, token_file: str | None, *, path: str) -> RunningGateway:
        """Return the gateway at the URL, else where the settings have it. The URL may end with the path that is asked.

        The token is no argument: the arguments of a process are for everybody on the machine to read.

        Raises:
            CommandError: It is no URL of a gateway, or there is no token.
        """
        settings = Settings.from_environment()
        return cls(_place(url, settings).removesuffix(path), _token(token_file, settings))

    def tell(self, path: str) -> bytes:
        """Return the body of its answer. Raises CommandError: it cannot be asked, or does not tell."""
        status, body = self._asked(path, None, _PATIENCE, _AT_MOST)
        if status != httpx.codes.OK:
            raise CommandError(f"{self.url} refuses to tell, with {status}{_why(body)}")
        return body

    def analyze(self, path: str, asked: Mapping[str, Any], *, for_whom: str) -> tuple[bool, bytes]:
        """Return whether it has answered what it was asked, and the body: else why the view has refused it.

        `for_whom` says whose token is wanted: to any other consumer there is no such view.

        Raises:
            CommandError: It cannot be asked, or does not answer this consumer.
        """
        status, body = self._asked(path, json.dumps(asked).encode(), _LONGEST, _LONGEST)
        if status not in (httpx.codes.OK, httpx.codes.BAD_REQUEST):
            mend = f"\n{for_whom}" if status == httpx.codes.NOT_FOUND else ""
            raise CommandError(f"{self.url} refuses to answer, with {status}{_why(body)}{mend}")
        return status == httpx.codes.OK, body

    def _asked(self, path: str, body: bytes | None, patience: float, at_most: float) -> tuple[int, bytes]:
        try:
            return asyncio.run(self._answer(path, body, patience, at_most))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            told = f"{self.url} cannot be asked ({type(error).__name__}): is a gateway there?"
            raise CommandError(told) from None

    async def _answer(self, path: str, body: bytes | None, patience: float, at_most: float) -> tuple[int, bytes]:
        """Return status and body. A redirect is not followed, for the token would go with it, and nothing that is
        compressed is asked for."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "identity"}
        headers |= {} if body is None else {"Content-Type": "application/json", "Accept": "application/json"}
        method = "GET" if body is None else "POST"
        async with (
            asyncio.timeout(at_most),
            httpx.AsyncClient(trust_env=False, timeout=patience) as client,
            client.stream(method, f"{self.url}{path}", headers=headers, content=body) as response,
        ):
            if "content-encoding" in response.headers:
                raise CommandError(f"{self.url} compresses what it tells, unasked: {_ANOTHER}")
            return response.status_code, b"".join([part async for part in self._parts(response)])

    async def _parts(self, response: httpx.Response) -> AsyncIterator[bytes]:
        left = _MOST_BYTES
        async for part in response.aiter_raw():
            left -= len(part)
            if left < 0:
                raise CommandError(f"{self.url} tells more than a gateway would: {_ANOTHER}")
            yield part


def _place(url: str | None, settings: Settings) -> str:
    if url is None:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return f"http://{host}:{settings.port}"
    if not _is_url(url):
        raise CommandError("got a URL of another form; wanted that of a gateway, such as http://127.0.0.1:8000")
    return url.rstrip("/")


def _is_url(text: str) -> bool:
    try:
        return bool(_URL.fullmatch(text)) and text.isprintable() and urlsplit(text).port != 0
    except ValueError:  # the port is none
        return False


def _token(file: str | None, settings: Settings) -> str:
    if file is None:
        token = settings.operator_token
        if token is None:
            raise CommandError("Which token? Set CUSTOMER_VIEW_OPERATOR_TOKEN, or name its file with --token-file")
        return token
    text = _token_text(file).strip()
    if not _TOKEN.fullmatch(text):
        raise CommandError(f"got {file}, which holds no token; wanted cv_ and 43 characters, and nothing else")
    return text


def _token_text(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read(_TOKEN_FILE)
        with Path(file).open(encoding="ascii") as opened:
            return opened.read(_TOKEN_FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The token cannot be read from {file} ({type(error).__name__})") from None


def _why(body: bytes) -> str:
    try:
        message = json.loads(body)["errors"][0]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return f", and not as a gateway would: {_ANOTHER}"
    return f": {message}" if isinstance(message, str) and message.isprintable() and len(message) < 300 else ""
