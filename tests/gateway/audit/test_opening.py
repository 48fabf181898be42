"""What the settings of the audit have to be, told before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit import AuditPlace, audit_problems
from gateway.settings import Settings
from schema.problems import Level, Problem
from tests.gateway.greenhouse import greenhouse

FOLDER, ANCHORS, DAYS = "CUSTOMER_VIEW_AUDIT", "CUSTOMER_VIEW_AUDIT_ANCHORS", "CUSTOMER_VIEW_AUDIT_DAYS"


def found(place: AuditPlace, *, has_secrets: bool = True) -> list[Problem]:
    """Return what is wrong."""
    return [*audit_problems(place, has_secrets=has_secrets)]


def errors(place: AuditPlace, *, has_secrets: bool = True) -> list[tuple[str, str]]:
    """Return which setting is wrong, and how."""
    several = found(place, has_secrets=has_secrets)
    return [(one.file, one.got) for one in several if one.level is Level.ERROR]


@pytest.fixture
def place(tmp_path: Path) -> AuditPlace:
    """Two folders apart, which nobody else may use."""
    folder, anchors = tmp_path / "here" / "audit", tmp_path / "there" / "anchors"
    for one in (folder, anchors):
        one.mkdir(mode=0o700, parents=True)
    return AuditPlace(folder, anchors, 30)


def test_two_folders_apart_and_a_secret_are_in_order(place: AuditPlace) -> None:
    """On one disk they serve to try it out; that is noted."""
    assert errors(place) == []
    (note,) = found(place)
    assert (note.level, note.file, note.got) == (Level.NOTE, ANCHORS, "a folder on the same disk as the records")


def test_nothing_is_wrong_where_nothing_is_recorded() -> None:
    """A view can demand otherwise."""
    assert found(AuditPlace(), has_secrets=False) == []


def test_records_need_a_secret_and_another_place(place: AuditPlace) -> None:
    """Without the one they cannot be signed, without the other nobody misses what is cut."""
    assert errors(AuditPlace(place.folder), has_secrets=False) == [
        (FOLDER, "no secret file"),
        (FOLDER, f"no {ANCHORS}"),
    ]


def test_the_parts_are_nothing_without_the_folder(place: AuditPlace) -> None:
    """Somebody believes that requests are recorded."""
    assert errors(AuditPlace(None, place.anchors, 30)) == [
        (ANCHORS, f"no {FOLDER}, to which it belongs"),
        (DAYS, f"no {FOLDER}, to which it belongs"),
    ]


def test_anchors_in_the_place_of_the_records_are_none(place: AuditPlace) -> None:
    """Whoever can cut the one can cut the other."""
    assert place.folder is not None
    (place.folder / "anchors").mkdir(mode=0o700)
    for anchors in (place.folder, place.folder / "anchors", place.folder.parent):
        assert errors(AuditPlace(place.folder, anchors))[0] == (
            ANCHORS,
            "the folder of the records, or one inside the other",
        )


def test_a_folder_has_to_be_there(place: AuditPlace, tmp_path: Path) -> None:
    """It is not made: the disk that belongs there may not be mounted."""
    (tmp_path / "file").write_text("")
    assert errors(AuditPlace(tmp_path / "none", place.anchors)) == [
        (FOLDER, f"{tmp_path / 'none'}, where there is no folder")
    ]
    assert errors(AuditPlace(tmp_path / "file", place.anchors)) == [
        (FOLDER, f"{tmp_path / 'file'}, which is no folder")
    ]


def test_a_folder_in_which_nothing_can_be_written_is_told(place: AuditPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request would be refused."""
    monkeypatch.setattr("gateway.audit.opening.os.access", lambda *_: False)
    assert [got for _, got in errors(place)] == [
        f"{place.anchors}, in which nothing can be written",
        f"{place.folder}, in which nothing can be written",
    ]


def test_a_folder_that_others_may_use_is_noted(place: AuditPlace) -> None:
    """Who was asked about by whom in which case is nobody else's business."""
    assert place.folder is not None
    place.folder.chmod(0o755)
    notes = [(one.file, one.got, one.mend) for one in found(place) if one.file == FOLDER]
    assert notes == [(FOLDER, "the mode 755", f"chmod 700 {place.folder}")]


def test_a_gateway_checks_them(planted: Path, nothing_else_installed: None) -> None:
    """As it does all settings; what is wrong stops the start."""
    made = greenhouse(planted, settings=Settings(audit=planted / "nowhere"))
    assert [one.file for one in made.gateway.check().errors] == [FOLDER] * 3
