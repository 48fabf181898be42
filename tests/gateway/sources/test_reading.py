"""`sources.yaml`: what an operator says holds, what is left out is as the author said, what is wrong is told."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.limits import Bucket, Execution, Limits, OfferLimits, Points, Width, Window
from adapters.limits.signals import SIGNALS
from gateway.sources import Sources, SourcesFile, apply, own_limits, read_sources
from gateway.sources.declaration import SourceRule
from gateway.sources.limiting import limits_of
from schema.problems import ConfigurationError, Problem
from tests.gateway.sources.greengrocer import Stand, read, stands

ROOT = Path(__file__).parents[3]

EVERY_KEY = """\
pears:
  timeout: 3
  width: {most: 20, least: 1, queue: 50, adapts: false}
  breaking: {failures: 4, share: 0.4, of: 30, seconds: 20, open_seconds: 2.5, probes: 3}
  repeating: {most: 1, share: 0.1, floor: 0.5, first_seconds: 0.1, most_seconds: 2}
  rates:
    - window: {calls: 600, seconds: 300}
    - bucket: {size: 10, per_second: 2.5}
    - points: {size: 2000, per_second: 100}
    - execution: {seconds: 1200, within: 300}
  signals: hubspot
  offers:
    search: {timeout: 1.5, at_once: 2, rates: [{window: {calls: 5, seconds: 1}}]}
  readiness: true
