"""Takes out of a text what looks like a secret, or like something that is of one person.

It is the last net, and not the first: what is logged is made of constants, names and counts.
"""

from __future__ import annotations

import re

__all__ = ["MOST", "REMOVED", "is_secret", "scrubbed"]

MOST = 2_000
"""Characters of a text that are kept; the rest is cut off, unread."""

REMOVED = "[secret]"
"""What is printed in place of one."""

_UNSURE = 600
"""Characters that are read beyond, for what is cut in two looks like nothing any more."""

_FEWEST_DIGITS = 8
"""A telephone number in Norway has eight digits; ports, counts, milliseconds and years have fewer."""

_CUT = "..."
_CALLED = (
    r"(?:password|passwd|passphrase|pwd|secret|token|authorization|cookie|credentials?|signature"
    r"|(?:api|access|private|secret|subscription)[_-]?key)"
)
_NAMED_SO = re.compile(rf"(?:^|[^a-z]){_CALLED}(?:$|[^a-z])", re.IGNORECASE)
_SECRETS = re.compile(
    r"\bcv_[A-Za-z0-9_-]{4,}"  # our own tokens
    r"|\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]+"
    r"|\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"  # a JWT, or what is left of one
    r"|\b(?:gh[a-z]_|github_pat_|xox[a-z]-|[sr]k_live_|sk-|AKIA|AIza|hv[sb]\.|glpat-)[A-Za-z0-9_-]{10,}"
    r"|(?<=://)[^\s/@]{1,500}@",  # user and password in a URL
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"(?<![A-Za-z])({_CALLED}[\"']?\s{{0,2}}[=:]\s{{0,2}})"  # what follows it, with the word of a scheme before
    r"(?!\[secret\])(?:(?:token|digest|apikey)\s{1,2})?(?:\"[^\"]*\"?|'[^']*'?|[^\s\"'&,;}\])]+)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"']{1,64}@[^\s@<>()\[\],;:\"']{1,255}")
_VIEW = re.compile(r"(?:[^@]*/)?[a-z0-9-]{1,64}@[1-9][0-9]{0,5}(?:\.yaml)?\.?")
"""A view and its version, or the file of one: the host of an address is no number so short."""
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_DIGITS = re.compile(r"(?<![\w.])[A-Za-z]{0,2}\+?\d(?:[\s./()\u2010-\u2015-]{0,2}\d){5,63}[A-Za-z]{0,2}(?!\w)")
"""With the letters that passports and national numbers have at an end; what has more of them may be an id of ours."""
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d(?:[ T][0-2]\d)?")
_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff]+"
)


def is_secret(name: str) -> bool:
    """Return whether what is called so is a secret, by its name alone."""
    return _NAMED_SO.search(name) is not None


def scrubbed(text: str) -> str:
    """Return the text on one line, cut to length, with tokens, e-mail addresses and long numbers replaced."""
    is_cut = len(text) > MOST
    text = _UNSEEN.sub(" ", text[: MOST + _UNSURE] if is_cut else text)
    text = _ASSIGNED.sub(rf"\1{REMOVED}", _SECRETS.sub(REMOVED, text.replace("%40", "@")))
    text = _DIGITS.sub(_number, _IBAN.sub("[account]", _EMAIL.sub(_email, text)))
    return text[:-_UNSURE][:MOST] + _CUT if is_cut else text


def _email(found: re.Match[str]) -> str:
    return found[0] if _VIEW.fullmatch(found[0]) else "[e-mail]"


def _number(found: re.Match[str]) -> str:
    text = found[0]
    digits = sum(map(str.isdigit, text))
    return text if digits < _FEWEST_DIGITS or _DATE.fullmatch(text) else "[number]"
