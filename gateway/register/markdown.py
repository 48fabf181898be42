"""The record of processing as a Markdown document, to be read, printed and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from gateway.register.record import Activity, Category, Controller, Gap, Register, Rule
from schema.describing import attribute_docs
from schema.dpv import Term
from schema.view_processing import Safeguard, Transfer

__all__ = ["as_markdown"]

_MARKS = re.compile(r"([\\`*_\[\]|~$])")
_ADDRESSES = re.compile(r":(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""What GitHub knows addresses by that stand in a text, and makes links of."""
_UNSAID = "*not said*"
_BEGINNINGS = re.compile(r"^([-+#]|\d+[.)])")


def as_markdown(register: Register) -> str:
    """Return the record as GitHub-flavoured Markdown: an overview, then a part for each activity."""
    parts = chain(
        _head(register),
        _overview(register),
        _gaps(register),
        _for_all(register),
        *map(_activity, register.activities),
    )
    return "\n\n".join(parts) + "\n"


def _head(register: Register) -> Iterator[str]:
    yield "# Record of processing activities"
    count = len(register.activities)
    yield (
        f"As GDPR article 30(1) demands it, made on {register.made_on.isoformat()} from the {count} published "
        f"view{'' if count == 1 else 's'} of the gateway."
    )
    yield _table(("who", "as it was given"), _controller(register.controller))


def _controller(controller: Controller) -> Iterator[Sequence[str]]:
    yield "Controller", _or_unsaid(controller.name)
    yield "Contact", _or_unsaid(controller.contact)
    yield "Data-protection officer", _or_unsaid(controller.officer)


def _overview(register: Register) -> Iterator[str]:
    yield "## Activities"
    headings = ("activity", "view", "purpose", "lawful basis", "special categories", "owner", "next review")
    yield _table(headings, map(_line, register.activities)) if register.activities else "No view is published."


def _line(one: Activity) -> Sequence[str]:
    special = "**yes**" if one.has_special_categories else "no"
    standing = "" if one.standing == "in use" else f" ({one.standing})"
    link = f"[{_text(one.title)}](#{_anchor(one)}){standing}"
    return link, f"`{one.view}`", one.purpose.term, one.basis[0], special, _text(one.owner), _review(one)


def _gaps(register: Register) -> Iterator[str]:
    if gaps := register.all_gaps:
        yield "## What nobody has said"
        yield "GDPR article 30(1) asks it. A published version of a view never changes: its next version can say it."
        yield _table(("of", "article 30(1)", "what is not said", "to mend", "for"), map(_gap, gaps))


def _gap(gap: Gap) -> Sequence[str]:
    of = f"`{gap.of}`" if gap.of else "all of them"
    return of, f"({gap.letter})", _text(gap.what), _text(gap.mend), _text(gap.owner or "who runs the gateway")


def _for_all(register: Register) -> Iterator[str]:
    yield "## What holds for all of them"
    yield _bullets([*register.measures, register.retention])


def _activity(one: Activity) -> Iterator[str]:
    yield f'<a id="{_anchor(one)}"></a>\n\n## {_text(one.title)}: {one.view}'
    yield _text(one.description)
    yield _table(("what", "of this activity"), _facts(one))
    yield "### Personal data"
    yield _table(("category", "what it tells", "fields"), map(_category, one.categories)) if one.categories else "None."
    if one.has_special_categories:
        yield "Fields in **bold** hold special categories of personal data (GDPR article 9)."
    if one.others:
        yield f"No personal data, as the model has it: {_names(one.others)}."
    if one.rules:
        yield "### Rules of single fields"
        yield _table(("field", "from level", "mask", "waits for"), map(_rule, one.rules))
    if one.transfers:
        yield "### Transfers outside the European Economic Area"
        yield _table(("country", "recipient", "safeguard"), map(_transfer, one.transfers))
    yield "### Security"
    yield _bullets(one.measures)


def _facts(one: Activity) -> Iterator[Sequence[str]]:
    yield "Purpose", _term(one.purpose)
    if one.prohibited:
        yield "Prohibited purposes", _terms(one.prohibited)
    yield "Lawful basis", f"GDPR article 6(1)({one.basis[0][-1]}): {one.basis[1]}"
    yield "Processing", _terms(one.processing) if one.processing else _UNSAID
    yield "Data subjects", _terms(one.data_subjects)
    yield "Recipients", _list(one.recipients)
    yield "Consumers", ", ".join(f"`{name}`" for name in one.consumers)
    yield "Transfers", "see below" if one.transfers else _UNSAID if one.transfers is None else "none"
    yield "Retention", _or_unsaid(one.retention)
    yield "Impact assessment", _or_unsaid(one.dpia)
    yield "Owner", _text(one.owner)
    yield "Next review", _review(one)
    yield "Standing", f"{one.standing}{_days(one)}"


def _days(one: Activity) -> str:
    days = (("from", one.valid_from), ("until", one.valid_until))
    return "".join(f", {word} {day.isoformat()}" for word, day in days if day is not None)


def _review(one: Activity) -> str:
    return f"{one.review_by.isoformat()}{' (**overdue**)' if one.review_is_overdue else ''}"


def _category(category: Category) -> Sequence[str]:
    name = f"{category.term.partition(':')[2]} (`{category.term}`)" if category.term else "Other"
    fields = (f"**`{each}`**" if each in category.special else f"`{each}`" for each in category.coordinates)
    return name, category.meaning, ", ".join(fields)


def _rule(rule: Rule) -> Sequence[str]:
    return f"`{rule.coordinate}`", rule.level, rule.mask, rule.waits_for


def _transfer(transfer: Transfer) -> Sequence[str]:
    meaning = attribute_docs(Safeguard)[transfer.safeguard.name]
    return transfer.country, _text(transfer.recipient), f"GDPR {transfer.safeguard}: {meaning}"


def _term(term: Term) -> str:
    return f"**{term.term}**: {_text(term.definition)}"


def _terms(terms: Iterable[Term]) -> str:
    return "<br>".join(map(_term, terms))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list(texts: Sequence[str]) -> str:
    return ", ".join(map(_text, texts)) if texts else _UNSAID


def _or_unsaid(text: str | None) -> str:
    return _text(text) if text else _UNSAID


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {_text(text)}" for text in texts)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _anchor(one: Activity) -> str:
    return one.view.replace("@", "-")


def _text(text: str) -> str:
    """Return what somebody wrote as one line in which nothing is a mark, HTML, or a link to another place.

    GitHub makes a link to itself of an e-mail address, however it is written.
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = _ADDRESSES.sub(r"\\\g<0>", _MARKS.sub(r"\\\1", plain))
    return _BEGINNINGS.sub(lambda found: f"{found[1][:-1]}\\{found[1][-1]}", marked)
