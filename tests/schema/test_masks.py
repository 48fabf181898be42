"""A mask lets a text be recognised and not read, whatever the text is."""

from __future__ import annotations

import pytest
from hypothesis import given
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
        (Mask.INITIALS, "אבי כהן", "א. כ."),
        (Mask.INITIALS, "E\u0301mile Zola", "E. Z."),
        (Mask.INITIALS, "👩‍🚀 Anne 🚀", "A."),
        (Mask.INITIALS, f"{LATE} Neumann", "e. N."),
        (Mask.INITIALS, "A", HIDDEN),
        (Mask.INITIALS, "A. N.", HIDDEN),
        (Mask.INITIALS, "👩‍🚀", HIDDEN),
        (Mask.LAST4, "NL91ABNA0417164300", "••••4300"),
        (Mask.LAST4, "4111 1111-1111.1234 \u202c", "••••1234"),
        (Mask.LAST4, "12345678", "••••5678"),
        (Mask.LAST4, "1234567", HIDDEN),
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


@given(mask=st.sampled_from(Mask), start=WORDS, end=WORDS, middle=TEXTS)
def test_no_mask_tells_how_long_the_text_is(mask: Mask, start: str, end: str, middle: str) -> None:
    """What stands in the middle changes nothing, however much it is."""
    domain = "@example.com" if mask is Mask.EMAIL else ""
    assert mask_text(mask, f"{start} {middle} {end}{domain}") == mask_text(mask, f"{start} {end}{domain}")


@pytest.mark.parametrize("mask", Mask)
@pytest.mark.parametrize("unit", ["a", "a ", "é", "\u0301", "👩‍🚀", "@", "\u202e", " ", "\ud800", "a@b."])
def test_a_huge_text_is_masked_like_any_other(mask: Mask, unit: str) -> None:
    """100 kB of it; also of halves of characters, which some sources send."""
    text = unit * (100_000 // len(unit))
    masked = mask_text(mask, text)
    assert text not in masked
    assert len(masked) <= 2 * len(HIDDEN)
    masked.encode()
