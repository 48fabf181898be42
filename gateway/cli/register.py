"""`customer-view register`: the record of processing activities, made from the published views."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from gateway.cli.application import read_application
from gateway.command_error import CommandError
from gateway.register import Controller, Form, in_form, make_register
from gateway.settings import Settings
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
    controller = _controller(application.gateway.settings)
    today = date.today()  # noqa: DTZ011  a day on the wall
    text = in_form(make_register(published, application.model, controller, today), wanted)
    if out is None:
        print(text, end="")
    else:
        _write(out, text)
    _tell(out, len(published), controller)


def _form(word: str) -> Form:
    if word not in list(Form):
        wanted = f"wanted one of: {', '.join(Form)}"
        raise CommandError(f"got the --format {word!r}; {did_you_mean(word, map(str, Form), wanted)}")
    return Form(word)


def _controller(settings: Settings) -> Controller:
    return Controller(settings.controller, settings.controller_contact, settings.data_protection_officer)


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandError(f"{out} cannot be written ({error.strerror}); name another --out") from None


def _tell(out: Path | None, published: int, controller: Controller) -> None:
    """Tell people, beside the record, what was written and what it lacks."""
    console = open_console(stderr=True)
    if out is not None:
        count = f"{published} published view{'' if published == 1 else 's'}"
        console.print(f"{out} holds the record of {count}.", soft_wrap=True, markup=False, highlight=False)
    said = (controller.name, controller.contact, controller.officer)
    names = ("CONTROLLER", "CONTROLLER_CONTACT", "DATA_PROTECTION_OFFICER")
    lacking = [f"CUSTOMER_VIEW_{name}" for name, value in zip(names, said, strict=True) if not value]
    if lacking:
        console.print(f"The record does not say who answers for it in full: set {', '.join(lacking)}.", soft_wrap=True)
