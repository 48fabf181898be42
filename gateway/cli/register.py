"""`customer-view register`: the record of processing activities, made from the published views."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from gateway.cli.application import read_application
from gateway.command_error import CommandError
from gateway.register import Form, Gap, Register, in_form, make_register
from gateway.terminal import open_console
from schema.lock import Lock
from schema.suggest import did_you_mean

__all__ = ["run_register"]


def run_register(app: str, form: str, out: Path | None) -> None:
    """Print the record in this form, or write it to the file; what a file holds already is replaced.

    Raises CommandError: There is no such gateway or form, or the file cannot be written.
    """
    wanted = _form(form)
    application = read_application(app)
    lock = Lock.read(application.gateway.declared.views)
    published = [view for view in application.views if lock.is_published(view)]
    controller = application.gateway.controller
    today = date.today()  # noqa: DTZ011  a day on the wall
    register = make_register(published, application.model, controller, today)
    text = in_form(register, wanted)
    if out is None:
        print(text, end="")
    else:
        _write(out, text)
    _tell(out, register)


def _form(word: str) -> Form:
    if word not in list(Form):
        wanted = f"wanted one of: {', '.join(Form)}"
        raise CommandError(f"got the --format {word!r}; {did_you_mean(word, map(str, Form), wanted)}")
    return Form(word)


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{out} cannot be written ({error.strerror}); name another --out") from None


def _tell(out: Path | None, register: Register) -> None:
    """Tell people, beside the record, what was written, what it lacks, and who can mend that."""
    console = open_console(stderr=True)
    published = len(register.activities)
    lines = []
    if out is not None:
        lines = [f"{out} holds the record of {published} published view{'' if published == 1 else 's'}."]
    if gaps := register.all_gaps:
        lines.append("The record is not complete. Nobody has said:")
        lines += [_line(place, list(found)) for place, found in groupby(gaps, _place)]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _place(gap: Gap) -> str:
    return gap.of or "the settings"


def _line(place: str, gaps: Sequence[Gap]) -> str:
    lacking = "; ".join(f"{gap.what} ({gap.mend})" for gap in gaps)
    return f"  {place}{f' ({gaps[0].owner})' if gaps[0].owner else ''}: {lacking}"
