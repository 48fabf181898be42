from __future__ import annotations

from schema.suggest import did_you_mean, nearest

WORDS = ("Customer.name", "Customer.segment", "Company.name")


def test_the_nearest_word_is_found_whatever_the_case() -> None:
    """Case is the commonest slip."""
    assert nearest("customer.NAME", WORDS) == "Customer.name"
    assert nearest("Customer.segmnt", WORDS) == "Customer.segment"


def test_two_letters_swapped_are_what_was_meant() -> None:
    """Whatever else is as near, and stands before it in the alphabet."""
    assert nearest("opt", ("pop", "otp", "kba")) == "otp"
    assert nearest("OPT", ("pop", "otp")) == "otp"
    assert nearest("abcd", ("dbca", "abcx")) == "abcx"  # others than neighbours are not swapped by a slip
    assert nearest("abcd", ("bacx", "abxd")) == "abxd"


def test_of_words_that_differ_in_case_alone_the_one_written_likewise_is_nearest() -> None:
    """In whatever order they are known."""
    assert nearest("biling", ("Billing", "billing")) == nearest("biling", ("billing", "Billing")) == "billing"
    assert nearest("Biling", ("Billing", "billing")) == "Billing"
    assert nearest("BILLING", ("Billing", "billing", "BILLINg")) == "BILLINg"


def test_nothing_near_is_no_suggestion() -> None:
    """A far word is not offered, nor is a word of absurd length compared."""
    assert nearest("zzz", WORDS) is None
    assert nearest("Customer.name" * 100, WORDS) is None
    assert nearest("a", ()) is None


def test_advice_is_a_question_or_the_other_advice() -> None:
    """A problem's mend always says something."""
    assert did_you_mean("Compny.name", WORDS, "remove it") == "did you mean 'Company.name'?"
    assert did_you_mean("zzz", WORDS, "remove it") == "remove it"
