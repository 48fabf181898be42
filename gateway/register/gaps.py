"""What a record of processing lacks of what GDPR article 30(1) asks: what nobody has said, and who can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.register.record import Category, Controller, Gap
from schema.views import View

__all__ = ["gaps_of_all", "gaps_of_view"]


def gaps_of_all(controller: Controller) -> Iterator[Gap]:
    """Yield what nobody has said who runs the gateway: for each, the setting that says it."""
    said = (
        ("the name of the controller", "CONTROLLER", controller.name),
        ("how the controller is reached", "CONTROLLER_CONTACT", controller.contact),
        ("the data-protection officer, where there is one", "DATA_PROTECTION_OFFICER", controller.officer),
    )
    for what, setting, value in said:
        if not value:
            yield Gap(None, "a", what, f"set CUSTOMER_VIEW_{setting}")
    if controller.practice.audit and controller.practice.audit_days is None:
        yield Gap(None, "f", "for how long audit is kept", "set CUSTOMER_VIEW_AUDIT_DAYS")


def gaps_of_view(view: View, categories: Sequence[Category]) -> Iterator[Gap]:
    """Yield what the view does not say. A published version never changes: the next one says it."""
    unsaid = (
        ("d", "to whom the data goes", "recipients", not view.recipients),
        ("e", "to which other countries it goes", "transfers", view.transfers is None),
        ("f", "for how long those who receive it keep it", "retention", view.retention is None),
    )
    for letter, what, key, is_unsaid in unsaid:
        if is_unsaid:
            yield Gap(view.id, letter, what, f"say it by {key} in the next version", view.owner)
    for category in categories:
        if category.term is None:
            names = ", ".join(category.coordinates)
            yield Gap(
                view.id, "c", f"what these fields tell of a person: {names}", "mark them in the model", view.owner
            )
