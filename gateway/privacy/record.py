"""The record of processing activities (GDPR article 30), as it stands today."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from gateway.privacy.asking import Asked
from gateway.privacy.operation import Operation
from gateway.register import Form, in_form

__all__ = ["RECORD"]

_KIND = "privacy.register-read"
_WANTED = f"Give format: {', '.join(Form)}; json unless given."

_FORMS: Mapping[Form, tuple[str, str]] = MappingProxyType(
    {
        Form.MARKDOWN: ("text/markdown", "md"),
        Form.CSV: ("text/csv", "csv"),
        Form.JSON: ("application/json", "json"),
    }
)


class RecordAsked(BaseModel):
    """In which form."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    format: Form = Form.JSON


async def register(asked: Annotated[RecordAsked, Query()], asking: Asked) -> Response:
    """Tell the record of processing activities, made from the published views.

    As Markdown, CSV or JSON, to be kept as a file.
    """
    service, today, form = asking.service, asking.today, asked.format
    text = await asking.daily.text(f"register in {form}", service, today, lambda made: in_form(made, form))
    media_type, suffix = _FORMS[form]
    name = f'attachment; filename="record-of-processing-{today.isoformat()}.{suffix}"'
    content = f"{media_type}; charset=utf-8"
    return Response(text, media_type=content, headers={"Content-Disposition": name})


RECORD = (Operation("GET", "/register", register, _KIND, _WANTED, tuple(media for media, _ in _FORMS.values())),)
