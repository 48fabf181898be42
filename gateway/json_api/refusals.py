"""Refusals as JSON: constant texts and codes in one form, and nothing that the caller sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.replies import Reply, print_answer

__all__ = ["Refused", "reply_of", "response_of", "wanted_of"]

_FEW = 10


class _Extensions(BaseModel):
    """What programs go by."""

    model_config = ConfigDict(title="RefusalExtensions")

    code: str = Field(examples=["BAD_REQUEST"])


class _RefusedOne(BaseModel):
    """One reason."""

    model_config = ConfigDict(title="Reason")

    message: str = Field(description="what was got, what was wanted, and how to mend it")
    extensions: _Extensions


class Refused(BaseModel):
    """Why it was not done."""

    model_config = ConfigDict(title="Refusal")

    errors: list[_RefusedOne]


def response_of(reply: Reply) -> Response:
    """Return the reply as Starlette sends it."""
    return Response(reply.body, reply.status, reply.all_headers)


def reply_of(status: int, text: str, extensions: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Reply:
    """Return a refusal: for people the text, for programs what stands in `extensions`, `code` among it."""
    content = {"errors": [{"message": text, "extensions": extensions}]}
    return Reply(status, print_answer(content), headers=headers)


def wanted_of(errors: Sequence[Any]) -> str:
    """Return what is wrong with a request, each with its place.

    `errors` are Pydantic's. What it says holds nothing of the input; a name may be one.
    """
    told = [_of_one(one["type"], one["loc"], one["msg"]) for one in errors[:_FEW]]
    return " ".join(dict.fromkeys(told))


def _of_one(kind: str, place: Sequence[str | int], said: str) -> str:
    if kind == "extra_forbidden":  # the last step is what the caller calls it
        return f"{_place(place[:-1])} has something that is not known here."
    wanted = said[:1].lower() + said[1:]
    return f"{_place(place)}: {wanted.removeprefix('value error, ')}."


def _place(place: Sequence[str | int]) -> str:
    # steps with a blank are those of alternatives, which only the declaration has
    steps = [f"[{one + 1}]" if isinstance(one, int) else f".{one}" for one in place[1:] if " " not in str(one)]
    name = "".join(steps).lstrip(".")
    where = f"The {place[0]}" if place else "The request"
    return f"{where} ({name})" if name else where