"""


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    assert caught.value.__cause__ is None
    assert {one.file for one in caught.value.problems} == {str(folder / "sources.yaml")}
    return caught.value.problems


def seen(limits: Limits) -> str:
    """Limits as they print: rates are equal by what they say."""
    return repr(limits)


def test_every_key_becomes_a_limit(tmp_path: Path) -> None:
    """Rates in the order of the file."""
    sources = read(tmp_path, EVERY_KEY)
    limits = sources.limits["pears"]
    assert (limits.timeout, limits.width) == (3, Width(most=20, least=1, queue=50, adapts=False))
    breaking, repeating = limits.breaking, limits.repeating
    assert (breaking.failures, breaking.share, breaking.of, breaking.seconds) == (4, 0.4, 30, 20)
    assert (breaking.open_seconds, breaking.probes) == (2.5, 3)
    assert (repeating.most, repeating.share, repeating.floor) == (1, 0.1, 0.5)
    assert (repeating.first_seconds, repeating.most_seconds) == (0.1, 2)
    rates = [Window(600, 300), Bucket(10, 2.5), Points(2000, 100), Execution(1200, 300)]
    assert [*map(repr, limits.rates)] == [*map(repr, rates)]
    assert limits.signals is SIGNALS["hubspot"]
    search = limits.offers["search"]
    assert (search.timeout, search.at_once, repr(search.rates)) == (1.5, 2, repr((Window(5, 1),)))
    assert sources.readiness == {"pears"}


def test_what_is_left_out_is_as_the_author_declared_it(tmp_path: Path) -> None:
    """Key by key, and other sources wholly."""
    own = own_limits(stands())
    sources = read(tmp_path, "pears: {width: {queue: 7}, offers: {search: {at_once: 9}}}\n")
    pears = sources.limits["pears"]
    assert pears.width == Width(most=10, least=2, queue=7)
    assert (pears.timeout, repr(pears.rates)) == (2.0, "[Window(100, 10)]")
    assert (pears.offers["search"].at_once, repr(pears.offers["search"].rates)) == (9, "[Window(4, 1)]")
    assert seen(sources.limits["apples"]) == seen(own["apples"])
    assert sources.readiness == frozenset()
    assert "plums" not in sources.limits


def test_an_empty_list_takes_the_authors_rates_away(tmp_path: Path) -> None:
    """The operator knows the contract."""
    pears = read(tmp_path, "pears: {rates: [], offers: {search: {rates: []}}}\n").limits["pears"]
    assert (pears.rates, pears.offers["search"]) == ((), OfferLimits(at_once=3))


def test_a_file_without_a_word_of_a_source_changes_nothing(tmp_path: Path) -> None:
    """It is in order."""
    sources = read(tmp_path, "{}\n")
    assert seen(sources.limits["pears"]) == seen(own_limits(stands())["pears"])


def test_what_was_read_is_applied_and_what_was_the_authors_comes_back(tmp_path: Path) -> None:
    """A file is read anew against what the authors declared, not against what the file before it said."""
    adapters = stands()
    own = own_limits(adapters)
    apples, pears = adapters[0], adapters[1]
    assert isinstance(apples, Stand)
    assert isinstance(pears, Stand)
    apply(read(tmp_path, "pears: {timeout: 7}\napples: {timeout: 8}\n", adapters), adapters)
    assert (apples.limits.limits.timeout, pears.limits.limits.timeout) == (8, 7)
    (tmp_path / "sources.yaml").write_text("apples: {timeout: 9}\n")
    apply(read_sources(tmp_path / "sources.yaml", adapters, own), adapters)
    assert (apples.limits.limits.timeout, pears.limits.limits.timeout) == (9, 2.0)


def test_nothing_is_applied_where_there_is_no_file() -> None:
    """Adapters are left as they are."""
    adapters = stands()
    pears = adapters[1]
    assert isinstance(pears, Stand)
    before = pears.limits.limits
    apply(Sources(), adapters)
    assert pears.limits.limits is before


WRONG = [
    ("timeout: 3", "timeout: 0", 2, "0 (pears.timeout)", "seconds after which one call is given up: a number, 0.01 to"),
    ("timeout: 3", "timeout: 301", 2, "301 (pears.timeout)", "seconds after which one call is given up"),
    ("timeout: 3", "timeout: fast", 2, "'fast' (pears.timeout)", "seconds after which one call is given up"),
    ("timeout: 3", "timeout: true", 2, "true (pears.timeout)", "seconds after which one call is given up"),
    ("timeout: 3", "timeout:", 2, "nothing (pears.timeout)", "seconds after which one call is given up"),
    ("timeout: 3", "timeot: 3", 2, "the unknown key 'timeot' (pears.timeot)", "one of: timeout, width, breaking,"),
    ("most: 20,", "most: 0,", 3, "0 (pears.width.most)", "how many calls run together at most: a whole number, 1 to 1"),
    ("most: 20,", "most: 10001,", 3, "10001 (pears.width.most)", "how many calls run together at most"),
    ("most: 20,", "most: 1.5,", 3, "1.5 (pears.width.most)", "how many calls run together at most"),
    ("least: 1,", "least: 0,", 3, "0 (pears.width.least)", "how many calls may run together however slow"),
    ("least: 1,", "least: 21,", 3, "least 21, above most 20 (pears.width.least)", "the least no greater than the most"),
    ("queue: 50", "queue: -1", 3, "-1 (pears.width.queue)", "how many calls may wait for their turn"),
    ("adapts: false", "adapts: 0", 3, "0 (pears.width.adapts)", "whether fewer run together while the source is slow"),
    ("failures: 4", "failures: 0", 4, "0 (pears.breaking.failures)", "failures in a row after which it is left alone"),
    ("share: 0.4", "share: 0", 4, "0 (pears.breaking.share)", "the share of failures at which it is left alone"),
    ("of: 30", "of: 1001", 4, "1001 (pears.breaking.of)", "of how many calls the share is taken"),
    ("seconds: 20,", "seconds: 0,", 4, "0 (pears.breaking.seconds)", "seconds within which these ended"),
    ("open_seconds: 2.5", "open_seconds: 301", 4, "301 (pears.breaking.open_seconds)", "seconds for which it is left"),
    ("probes: 3", "probes: 0", 4, "0 (pears.breaking.probes)", "calls in a row that have to go well then"),
    ("most: 1,", "most: 11,", 5, "11 (pears.repeating.most)", "how often one call is sent again at most"),
    ("share: 0.1", "share: 1.1", 5, "1.1 (pears.repeating.share)", "the share of all calls that are sent again at"),
    ("floor: 0.5", "floor: 1001", 5, "1001 (pears.repeating.floor)", "how many are beside that, a second"),
    ("first_seconds: 0.1", "first_seconds: 0", 5, "0 (pears.repeating.first_seconds)", "the most seconds before the"),
    (
        "first_seconds: 0.1",
        "first_seconds: 3",
        5,
        "first_seconds 3, above most_seconds 2 (pears.repeating.first_seconds)",
        "the least no greater than the most",
    ),
    ("most_seconds: 2", "most_seconds: 61", 5, "61 (pears.repeating.most_seconds)", "the most seconds before any att"),
    ("calls: 600", "calls: 0", 7, "0 (pears.rates[1].window.calls)", "calls: a whole number, 1 to 100000"),
    (
        "seconds: 300}\n    - b",
        "seconds: 0}\n    - b",
        7,
        "0 (pears.rates[1].window.seconds)",
        "seconds: a number, 0.00",
    ),
    (
        "{calls: 600, seconds: 300}",
        "{calls: 600}",
        7,
        "no seconds (pears.rates[1].window.seconds)",
        "seconds: a number",
    ),
    ("size: 10,", "size: 0.5,", 8, "0.5 (pears.rates[2].bucket.size)", "how many at once: a number, 1 to 100000"),
    ("per_second: 2.5", "per_second: 0", 8, "0 (pears.rates[2].bucket.per_second)", "how many come back a second"),
    ("points:", "point:", 9, "the unknown key 'point' (pears.rates[3].point)", "one of: window, bucket, points, exec"),
    ("size: 2000", "size: 100001", 9, "100001 (pears.rates[3].points.size)", "how many at once"),
    ("seconds: 1200", "seconds: 0", 10, "0 (pears.rates[4].execution.seconds)", "seconds of the source's time"),
    ("within: 300", "within: 86401", 10, "86401 (pears.rates[4].execution.within)", "seconds: a number, 0.001 to 8640"),
    (
        "bucket: {size: 10, per_second: 2.5}",
        "{}",
        8,
        "a mapping (pears.rates[2])",
        "exactly one of: window, bucket, points, execution",
    ),
    (
        "bucket: {size: 10, per_second: 2.5}",
        "{bucket: {size: 1, per_second: 1}, window: {calls: 1, seconds: 1}}",
        8,
        "a mapping (pears.rates[2])",
        "exactly one of: window, bucket, points, execution",
    ),
    ("signals: hubspot", "signals: hubspots", 11, "'hubspots' (pears.signals)", "how it says that there are too many"),
    ("    search:", "    serch:", 13, "the offer 'serch', which pears does not have", "one of: fruit, search"),
    ("timeout: 1.5", "timeout: 0", 13, "0 (pears.offers.search.timeout)", "seconds after which one of its calls is g"),
    ("at_once: 2", "at_once: 0", 13, "0 (pears.offers.search.at_once)", "how many of its calls run together at most"),
    ("calls: 5", "calls: x", 13, "'x' (pears.offers.search.rates[1].window.calls)", "calls: a whole number"),
    ("readiness: true", "readiness: 1", 14, "1 (pears.readiness)", "whether requests are to go elsewhere while it is"),
    ("pears:\n", "peers:\n", 1, "the source 'peers', which no adapter is for", "a source of one of the gateway's adap"),
    ("width: {", "width: 3 #{", 3, "3 (pears.width)", "how many calls run together: a mapping with the keys most,"),
]


@pytest.mark.parametrize(("old", "new", "line", "got", "wanted"), WRONG)
def test_one_mistake_is_one_problem(tmp_path: Path, old: str, new: str, line: int, got: str, wanted: str) -> None:
    """Each key wrong once: its line, what stands there, what is wanted."""
    assert EVERY_KEY.count(old) >= 1
    (problem,) = problems(tmp_path, EVERY_KEY.replace(old, new, 1))
    assert (problem.line, problem.got[: len(got)]) == (line, got)
    assert problem.wanted.startswith(wanted)
    assert problem.mend


def test_every_key_has_been_wrong_once() -> None:
    """A key that is new needs a line above."""
    named = {word for _, _, _, got, _ in WRONG for word in got.partition("(")[2].rstrip(")").split(".")}
    declared = SourcesFile.json_schema()["$defs"]
    keys = {key for model in declared.values() for key in model["properties"]} - {"window", "bucket", "execution"}
    assert {key for key in keys if key not in named} <= {"breaking", "repeating", "rates", "offers", "points"}
    assert all(f"{key}:" in EVERY_KEY for key in keys)


def test_a_misspelt_name_is_told_what_it_may_mean(tmp_path: Path) -> None:
    """Sources, offers and keys alike."""
    assert [
        one.mend
        for text in ("peers: {}\n", "pears: {offers: {serch: {}}}\n", "pears: {widht: {}}\n")
        for one in problems(tmp_path, text)
    ] == ["did you mean 'pears'?", "did you mean 'search'?", "did you mean 'width'?"]


def test_a_source_whose_adapter_keeps_no_limits_is_told(tmp_path: Path) -> None:
    """What would be said of it would hold of nothing."""
    (problem,) = problems(tmp_path, "plums: {timeout: 3}\n")
    assert (problem.line, problem.got) == (1, "the source plums, whose adapter keeps no limits")


def test_a_least_of_the_adapters_own_gives_way(tmp_path: Path) -> None:
    """Who narrows a source to one call need not know what its author thought of as the least; the other way is told."""
    assert read(tmp_path, "pears: {width: {most: 1}}\n").limits["pears"].width.most == 1
    (problem,) = problems(tmp_path, "pears: {width: {least: 11}}\n")
    assert problem.got == "least 11, above most 10 of its adapter (pears.width.least)"


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """Once the form is right: whoever mends one finds no other behind it."""
    found = problems(tmp_path, "peers: {}\nplums: {}\npears: {offers: {a: {}, b: {}}}\n")
    assert [one.line for one in found] == [1, 2, 3, 3]


def test_a_wrong_form_hides_no_other_problem(tmp_path: Path) -> None:
    """Unknown names, and numbers that do not fit together, are told beside keys that are wrong: in one pass."""
    text = """\
