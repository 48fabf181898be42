"""Who is meant."""

from __future__ import annotations

from starlette.responses import Response

from gateway.crossref.answers import OutlineTold, Resolved, ResolvedMany, Standing, SubjectTold
from gateway.crossref.asking import Asked
from gateway.crossref.refusals import unknown_customer
from gateway.crossref.requests import CustomerId, OutlineAsked, ResolveAsked, ResolveManyAsked
from gateway.crossref.roles import READERS, RESOLVERS, STANDING
from gateway.crossref.routes import Operation
from schema.caller import CrossrefRole

__all__ = ["LOOKUPS"]


async def resolve(body: ResolveAsked, asking: Asked) -> Resolved:
    """Tell who is meant.

    By a source's key, a canonical id, also one that a merge has replaced, or an identifier that the customer alone has.
    With `asOf` it is told who was meant then; nothing that happens later changes that but an erasure.
    """
    lookup = body.by.lookup()
    await asking.check_lookups([lookup])
    return Resolved(subject=SubjectTold.of(await asking.crossref.resolve(lookup, body.as_of, restricted_keys=True)))


async def resolve_many(body: ResolveManyAsked, asking: Asked) -> ResolvedMany:
    """Tell who is meant by each of many look-ups.

    At most 1,000, answered in the order asked, all at one moment. Otherwise as `resolve`.
    """
    lookups = [one.lookup() for one in body.by]
    await asking.check_lookups(lookups)
    subjects = await asking.crossref.resolve_many(lookups, body.as_of, restricted_keys=True)
    return ResolvedMany(subjects=[SubjectTold.of(one) for one in subjects])


async def get_customer(customer: CustomerId, asking: Asked, response: Response) -> Standing:
    """Tell where a customer stands.

    The id in use now, which is another one after a merge, and the version that writes may expect by `If-Match`: it is
    the ETag too. Unknown, erased and retired customers are alike to everybody but an auditor, whom `status` tells.
    """
    found = await asking.crossref.standing(customer)
    if found is None or not (found.is_active or CrossrefRole.AUDITOR in asking.roles):
        raise unknown_customer()
    told = Standing(customer=found.customer, version=found.version, status=found.status)
    response.headers["ETag"] = f'"{told.version}"'
    return told


async def outline(body: OutlineAsked, asking: Asked, response: Response) -> OutlineTold:
    """Tell what is known of a customer but for its keys.

    Which sources know it, since when and by whom; types of identifiers, restrictions, merged ids, and the version that
    writes may expect, which is the ETag too. Unknown, erased and retired customers are alike.
    """
    lookup = body.by.lookup()
    await asking.check_lookups([lookup])
    found = await asking.crossref.outline(lookup)
    if found is None:
        raise unknown_customer()
    response.headers["ETag"] = f'"{found.version}"'
    return OutlineTold.of(found)


LOOKUPS = (
    Operation("POST", "/resolve", resolve, RESOLVERS),
    Operation("POST", "/resolve-many", resolve_many, RESOLVERS),
    Operation("GET", "/customers/{customer}", get_customer, STANDING),
    Operation("POST", "/outline", outline, READERS),
)
