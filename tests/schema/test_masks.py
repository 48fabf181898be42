"""A mask lets a text be recognised and not read, whatever the text is."""

from __future__ import annotations

import re
from unicodedata import category, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.masks import HIDDEN, Mask, mask_text

LATE = "\u202eenna"
"""A text that is written from right to left."""

TEXTS = st.text(max_size=200) | st.text("aZ9 .-@•é\u0301\u200d\u202e👩", max_size=30)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=9, max_size=200)


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (Mask.INITIALS, "Anne Neumann", "A. N."),
        (Mask.INITIALS, "Anne", "A."),
        (Mask.INITIALS, "  (Anne)  Maria von\tNeumann ", "A. N."),
        (Mask.INITIALS, "Émile Żak", "É. Ż."),
        (Mask.INITIALS, "ﬃx Ǆan", "f. D."),
        (Mask.INITIALS, "\uff21nne \U0001d40deumann", "A. N."),
        (Mask.INITIALS, "김철수", HIDDEN),
        (Mask.INITIALS, "김 철수", HIDDEN),
        (Mask.INITIALS, "Anne 김", HIDDEN),
        (Mask.INITIALS, "张 晓明", HIDDEN),
        (Mask.INITIALS, "ﷺ Ali", HIDDEN),
        (Mask.INITIALS, "אבי כהן", HIDDEN),
        (Mask.INITIALS, "0171 4711", HIDDEN),
        (Mask.INITIALS, "E\u0301mile Zola", "E. Z."),
        (Mask.INITIALS, "👩‍🚀 Anne 🚀", "A."),
        (Mask.INITIALS, f"{LATE} Neumann", "e. N."),
        (Mask.INITIALS, "A", HIDDEN),
        (Mask.INITIALS, "A. N.", HIDDEN),
        (Mask.INITIALS, "👩‍🚀", HIDDEN),
        (Mask.LAST4, "NL91ABNA0417164300", "••••4300"),
        (Mask.LAST4, "4111 1111-1111.1234 \u202c", "••••1234"),
        (Mask.LAST4, "12345678", "••••5678"),
        (Mask.LAST4, "MT84 MALT 0110 0001 2345 MTLC AST0 01S", "••••001S"),
        (Mask.LAST4, "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", "••••5678"),
        (Mask.LAST4, "1234567", HIDDEN),
        (Mask.LAST4, "1\u03012\u0301", HIDDEN),
        (Mask.LAST4, "Anne Neumann", HIDDEN),
        (Mask.LAST4, "my PIN is 4711", HIDDEN),
        (Mask.LAST4, "0123456789 Anne", HIDDEN),
        (Mask.LAST4, "0123456789 김철수1", HIDDEN),
        (Mask.LAST4, "김철수김철수김철", HIDDEN),
        (Mask.LAST4, "••••4300", HIDDEN),
        (Mask.EMAIL, "anne@example.com", "a•••@example.com"),
        (Mask.EMAIL, "a@example.com", "a•••@example.com"),
        (Mask.EMAIL, '"a@b"@example.com', "•••@example.com"),
        (Mask.EMAIL, "anne@exämple.com", "a•••@exämple.com"),
        (Mask.EMAIL, "a•••@example.com", HIDDEN),
        (Mask.EMAIL, "•••@example.com", HIDDEN),
        (Mask.EMAIL, "anne", HIDDEN),
        (Mask.EMAIL, "@example.com", HIDDEN),
        (Mask.EMAIL, "anne@", HIDDEN),
        (Mask.EMAIL, "anne@mail.xn--p1ai", "a•••@mail.xn--p1ai"),
        (Mask.EMAIL, "김철수@example.com", "•••@example.com"),
        (Mask.EMAIL, "0171@example.com", "•••@example.com"),
        (Mask.EMAIL, "12@4711", HIDDEN),
        (Mask.EMAIL, "1•••@01.02.1980", HIDDEN),
        (Mask.EMAIL, "anne@neumann", HIDDEN),
        (Mask.EMAIL, "anne@example..com", HIDDEN),
        (Mask.EMAIL, "anne@-example.com", HIDDEN),
        (Mask.EMAIL, "anne@secret_street.com", HIDDEN),
        (Mask.EMAIL, "anne@example.com\n", HIDDEN),
        (Mask.EMAIL, "Anne <anne@example.com>", HIDDEN),
        (Mask.EMAIL, "reach me @ noon, 0612345678", HIDDEN),
        (Mask.EMAIL, f"anne@{'x' * 254}", HIDDEN),
        (Mask.ALL, "anything", HIDDEN),
        *((mask, "", HIDDEN) for mask in Mask),
    ],
)
def test_a_mask_shows_what_it_says(mask: Mask, text: str, shown: str) -> None:
    """And nothing of a text that it does not fit."""
    assert mask_text(mask, text) == shown


