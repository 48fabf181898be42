"""Forms in which callers refer to something."""

from __future__ import annotations

import pytest

from gateway.references import read_customer


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"id": "cus_1"}, (None, "cus_1")),
        ({"crm": "C-1 ö"}, ("crm", "C-1 ö")),
        ({"crm": "x" * 1_024}, ("crm", "x" * 1_024)),
        ({"crm": "x" * 1_025}, None),
        ({"crm": ""}, None),
        ({"crm": "a\nb"}, None),
        ({"crm": 1}, None),
        ({"id": "1", "crm": "1"}, None),
        ({"": "1"}, None),
        ({"c rm": "1"}, None),
        ({}, None),
        ("cus_1", None),
        (None, None),
    ],
)
def test_a_customer_is_named_by_the_id_or_by_one_key(given: object, read: object) -> None:
    """Exactly one of them, of a form that a log and a line bear."""
    assert read_customer(given) == read