peers: {timeout: 0}
pears:
  timeot: 3
  width: {least: 9, most: 3}
  offers: {serch: {timeout: 0}, search: {at_once: x}}
apples: 3
prunes: []
"""
    assert [(one.line, one.got) for one in problems(tmp_path, text)] == [
        (1, "0 (peers.timeout)"),
        (1, "the source 'peers', which no adapter is for"),
        (3, "the unknown key 'timeot' (pears.timeot)"),
        (4, "least 9, above most 3 (pears.width.least)"),
        (5, "0 (pears.offers.serch.timeout)"),
        (5, "'x' (pears.offers.search.at_once)"),
        (5, "the offer 'serch', which pears does not have"),
        (6, "3 (apples)"),
        (7, "an empty list (prunes)"),
        (7, "the source 'prunes', which no adapter is for"),
    ]


def test_of_many_problems_a_hundred_are_told(tmp_path: Path) -> None:
    """And how many more there are: to tell 9,000 of one line took half a minute."""
    found = problems(tmp_path, f"pears: {{{', '.join(f'k{number}: 1' for number in range(9_000))}}}\n")
    assert len(found) == 101
    assert (found[-1].line, found[-1].got) == (None, "8900 more problems of the same file")


@pytest.mark.parametrize("text", ["", "- pears\n", "pears\n", "pears: []\n"])
def test_a_file_of_another_form_is_told(tmp_path: Path, text: str) -> None:
    """Nothing is taken for nothing to say."""
    (problem,) = problems(tmp_path, text)
    assert problem.wanted.startswith(("a mapping of sources", "what holds of one source"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As of every other file."""
    with pytest.raises(ConfigurationError, match="no readable file"):
        read_sources(tmp_path / "sources.yaml", [], {})


