"""What a key can wish for, and what is refused."""

from __future__ import annotations

import pytest

from adapters.crossref import Lookup
from adapters.pretending import PretendingCrossReference, WishError, Wishes, Wishing, Word
from schema.reasons import Reason
from tests.resolvers.vessels import MODEL, view

WISHING = Wishing(view(), MODEL)


@pytest.mark.parametrize(
    "key",
    ["ada", "", "NULLABLE", "K-0001", "a+NULL@Vessel.name", "null", "Ünï", "#NULL", "X_1", "ADA@EXAMPLE.COM", "A_B"],
)
def test_a_key_that_begins_with_no_word_wishes_for_nothing(key: str) -> None:
    """It only says which data is made up."""
    assert WISHING.of(key) == Wishes()


def test_a_key_can_wish_for_several_things() -> None:
    """What stands behind # makes it another customer, and nothing else."""
    wishes = WISHING.of("NULL@Vessel.name+SOURCE_ERROR@Size.beam+SLOW@2.5#bob+x")
    assert wishes == Wishes({"Vessel.name": Word.NULL, "Size.beam": Reason.SOURCE_ERROR}, seconds=2.5)


def test_a_restriction_is_of_the_cross_reference() -> None:
    """It is known before a source is asked, as in real life."""
    assert WISHING.of("SUBJECT_RESTRICTED@Vessel.name") == Wishes(withheld=frozenset({"Vessel.name"}))


@pytest.mark.parametrize(
    "key",
    ["NULL@Vessel.nme", "NULL@Vessel.id", "EMPTY@Vessel.name", "SLOW@soon", "SLOW@61", "NULL@Vessel.name+x", "NULL@"],
)
def test_a_wish_that_cannot_be_granted_is_of_nobody(key: str) -> None:
    """Who mistypes one sees that at once, and not data that looks right."""
    assert WISHING.of(key).is_unknown


@pytest.mark.parametrize(
    "key",
    ["CONSENT_WITHDRAWM@Vessel.name", "SOURCE_TIMEOT", "NUL@Vessel.name", "VALUE_MASKED@Vessel.name", "VALUE_MASKED"],
)
def test_what_is_nearly_a_wish_is_of_nobody_too(key: str) -> None:
    """A misspelt code would look as if the page had to do nothing; and which fields are masked is the view's to say."""
    assert WISHING.of(key).is_unknown


def test_a_verification_can_be_lacking_where_the_view_asks_for_one() -> None:
    """Of the whole customer: which fields that costs is the view's to say, with the way to step up."""
    assert WISHING.of("VERIFICATION_REQUIRED").is_unknown
    asking = view(verification={"methods": ["otp"]}, situation={"interaction": "required"})
    wishing = Wishing(asking, MODEL)
    assert wishing.of("VERIFICATION_EXPIRED#bob") == Wishes(lacks=Reason.VERIFICATION_EXPIRED)
    assert wishing.of("VERIFICATION_REQUIRED+SLOW@2") == Wishes(lacks=Reason.VERIFICATION_REQUIRED, seconds=2.0)
    assert wishing.of("VERIFICATION_REQUIRED@Vessel.name").is_unknown
    with pytest.raises(WishError, match="the view asks nobody to be verified"):
        Wishing(view(), MODEL, ["VERIFICATION_REQUIRED"])


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (
            "NULL@Vessel.nme",
            "wanted a field of the view, not the id: did you mean 'Vessel.name'?",
        ),
        ("EMPTY@Vessel.callSign", "wanted a list of the view"),
        ("NULL@Vessel.id", "got the coordinate 'Vessel.id'; wanted a field of the view, not the id"),
        ("SOURCE_TIMEOT", "got the wish 'SOURCE_TIMEOT': did you mean 'SOURCE_TIMEOUT'?"),
        ("VALUE_MASKED", "got the wish 'VALUE_MASKED'"),
        ("now", "wanted one of: NULL, EMPTY, SLOW, SUBJECT_UNKNOWN"),
        ("SLOW@x", "got SLOW@x; wanted seconds from 0 to 60, such as SLOW@2.5"),
        ("SUBJECT_UNKNOWN@Vessel.name", "takes no coordinate"),
    ],
)
def test_what_is_to_hold_always_is_refused_with_a_message(wish: str, said: str) -> None:
    """It says what was got, and what was wanted."""
    with pytest.raises(WishError) as refused:
        Wishing(view(), MODEL, [wish])
    assert said in str(refused.value)


def test_a_view_without_lists_has_none_that_could_be_empty() -> None:
    """There is nothing to suggest."""
    plain = view(fields={"Vessel.name": None})
    with pytest.raises(WishError, match=r"wanted a list of the view$"):
        Wishing(plain, MODEL, ["EMPTY@Vessel.name"])
    assert Wishing(plain, MODEL).of("EMPTY") == Wishes()


def test_the_fields_that_can_be_named_are_those_of_the_view_but_the_id() -> None:
    """They are told at the start of the command."""
    assert "Vessel.name" in WISHING.fields
    assert "Vessel.id" not in WISHING.fields


async def test_everybody_is_known_but_who_cannot_be() -> None:
    """A key that no cross-reference takes is refused here too."""
    table = PretendingCrossReference("sandbox", WISHING)
    keys = ["ada", "", "a\x1fb", "x" * 600, "SUBJECT_UNKNOWN"]
    found = await table.resolve_many([Lookup("crm", key) for key in keys])
    assert [one and one.customer_id for one in found] == ["ada", None, None, None, None]
    assert await table.resolve(Lookup(None, "ada")) == found[0]