@given(mask=st.sampled_from(Mask), text=TEXTS | TEXTS.map(lambda text: f"{text}@example.com"))
def test_no_mask_shows_the_whole_text(mask: Mask, text: str) -> None:
    """It does not stand in the masked one either; a few bullets are no secret."""
    masked = mask_text(mask, text)
    assert masked == HIDDEN or text not in masked
    assert masked == HIDDEN or sum(map(str.isalnum, masked)) <= sum(map(str.isalnum, text))


ODD = st.text("aZ张김ﷺﬃǄ㌀א½²①\uff11\U0001d7cf4711 .-_@•É\u0301\u202e", max_size=24)


@given(text=TEXTS | ODD)
@example("김철수")
@example("ﷺ Ali")
def test_initials_are_two_letters_with_capitals_at_the_most(text: str) -> None:
    """One of the first word and one of the last, each one letter with its accents, and not the only one."""
    masked = mask_text(Mask.INITIALS, text)
    if masked != HIDDEN:
        letters = [normalize("NFD", one[:-1]) for one in masked.split(" ")]
        assert masked.endswith(".")
        assert len(letters) <= 2
        assert all(category(one[0]) in ("Lu", "Ll") for one in letters)
        assert all(category(mark) == "Mn" for one in letters for mark in one[1:])
        assert sum(map(str.isalnum, text)) > len(letters)


@given(text=TEXTS | ODD | st.text("0123456789 -/A김\uff11Ⅷ", max_size=24))
@example("김철수김철수김철")
@example("Anne Neumann")
def test_the_last_four_are_those_of_a_number(text: str) -> None:
    """At most half of what it has, and no end of a name: digits, and letters of A to Z between them."""
    masked = mask_text(Mask.LAST4, text)
    if masked != HIDDEN:
        assert re.fullmatch(rf"{HIDDEN}(?:\d|[A-Za-z]){{4}}", masked)
        assert any(map(str.isdecimal, masked))
        known = [one for one in text if one.isalnum()]
        assert len(known) >= 8
        assert sum(map(str.isdecimal, known)) > len(known) / 2


@given(text=TEXTS | ODD | st.tuples(ODD, ODD).map("@".join) | ODD.map(lambda text: f"anne@{text}.de"))
@example("12@4711")
@example("11@01.02.1980")
def test_behind_the_sign_of_an_address_stands_a_domain_and_nothing_else(text: str) -> None:
    """Its labels hold letters, digits and hyphens inside, and the last letters alone: no number, date or sentence."""
    masked = mask_text(Mask.EMAIL, text)
    if masked != HIDDEN:
        local, _, domain = masked.partition("@")
        *labels, top = domain.split(".")
        assert len(normalize("NFD", local.removesuffix("•••")).rstrip("\u0301\u030c")) <= 1
        assert labels
        assert top.isalpha()
        assert all(label.replace("-", "a").isalnum() and label.strip("-") == label for label in labels)


@given(mask=st.sampled_from(Mask), start=WORDS, end=WORDS, between=st.tuples(TEXTS, TEXTS))
def test_no_mask_tells_how_long_the_text_is(mask: Mask, start: str, end: str, between: tuple[str, str]) -> None:
    """What stands in the middle changes nothing of what is shown, however much it is."""
    domain = "@example.com" if mask is Mask.EMAIL else ""
    shown = {mask_text(mask, f"{start} {middle} {end}{domain}") for middle in ("", *between)} - {HIDDEN}
    assert len(shown) <= 1
    assert all(len(one) <= len(HIDDEN) + max(len(domain), len(HIDDEN)) for one in shown)


@pytest.mark.parametrize("mask", Mask)
@pytest.mark.parametrize("unit", ["a", "a ", "é", "\u0301", "👩‍🚀", "@", "\u202e", " ", "\ud800", "a@b."])
def test_a_huge_text_is_masked_like_any_other(mask: Mask, unit: str) -> None:
    """100 kB of it; also of halves of characters, which some sources send."""
    text = unit * (100_000 // len(unit))
    masked = mask_text(mask, text)
    assert text not in masked
    assert len(masked) <= 2 * len(HIDDEN)
    masked.encode()