def _extremes(model: Any, defs: Any, side: str) -> Any:
    """The least or the greatest of every number of a part of the JSON Schema."""
    model = defs[model["$ref"].rpartition("/")[2]] if "$ref" in model else model
    if "minimum" in model:
        return model[side]
    if model.get("type") == "object" and "properties" in model:
        found = {name: _extremes(one, defs, side) for name, one in model["properties"].items()}
        return {name: one for name, one in found.items() if one is not None}
    return None


@pytest.mark.parametrize("side", ["minimum", "maximum"])
def test_every_bound_of_the_file_is_one_that_the_limits_take(side: str) -> None:
    """What the form lets pass raises nothing later."""
    defs = SourcesFile.json_schema()["$defs"]
    given = _extremes({"$ref": "#/$defs/SourceRule"}, defs, side)
    given["rates"] = [{name: _extremes(one, defs, side)} for name, one in defs["RateRule"]["properties"].items()]
    given["offers"] = {"search": _extremes({"$ref": "#/$defs/Offered"}, defs, side)}
    for name in SIGNALS:
        limits = limits_of(SourceRule.model_validate({**given, "signals": name}), Limits())
        assert limits.signals is SIGNALS[name]
        assert len(limits.rates) == len(defs["RateRule"]["properties"])


def test_every_kind_of_signals_has_its_name() -> None:
    """Those of the adapters, and no other."""
    assert set(SourcesFile.json_schema()["$defs"]["SourceRule"]["properties"]["signals"]["enum"]) == set(SIGNALS)


KEYS = ["pears", "timeout", "width", "most", "rates", "window", "calls", "seconds", "offers", "search", "x"]
PLAIN = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(-1, 1e6, allow_nan=False) | st.text(max_size=5)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)


@settings(deadline=None, max_examples=150)
@given(st.recursive(PLAIN, _nested, max_leaves=12))
def test_whatever_stands_there_is_read_or_told(data: Any) -> None:
    """No other exception than the one that holds the problems."""
    with TemporaryDirectory() as name, suppress(ConfigurationError):
        assert isinstance(read(Path(name), json.dumps(data)), Sources)


def test_the_published_json_schema_is_that_of_the_code() -> None:
    """`docs/sources.schema.json` is what `customer-view sources-schema` prints."""
    published = (ROOT / "docs" / "sources.schema.json").read_text("utf-8")
    assert published == json.dumps(SourcesFile.json_schema(), indent=2, ensure_ascii=False) + "\n"
