"""Views to test with: one valid file, and ways to write it differently."""

from __future__ import annotations

from pathlib import Path

from schema.problems import ConfigurationError, Problem
from schema.view_files import LoadedView, load_views

SUPPORT_CALL = """\
# what an agent needs on the phone
name: support-call
version: 1
title: Support call
description: What an agent needs while a customer is on the line.
owner: Head of customer service
review_by: 2027-01-31
purpose: {dpv: CustomerCare}
lawful_basis: {gdpr: A6-1-b}
consumers: [agent-desktop]
lookups: [id, crm]
fields:
  Customer.name:
  Customer.segment: {}
limits:
  customers: 50
  deadline_ms: 1500
  calls: 20
  tokens: 500
"""


def write_view(folder: Path, text: str = SUPPORT_CALL, file: str = "support-call@1.yaml") -> Path:
    """Write a view's file and return its path."""
    path = folder / file
    path.write_text(text, encoding="utf-8")
    return path


def view_with(folder: Path, old: str = "", new: str = "") -> LoadedView:
    """Return the view with one part of its text replaced."""
    assert old in SUPPORT_CALL
    write_view(folder, SUPPORT_CALL.replace(old, new))
    return load_views(folder).views[0]


def problems_of(error: ConfigurationError) -> list[tuple[int | None, str]]:
    """Return line and finding of each problem."""
    return [(problem.line, problem.got) for problem in error.problems]


def sentence(problem: Problem) -> str:
    """Return what a person reads, without the place."""
    return str(problem).partition(": error: ")[2] or str(problem).partition(": note: ")[2]
