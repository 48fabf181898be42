from __future__ import annotations

import pytest

from tests.architecture.code import PACKAGES, files
from tests.bench.profile import OUTSIDE, STAGES, Code, Counts, by_stage, main, measured, stage_of
from tests.bench.workload import QUERIES

FRONT: Code = ("/x/gateway/front.py", 1, "__call__")
WIRE: Code = ("/x/adapters/http/wire.py", 1, "ask")
LOOP: Code = ("/lib/asyncio/events.py", 1, "_run")
BUILTIN: Code = ("~", 0, "<built-in method builtins.len>")
INNER: Code = ("~", 0, "<method 'get' of 'dict' objects>")


def counts(own: float, callers: dict[Code, float] | None = None) -> Counts:
    return (1, 1, own, own, {caller: (1, 1, inner, inner) for caller, inner in (callers or {}).items()})


@pytest.mark.parametrize("file", files(*PACKAGES))
def test_every_file_of_the_product_has_a_stage(file: str) -> None:
    """A new one has that of its room, unless it is named."""
    assert stage_of((f"/anywhere/{file}", 1, "work")) in {stage for _, stage in STAGES}


@pytest.mark.parametrize("begins", [begins for begins, _ in STAGES if begins.startswith(PACKAGES)])
def test_every_stage_is_of_files_that_there_are(begins: str) -> None:
    """One of a file that was moved would say nothing, and the file would have its room's."""
    assert [file for file in files(*PACKAGES) if file.startswith(begins.partition(":")[0])]


def test_a_function_may_have_a_stage_of_its_own() -> None:
    """Encoding is done in the front's file, looking up apart from reading."""
    assert stage_of(("/x/gateway/replies.py", 1, "print_answer")) == "encode"
    assert stage_of(("/x/gateway/replies.py", 1, "send_reply")) == "front"
    assert stage_of(("/x/resolvers/finding.py", 1, "find")) == "cross-reference"
    assert stage_of(BUILTIN) is None


def test_what_a_library_takes_goes_to_who_called_it() -> None:
    """By what it took for each of them, through others that are no stage either."""
    stages = by_stage(
        {
            FRONT: counts(1.0, {LOOP: 1.0}),
            WIRE: counts(2.0, {LOOP: 2.0}),
            BUILTIN: counts(4.0, {FRONT: 3.0, WIRE: 1.0}),
            INNER: counts(8.0, {BUILTIN: 8.0}),
            LOOP: counts(0.5),
        }
    )
    assert stages == pytest.approx({"front": 1 + 3 + 6, "wire and decoding": 2 + 1 + 2, OUTSIDE: 0.5})


def test_time_that_nobody_took_is_shared_alike() -> None:
    """A clock that is too coarse loses nothing."""
    stages = by_stage({FRONT: counts(0), WIRE: counts(0), BUILTIN: counts(2.0, {FRONT: 0.0, WIRE: 0.0})})
    assert stages == pytest.approx({"front": 1.0, "wire and decoding": 1.0, OUTSIDE: 0.0})


def test_functions_that_call_each_other_end_outside() -> None:
    """What goes round and round between libraries is handed to nobody for ever."""
    assert by_stage({LOOP: counts(1.0, {BUILTIN: 1.0}), BUILTIN: counts(0, {LOOP: 1.0})})[OUTSIDE] == 1.0


def test_a_profile_sums_up_to_what_requests_take() -> None:
    """Stages of a request that asks a source; the functions that take the most are named."""
    profile = measured(QUERIES["field"], "fields", requests=5, most=3)
    assert profile.microseconds > 0
    assert {"front", "reading", "cross-reference", "run and gather", "wire and decoding", "receipt"} <= set(
        profile.stages
    )
    assert len(profile.functions) == 3
    assert profile.calls > 100


def test_the_command_prints_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the request."""
    main(["typename", "--requests", "3", "--no-receipt", "--functions", "2"])
    shown = capsys.readouterr().out
    assert shown.index("front") < shown.index("assembly") < shown.index(OUTSIDE)
    assert " calls  " in shown
