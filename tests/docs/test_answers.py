"""The page of wrong answers holds every kind that the kits play, with what its keys are told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from adapters.testing import HTTP_WRONGS, POSTGRES_WRONGS, Wrong
from tests.docs.pages import section

_USUAL = "`SOURCE_ERROR`"


@pytest.mark.parametrize(("heading", "wrongs"), [("## HTTP", HTTP_WRONGS), ("## PostgreSQL", POSTGRES_WRONGS)])
def test_every_kind_of_wrong_answer_is_documented(heading: str, wrongs: Mapping[str, Wrong]) -> None:
    """In the order in which they are declared; those that end as most do are only named."""
    text = section("answers.md", heading)
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    others = [one for one in wrongs.values() if _told(one) != _USUAL]
    assert rows == [f"| `{one.name}` | {one.means} | {_told(one)} |" for one in others]
    named = " ".join(text.partition(f"other kind are told {_USUAL}: ")[2].partition("\n\n")[0].split())
    assert named == f"{', '.join(f'`{one.name}`' for one in wrongs.values() if one not in others)}."


def _told(wrong: Wrong) -> str:
    return ", ".join(sorted("right" if reason is None else f"`{reason}`" for reason in wrong.reasons))


@pytest.mark.parametrize("wrongs", [HTTP_WRONGS, POSTGRES_WRONGS], ids=["HTTP", "PostgreSQL"])
def test_there_are_kinds_enough(wrongs: Mapping[str, Wrong]) -> None:
    """Twenty of every protocol, at least; each has a name of its own."""
    assert len({wrong.means for wrong in wrongs.values()}) == len(wrongs) >= 20
