"""What a person can ask for: that processing is restricted, what is kept, and its erasure (GDPR art. 15 to 18)."""

from __future__ import annotations

from adapters.crossref import InputError, RefusalCode
from gateway.crossref.answers import ExportTold, Written
from gateway.crossref.asking import Asked
from gateway.crossref.refusals import unknown_customer
from gateway.crossref.requests import CustomerId, LiftAsked, Reasons, RestrictionAsked
from gateway.crossref.roles import PRIVACY
from gateway.crossref.routes import Operation
from gateway.crossref.writing import ByWriter
from gateway.naming import fault_of_coordinates

__all__ = ["PRIVACY_OPERATIONS"]


async def restrict(customer: CustomerId, body: RestrictionAsked, writer: ByWriter) -> Written:
    """Restrict what may be processed of a customer.

    The coordinates are withheld before any source is asked. What is restricted already is left as it is. A coordinate
    that the model does not have is refused: nothing of the customer would be shown then.
    """
    fault = fault_of_coordinates(body.coordinates, writer.asking.model)
    if fault:
        raise InputError(RefusalCode.VALUE_INVALID, fault)
    return writer.written(await writer.crossref.restrict(customer, body.restriction(), **writer.because(body)))


async def lift(customer: CustomerId, body: LiftAsked, writer: ByWriter) -> Written:
    """Lift a customer's restrictions of one ground.

    Those of ids that were merged into it are lifted too.
    """
    return writer.written(await writer.crossref.lift(customer, body.ground, **writer.because(body)))


async def erase(customer: CustomerId, body: Reasons, writer: ByWriter) -> Written:
    """Erase a customer, and every id merged into it, for good.

    Its keys and all that names them are deleted; ids and events stay, and the chain of events still holds. Erase at the
    sources first, or the next load makes the person anew, without any restriction.
    """
    writer.asking.check_every_source()
    return writer.written(await writer.crossref.erase(customer, **writer.because(body)))


async def export(customer: CustomerId, asking: Asked) -> ExportTold:
    """Export all that is kept of a customer, its keys included.

    For the person who asks for it (GDPR art. 15). Unknown, erased and retired customers are alike.
    """
    exported = await asking.crossref.export(customer)
    if exported is None:
        raise unknown_customer()
    return ExportTold.of(exported)


PRIVACY_OPERATIONS = (
    Operation("POST", "/customers/{customer}/restrict", restrict, PRIVACY, is_write=True),
    Operation("POST", "/customers/{customer}/lift", lift, PRIVACY, is_write=True),
    Operation("POST", "/customers/{customer}/erase", erase, PRIVACY, is_write=True),
    Operation("GET", "/customers/{customer}/export", export, PRIVACY),
)
