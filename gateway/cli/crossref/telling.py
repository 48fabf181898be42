"""Events told in words: what has happened, to whom, of how many keys. No key stands in an event, and none is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

__all__ = ["counted", "reason", "told", "told_together"]

Body: TypeAlias = Mapping[str, Any]


def told(kind: str, body: Body) -> str:
    """Return what an event of this kind tells, in a line; nothing of a kind or form that is not known here."""
    try:
        return _IN_WORDS[kind](body)
    except (
        AttributeError,
        KeyError,
        TypeError,
    ):  # of a newer release, or tampered with: what else stands in it is told
        return ""


def told_together(events: Iterable[tuple[str, Body]]) -> list[str]:
    """Return a line for each that events of these kinds tell; what several of them tell is told once, with how many."""
    lines = Counter(filter(None, (told(kind, body) for kind, body in events)))
    return [line if number == 1 else f"{line} ({number:,} times)" for line, number in lines.items()]


def counted(number: int, word: str) -> str:
    """Return a number with what is counted: `1 key`, `2 keys`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def reason(evidence: Body) -> str:
    """Return in words what the evidence of a candidate says: a code, of which source, by which kind of identifier."""
    of = f" of {evidence['source']}" if evidence.get("source") else ""
    by = f" ({evidence['identifier']})" if evidence.get("identifier") else ""
    return f"{evidence.get('code') or evidence.get('rule') or ''}{of}{by}"


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)


def _some(entries: Sequence[Any] | int | None, word: str, then: str) -> str:
    number = entries if isinstance(entries, int) else len(entries or ())
    return f"{counted(number, word)} {then}" if number else ""


def _keys(links: Iterable[Body]) -> str:
    """Return of which sources so many keys are."""
    return ", ".join(
        f"{counted(number, 'key')} of {source}" for source, number in Counter(one["source"] for one in links).items()
    )


def _restricted(body: Body) -> str:
    grounds = ", ".join(f"{one['ground']} ({', '.join(one['coordinates'])})" for one in body.get("restrictions", ()))
    return f"restricted for {grounds}" if grounds else ""


def _lifted(body: Body) -> str:
    coordinates = sorted({one for restriction in body["restrictions"] for one in restriction["coordinates"]})
    return f"no longer restricted for {body['ground']} ({', '.join(coordinates)})"


def _linked(body: Body) -> str:
    keys = _keys(body.get("links", ()))
    return _listed([f"{keys} linked" if keys else "", _restricted(body)]) or "without a key"


def _registered(body: Body) -> str:
    limit = body.get("max_live")
    most = "any number of keys" if limit is None else f"at most {counted(limit, 'key')}"
    form = f"{body.get('key_format')} keys kept {body.get('key_mode')}"
    return f"{body.get('name')}: {form}, {most} a customer, priority {body.get('priority')}"


def _merged(body: Body) -> str:
    parts = (
        f"{body['loser']} was merged into {body['survivor']}",
        _some(body.get("moved"), "key", "moved"),
        _some(body.get("repointed"), "older id", "led on"),
        _some(body.get("candidates"), "candidate", "settled"),
    )
    return _listed(parts)


def _undone(body: Body) -> str:
    apart = f"the merge of event {body['merge']}: {body['loser']} is apart from {body['survivor']} again"
    asked = _some(body.get("reopened"), "candidate", "asked again")
    return _listed([apart, _some(body.get("moved"), "key", "moved back"), asked, _restricted(body)])


def _split(body: Body) -> str:
    who = "new" if body.get("created") else "there before"
    keys = _some(body.get("moved"), "key", "moved")
    return _listed([f"{keys} from {body['from']} to {body['to']}, {who}", _restricted(body)])


def _moved(body: Body) -> str:
    moved = f"{_some(body.get('moved'), 'key', 'moved')} from {body['from']} to {body['to']}"
    return f"{moved}; restrictions stay with {body['from']}"


def _closed(body: Body) -> str:
    return f"{counted(len(body['closed']), 'key')} of {body['source']} unlinked"


def _replaced(body: Body) -> str:
    return f"a key of {body['source']} was replaced by a new one"


def _pair(then: str) -> Callable[[Body], str]:
    return lambda body: f"a key of {' and one of '.join(side['source'] for side in body['pair'])} {then}"


def _opened(body: Body) -> str:
    between = " and ".join(one for one in body["customers"] if one)
    return f"{body['candidate']}: {reason(body['evidence']) or body['kind']}; {between}"


def _decided(body: Body) -> str:
    return f"{body['candidate']} {body['status']}"


def _erased(body: Body) -> str:
    more = len(body.get("customers", ())) - 1
    others = f"with {counted(more, 'id')} merged into it" if more > 0 else ""
    return " ".join(filter(None, [_some(body.get("links"), "link", "erased") or "erased", others]))


def _identified(body: Body) -> str:
    kinds = Counter(f"{one['type']}" for one in body.get("identifiers", ()))
    noted = ", ".join(f"{number} of {kind}" for kind, number in kinds.items())
    of = f" as {body['source']} shows" if body.get("source") else ""
    gone = _some(body.get("forgotten"), "identifier", "forgotten")
    return _listed([f"noted {noted}{of}" if noted else "", gone])


_IN_WORDS: Mapping[str, Callable[[Body], str]] = MappingProxyType(
    {
        "source.registered": _registered,
        "customer.created": _linked,
        "customer.restricted": _linked,
        "customer.split": _split,
        "customer.erased": _erased,
        "restriction.lifted": _lifted,
        "link.added": _linked,
        "link.closed": _closed,
        "link.moved": _moved,
        "key.replaced": _replaced,
        "non_match.asserted": _pair("are never one person's"),
        "non_match.cleared": _pair("may be one person's again"),
        "identifiers.seen": _identified,
        "identifiers.forgotten": _identified,
        "identifiers.rekeyed": _identified,
        "candidate.opened": _opened,
        "candidate.decided": _decided,
        "customers.merged": _merged,
        "merge.undone": _undone,
    }
)
