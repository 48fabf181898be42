"""`customer-view status`: how a running gateway's sources do, as its door for operators tells it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.running_gateway import RunningGateway
from gateway.command_error import CommandError
from gateway.source_health_told import LimitsTold, OfferTold, SourcesTold, SourceTold
from gateway.terminal import open_console

__all__ = ["run_status"]

_PATH = "/health/sources"
_NONE = "-"
_CLOSED, _OPEN, _TRIED = "closed", "open", "half-open"


def run_status(url: str | None, token_file: str | None, *, as_json: bool) -> bool:
    """Print how the sources do, and return whether all of them are called: none is left alone, nor one of its offers.

    Raises:
        CommandError: The gateway cannot be asked, or does not tell.
    """
    told = _told(RunningGateway.given(url, token_file, path=_PATH))
    if as_json:
        print(json.dumps(told.model_dump(mode="json", by_alias=True), indent=2))
    else:
        _print(open_console(), told)
    return not any(map(_is_left_alone, told.sources))


def _is_left_alone(source: SourceTold) -> bool:
    return source.left_alone_since is not None or bool(_offers_left_alone(source.limits))


def _offers_left_alone(limits: LimitsTold | None) -> Sequence[OfferTold]:
    return [] if limits is None else [one for one in limits.offers if one.breaker != _CLOSED]


def _told(gateway: RunningGateway) -> SourcesTold:
    body = gateway.tell(_PATH)
    try:
        return SourcesTold.model_validate_json(body)
    except ValidationError:
        raise CommandError(f"{gateway.url} tells something else than a gateway would: is it another server?") from None


def _print(console: Console, told: SourcesTold) -> None:
    table = Table(box=box.ROUNDED, title_justify="left")
    for name in ("source", "breaker"):
        table.add_column(name, overflow="fold")
    for name in ("calls", "errors", "p50", "p95", "under way", "wait"):
        table.add_column(name, justify="right", no_wrap=True)
    for source in told.sources:
        table.add_row(_plain(source.source), *_cells(source, told.at))
    console.print(table)
    _print_failures(console, told)
    _print_bounds(console, told)
    word, colour = _summary(told.sources)
    when = f"{told.at:%H:%M:%S} UTC, process {told.process}"
    about = "Calls, errors and times are of the last minute."
    console.print(Text.assemble((word, colour), f", at {when}. {about}"), soft_wrap=True)


def _summary(sources: Sequence[SourceTold]) -> tuple[str, str]:
    """Return the words for all of them, and a colour."""
    states = [_breakers(source) for source in sources]
    alone, tried = sum(_OPEN in one for one in states), sum(_TRIED in one and _OPEN not in one for one in states)
    held = sum(source.limits is not None and bool(_held(source.limits)) for source in sources)
    if alone:
        more = f", {tried} being tried" if tried else ""
        return f"{alone} of {len(sources)} left alone, whole or in part{more}", "bold red"
    if tried:
        return f"{tried} of {len(sources)} being tried, whole or in part", "bold yellow"
    return (
        (f"{held} of {len(sources)} held by their own word", "bold yellow")
        if held
        else ("All are called", "bold green")
    )


def _breakers(source: SourceTold) -> Collection[str]:
    return () if source.limits is None else {source.limits.breaker, *(one.breaker for one in source.limits.offers)}


def _print_failures(console: Console, told: SourcesTold) -> None:
    """Print below the table how sources failed last: a line has room for it, and a column has not."""
    for source in told.sources:
        failure = source.last_failure
        if failure is not None:
            ago = _span((told.at - failure.at).total_seconds())
            detail = f": {failure.detail}" if failure.detail else ""
            text = f" failed last {ago} ago, {failure.code} for {failure.offer}{detail}"
            console.print(Text.assemble((_plain(source.source), "bold"), _plain(text)), soft_wrap=True)


def _print_bounds(console: Console, told: SourcesTold) -> None:
    """Print which sources are not called as often as they are asked for, though they are in good health."""
    for source in told.sources:
        limits, unsent, said = source.limits, source.last_minute.unsent, list[str]()
        if limits is not None and limits.held_seconds > 0:
            said.append(f"has asked to be left alone, and is held for {limits.held_seconds:.1f} s yet")
        for one in [] if limits is None else _offers_held(limits):
            said.append(f"has asked to have {_plain(one.offer)} left alone, held for {one.held_seconds:.1f} s yet")
        if unsent:
            said.append(f"{unsent} {'call was' if unsent == 1 else 'calls were'} not sent in the last minute")
        if said:
            text = f": {'; '.join(said)}"
            console.print(Text.assemble((_plain(source.source), "bold"), text), soft_wrap=True)


def _cells(source: SourceTold, at: datetime) -> Sequence[Text | str]:
    minute, limits = source.last_minute, source.limits
    return (
        _breaker(source, limits, at),
        str(minute.calls),
        _share(minute.error_rate),
        _milliseconds(minute.p50_ms),
        _milliseconds(minute.p95_ms),
        _NONE if limits is None else f"{limits.under_way} of {limits.width}",
        _NONE if limits is None else str(limits.waiting),
    )


def _held(limits: LimitsTold) -> Sequence[str]:
    """Return what the source has asked to have left alone, itself or offers of it, and for how long yet."""
    whole = [f"{limits.held_seconds:.1f} s"] if limits.held_seconds > 0 else []
    return [*whole, *(_plain(f"{one.offer} {one.held_seconds:.1f} s") for one in _offers_held(limits))]


def _offers_held(limits: LimitsTold) -> Sequence[OfferTold]:
    return [one for one in limits.offers if one.held_seconds > 0]


_COLOURS: Mapping[str, str] = MappingProxyType({_CLOSED: "green", _TRIED: "yellow"})


def _breaker(source: SourceTold, limits: LimitsTold | None, at: datetime) -> Text:
    if limits is None:
        return Text(_NONE)
    told = Text(_plain(limits.breaker), _COLOURS.get(limits.breaker, "red"))
    if source.left_alone_since is not None:
        told.append(f" since {_span((at - source.left_alone_since).total_seconds())} ago")
    else:
        for one in _offers_left_alone(limits):
            told.append(_plain(f"\n{one.breaker}: {one.offer}"), _COLOURS.get(one.breaker, "red"))
    for held in _held(limits):
        told.append(f"\nheld {held}", "yellow")
    if source.readiness:
        told.append("\nfor readiness", "dim")
    return told


def _share(rate: float | None) -> Text | str:
    return _NONE if rate is None else Text(f"{rate:.1%}", "red" if rate else "green")


def _milliseconds(told: float | None) -> str:
    return _NONE if told is None else f"{told:.0f} ms" if told >= 10 else f"{told:.1f} ms"


def _plain(text: str) -> str:
    """Return a text without what a terminal would act on: who answers may be another server."""
    return "".join(one if one.isprintable() else "?" for one in text)


def _span(seconds: float) -> str:
    """Return a time as people say it: in the greatest unit of which it has two."""
    for unit, long in (("h", 3_600), ("min", 60)):
        if seconds >= 2 * long:
            return f"{seconds // long:.0f} {unit}"
    return f"{seconds:.0f} s"
