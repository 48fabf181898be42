from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.references import is_reference
from gateway.refusals import NotTakenError
from gateway.requests import parse_parameters, parse_request
from gateway.situations import NAMES
from schema.situation import NO_SITUATION, Situation

TOLD = {
    "channel": "voice",
    "journey": "service",
    "objective": "resolve-issue",
    "case": "T-4711",
    "interaction": "call/7#x:1",
    "actor": "e-17",
}


def body(situation: Any) -> bytes:
    return orjson.dumps({"query": "{a}", "extensions": {"situation": situation}})


def refused(sent: bytes) -> str:
    """The text of the refusal of a body."""
    with pytest.raises(NotTakenError) as caught:
        parse_request(sent)
    assert (caught.value.status, str(caught.value.code)) == (400, "BAD_REQUEST")
    return caught.value.message


def test_a_situation_is_told_in_its_words() -> None:
    """Three words and three references, by POST and by GET alike."""
    assert tuple(TOLD) == NAMES
    assert parse_request(body(TOLD)).situation == Situation(**TOLD)
    url = b"query=%7Ba%7D&extensions=%7B%22situation%22%3A%7B%22case%22%3A%22T-1%22%7D%7D"
    assert parse_parameters(url).situation == Situation(case="T-1")


@pytest.mark.parametrize("situation", [None, {}, {"case": None}, dict.fromkeys(NAMES)])
def test_a_situation_that_says_nothing_is_none(situation: Any) -> None:
    """Null and absent are alike."""
    assert parse_request(body(situation)).situation is NO_SITUATION
    assert parse_request(b'{"query":"{a}"}').situation is NO_SITUATION


@pytest.mark.parametrize("name", ["channel", "journey", "objective"])
@pytest.mark.parametrize(
    "value", ["", "Voice", "voice ", "voice\n", "-voice", "voice-", "a--b", "a_b", "ä", "x" * 65, 1, True, [], {}]
)
def test_a_word_is_a_slug(name: str, value: Any) -> None:
    """Of lower-case words joined by hyphens, 64 characters at most; what was sent is not repeated."""
    message = refused(body({name: value}))
    wanted = "lower-case words joined by hyphens, 64 characters at most"
    assert message.startswith(f"The part '{name}' of the extension 'situation' is not {wanted}. ")
    assert not isinstance(value, str) or len(value) < 5 or value not in message


@pytest.mark.parametrize("name", ["case", "interaction", "actor"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "a b",
        "a\tb",
        "a\n",
        "ä",
        "\U0001f600",
        "x" * 101,
        "an@ex.org",
        "https://x",
        "a=b",
        "a?b",
        "a,b",
        "a//b",
        4711,
        False,
        ["T-1"],
    ],
)
def test_a_reference_is_no_text(name: str, value: Any) -> None:
    """1 to 100 characters, opaque: neither an address of mail nor a link, for it is recorded and told."""
    message = refused(body({name: value}))
    assert message.startswith(f"The part '{name}' of the extension 'situation' is not 1 to 100 letters, digits and ")


@pytest.mark.parametrize(
    "situation",
    ["voice", 1, True, [], [TOLD], {"chanel": "voice"}, {**TOLD, "consumer": "x"}, {"": "x"}, {"Case": "x"}],
)
def test_another_form_is_refused(situation: Any) -> None:
    """A member that is not known would be a rule that nothing checks."""
    assert refused(body(situation)).startswith(
        "The extension 'situation' is not an object of channel, journey, objective, case, interaction, actor alone. "
    )


@pytest.mark.parametrize(
    "sent",
    [
        b'{"query":"{a}","extensions":{"situation":{"case":"A","case":"B"}}}',
        b'{"query":"{a}","extensions":{"situation":{"case":"A","c\\u0061se":"B"}}}',
        b'{"query":"{a}","extensions":{"situation":{"case":"A"},"situation":{"case":"B"}}}',
        b'{"query":"{a}","extensions":{"situation":{"case":"A"},"situation":null}}',
        b'{"query":"{a}","extensions":{"situation":{"case":"A"},"situation":{}}}',
        b'{"query":"{a}","extensions":{"situ\\u0061tion":{"case":"A"},"situation":{"case":"B"}}}',
        b'{"query":"{a}","extensions":{"situation":{"case":"A"},"receipt":"none","receipt":"fields"}}',
    ],
)
def test_a_part_that_stands_twice_is_refused(sent: bytes) -> None:
    """However it is spelt: two readers of one body must never come to two situations."""
    told = "A member of 'extensions', or of its 'situation', stands more than once. "
    assert refused(sent).startswith(told)


def test_a_part_that_stands_twice_in_a_url_is_refused() -> None:
    """By GET as by POST."""
    extensions = "%7B%22situation%22%3A%7B%22case%22%3A%22A%22%2C%22case%22%3A%22B%22%7D%7D"
    with pytest.raises(NotTakenError, match="stands more than once"):
        parse_parameters(f"query=%7Ba%7D&extensions={extensions}".encode())


@pytest.mark.parametrize(
    "sent",
    [
        b'{"query":"{a}","variables":{"case":1,"situation":{"case":2,"case":3}},"extensions":{"situation":{"case":"A"}}}',
        b'{"query":"{a}","extensions":{"more":[{"case":1,"case":2}],"situation":{"case":"A"}}}',
        b'{"query":"{case situation}","variables":{"x":"\\u0061"},"extensions":{"situation":{"case":"A"}}}',
    ],
)
def test_the_same_words_elsewhere_are_not_the_situations(sent: bytes) -> None:
    """Variables, other extensions and the query may hold them as they like."""
    assert parse_request(sent).situation == Situation(case="A")


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("T-1", True),
        ("x" * 100, True),
        ("crm:a/b#1_2.3", True),
        ("", False),
        ("a b", False),
        ("a@b", False),
        (1, False),
    ],
)
def test_a_reference_is_told_from_anything_else(value: object, fits: bool) -> None:
    """1 to 100 letters, digits and a few signs that tickets have."""
    assert is_reference(value) is fits
