"""Identifiers that sources show of their customers: noted as digests, and forgotten.

Sharing one is normal, in a family or a firm: it is told to a steward and joins nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.crossref.asking import fetch_each
from adapters.crossref.database import Row
from adapters.crossref.errors import Conflict, ConflictCode, InputError, RefusalCode
from adapters.crossref.events import EventType
from adapters.crossref.identifiers.blocking import IdentifierRules
from adapters.crossref.identifiers.digests import Recipe, digest_of, recipes_at_hand
from adapters.crossref.identifiers.identifying import MOST_ROWS, Form, Kept, kept_of, write_identifiers
from adapters.crossref.identifiers.normalising import COUNTRY, normal_identifier
from adapters.crossref.ledger import CustomerRow, Ledger
from adapters.crossref.operations.candidates import open_candidate, open_shared
from adapters.crossref.operations.non_matching import are_apart
from adapters.crossref.operations.writes import Linked, Write, version_conflict
from schema.identifiers import IdentifierType

__all__ = ["forget_identifiers", "normal_forms", "note_identifiers"]

_MOST = 50
"""The most identifiers of one write."""

_THEIRS = (
    "SELECT identifier_id, customer_id, source_id, key_version FROM identifier_hash INDEXED BY identifier_by_digest "
    "WHERE tenant_id = ? AND id_type = ? AND key_version = ? AND digest = ? AND customer_id IN (?*)"
)

_HOLDERS = (
    "SELECT (SELECT coalesce(c.survivor_id, c.customer_id) FROM customer AS c "
    "WHERE c.tenant_id = h.tenant_id AND c.customer_id = h.customer_id) "
    "FROM identifier_hash AS h INDEXED BY identifier_by_digest "
    "WHERE h.tenant_id = ? AND h.id_type = ? AND h.key_version = ? AND h.digest = ? LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class _Sight:
    """An identifier as it is to be written: its row, the ids of the rows that it takes the place of, and who else has
    it where a steward is to be told."""

    row: Kept
    gone: Sequence[str]
    others: Sequence[str]


def normal_forms(given: Mapping[IdentifierType, Sequence[str]], country: str | None = None) -> list[Form]:
    """Return the identifiers in their normal forms, each once; raises InputError when one cannot be one."""
    if country is not None and not COUNTRY.fullmatch(country):
        raise InputError(RefusalCode.VALUE_INVALID, "country is not in its form; wanted two letters, such as DE")
    several = {kind: [values] if isinstance(values, str) else values for kind, values in given.items()}
    if sum(map(len, several.values())) > _MOST:
        raise InputError(RefusalCode.VALUE_INVALID, f"wanted at most {_MOST} identifiers; note the rest by themselves")
    forms: dict[Form, None] = {}
    for kind, values in several.items():
        for place, value in enumerate(values, 1):
            text = normal_identifier(kind, value, country)
            if text is None:
                raise InputError(
                    RefusalCode.IDENTIFIER_INVALID,
                    f"got what is no {kind} at place {place}; wanted: {kind.description} Correct it, or leave it out",
                )
            forms[Form(kind, text)] = None
    return list(forms)


async def note_identifiers(
    ledger: Ledger, write: Write, customer: str, source: str, forms: Sequence[Form], rules: IdentifierRules
) -> Linked | Conflict:
    """Write that the source shows these identifiers of the customer, and return where the customer stands.

    What stands is left as it is, or digested anew when it was under an older version of the secret. What is blocked is
    left out, which is noted. What many have is kept of each of them, else whoever was left out would make the others
    fewer. Raises InputError when the customer or the source is unknown, or the source has no key of the customer.
    """
    known = ledger.source(source).name
    row = await _customer(ledger, customer)
    if row.status != "active":
        code = ConflictCode.CUSTOMER_ERASED if row.status == "erased" else ConflictCode.CUSTOMER_RETIRED
        return await open_candidate(ledger, write.act, code, row.customer_id, None, known)
    await _check_linked(ledger, row.customer_id, known)
    recipes = await recipes_at_hand(ledger.connection, ledger.tenant, ledger.keyring)
    wanted = [form for form in forms if not rules.blocks(form.kind, form.text)]
    ids = [row.customer_id, *await ledger.merged_into(row.customer_id)]
    looked = [await _look(ledger, form, ids, known, recipes, rules) for form in wanted]
    sights = [sight for sight in looked if sight is not None]
    note = _left_out(len(forms) - len(wanted))
    if not sights:
        return Linked(row.customer_id, row.version, row.changed_seq, note=note)
    conflict = version_conflict(write.expected_version, row)
    return conflict or replace(await _record(ledger, write, row.customer_id, known, sights), note=note)


def _left_out(number: int) -> str | None:
    if not number:
        return None
    said = "it is nobody's" if number == 1 else "they are nobody's"
    return f"{number} not noted: the rules say {said}"


async def forget_identifiers(
    ledger: Ledger, write: Write, customer: str, source: str | None, forms: Sequence[Form] | None
) -> Linked | Conflict:
    """Forget what the source, or any with None, has shown of the customer: these identifiers, or all with None."""
    row = await _customer(ledger, customer)
    known = None if source is None else ledger.source(source).name
    chosen = None if forms is None else await _rows_of(ledger, row.customer_id, forms)
    gone = [
        one[0]
        for one in await kept_of(ledger, row.customer_id)
        if (known is None or one[1] == known) and (chosen is None or one[0] in chosen)
    ]
    if not gone:
        return Linked(row.customer_id, row.version, row.changed_seq)
    conflict = version_conflict(write.expected_version, row)
    if conflict is not None:
        return conflict
    concerned = (row.customer_id, known)
    seq = await write_identifiers(ledger, EventType.IDENTIFIERS_FORGOTTEN, concerned, write.act, gone=gone)
    return Linked(row.customer_id, await ledger.touch(row.customer_id, seq), seq)


async def _customer(ledger: Ledger, customer: str) -> CustomerRow:
    row = await ledger.customer(customer)
    if row is None:
        raise InputError(RefusalCode.CUSTOMER_UNKNOWN, "no customer has this id; link a key of theirs first")
    return row


async def _check_linked(ledger: Ledger, customer: str, source: str) -> None:
    # so that what a source has shown can be forgotten when its keys leave the customer
    linked = await ledger.connection.fetch_one(
        "SELECT 1 FROM link WHERE tenant_id = ? AND customer_id = ? AND source_id = ? AND valid_to IS NULL LIMIT 1",
        *(ledger.tenant, customer, source),
    )
    if linked is None:
        raise InputError(RefusalCode.LINK_UNKNOWN, f"{source} has no key of this customer; link the one it has first")


async def _theirs(ledger: Ledger, form: Form, ids: Sequence[str], recipes: Sequence[Recipe]) -> list[Row]:
    """Return id, customer, source and number of the recipe of each row that these ids have of an identifier."""
    rows: list[Row] = []
    for recipe in recipes:
        digest = digest_of(ledger.keyring, form.kind, form.text, recipe)
        rows += await fetch_each(ledger.connection, _THEIRS, (ledger.tenant, form.kind, recipe.number, digest), ids)
    return rows


async def _others(ledger: Ledger, form: Form, recipes: Sequence[Recipe], fan_out: int) -> list[str]:
    """Return who has an identifier, of which the customer has none; nobody where they are too many to be told of."""
    found: set[str] = set()
    for recipe in recipes:
        digest = digest_of(ledger.keyring, form.kind, form.text, recipe)
        asked = (ledger.tenant, form.kind, recipe.number, digest, MOST_ROWS)
        found |= {row[0] for row in await ledger.connection.fetch(_HOLDERS, *asked)}
    return sorted(found) if len(found) < fan_out else []


async def _rows_of(ledger: Ledger, customer: str, forms: Sequence[Form]) -> set[str]:
    recipes = await recipes_at_hand(ledger.connection, ledger.tenant, ledger.keyring)
    ids = [customer, *await ledger.merged_into(customer)]
    return {row[0] for form in forms for row in await _theirs(ledger, form, ids, recipes)}


async def _look(
    ledger: Ledger, form: Form, ids: Sequence[str], source: str, recipes: Sequence[Recipe], rules: IdentifierRules
) -> _Sight | None:
    """Return what is to be written of an identifier, None when nothing is. `ids` are the customer's, its own first."""
    rows, current = await _theirs(ledger, form, ids, recipes), recipes[0]
    standing = [row for row in rows if row[2] == source]
    if any(row[3] == current.number for row in standing):
        return None
    digest = digest_of(ledger.keyring, form.kind, form.text, current)
    # what an id had that was merged stays that id's, for the merge can be undone
    owner = standing[0][1] if standing else ids[0]
    row = Kept(ledger.new_id("idn"), form.kind, current.number, digest, owner, source, ledger.at)
    others = [] if rows else await _others(ledger, form, recipes, rules.fan_out)
    return _Sight(row, [row[0] for row in standing], others)


async def _record(ledger: Ledger, write: Write, customer: str, source: str, sights: Sequence[_Sight]) -> Linked:
    rows, gone = [one.row for one in sights], [old for one in sights for old in one.gone]
    concerned = (customer, source)
    seq = await write_identifiers(ledger, EventType.IDENTIFIERS_SEEN, concerned, write.act, rows, gone)
    linked = Linked(customer, await ledger.touch(customer, seq), seq)
    for sight in sights:
        for other in sight.others:
            if not await are_apart(ledger, customer, other):
                await open_shared(ledger, write.act, (customer, other), source, sight.row.kind)
    return linked
