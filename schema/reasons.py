"""Why a value is null or masked: every reason the gateway gives, with its message, its remedy and where it stands.

The codes are part of the product's contract with its clients. Messages and remedies are constant texts: they
never hold a value, a key, a host or a text that came from a source.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Self

__all__ = ["FIELD_NOT_IN_VIEW", "Place", "Reason"]

FIELD_NOT_IN_VIEW = "FIELD_NOT_IN_VIEW"
"""The code of what the model has and a view does not list. The commands `explain` and `check` tell it, and no answer
over HTTP: to a client such a field does not exist."""


class Place(Enum):
    """Where in a GraphQL answer a reason stands."""

    WITHHELD = "withheld"
    """`extensions.withheld`: a rule decided so; this is no error."""
    MASKED = "masked"
    """`extensions.masked`: a rule decided so; the value is there, and not shown whole."""
    ABSENT = "absent"
    """`extensions.absent`: the source has nothing for this customer."""
    ERROR = "errors"
    """`errors[]`: the source could not be asked, or what it answered could not be used."""


class Reason(StrEnum):
    """One reason for a null or for a mask. The member's value is the code that clients see in `code`."""

    place: Place
    message: str
    remedy: str

    def __new__(cls, code: str, place: Place, message: str, remedy: str) -> Self:
        """Make the member: a string that carries its place, message and remedy."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.place, member.message, member.remedy = place, message, remedy
        return member

    SUBJECT_UNKNOWN = (
        "SUBJECT_UNKNOWN",
        Place.WITHHELD,
        "No customer can be shown for this look-up.",
        "Check the look-up's key, and that this view may show this customer.",
    )
    SUBJECT_ERASED = (
        "SUBJECT_ERASED",
        Place.WITHHELD,
        "The customer was erased. This is recorded; who asks is told SUBJECT_UNKNOWN.",
        "Nothing to do: nothing is kept of the customer.",
    )
    SUBJECT_RESTRICTED = (
        "SUBJECT_RESTRICTED",
        Place.WITHHELD,
        "Processing of this field is restricted for this customer.",
        "Ask the data-protection officer; the restriction has to be lifted first.",
    )
    RELATIONSHIP_REQUIRED = (
        "RELATIONSHIP_REQUIRED",
        Place.WITHHELD,
        "This view shows the field only while the customer has an open case, or an interaction that goes on.",
        "Name in extensions.situation the open case or the interaction that goes on; where there is none, open a case.",
    )
    VERIFICATION_REQUIRED = (
        "VERIFICATION_REQUIRED",
        Place.WITHHELD,
        "The customer is not verified well enough for this field.",
        "Verify the customer as stepUp says and send the assertion in the header Customer-Verification.",
    )
    VERIFICATION_EXPIRED = (
        "VERIFICATION_EXPIRED",
        Place.WITHHELD,
        "The customer was verified too long ago for this field.",
        "Verify the customer again as stepUp says and send the new assertion.",
    )
    VERIFICATION_WRONG_SUBJECT = (
        "VERIFICATION_WRONG_SUBJECT",
        Place.WITHHELD,
        "This view shows a customer only to that very customer.",
        "Look up the customer by the id that the assertion in Customer-Verification names.",
    )
    PURPOSE_NOT_ALLOWED = (
        "PURPOSE_NOT_ALLOWED",
        Place.WITHHELD,
        "This view does not show the field in this situation.",
        "Say in extensions.situation what the view asks for, or use a view for this purpose.",
    )
    CONSENT_MISSING = (
        "CONSENT_MISSING",
        Place.WITHHELD,
        "The customer has not been asked for consent, or has not answered.",
        "Ask the customer for consent.",
    )
    CONSENT_REFUSED = (
        "CONSENT_REFUSED",
        Place.WITHHELD,
        "The customer has refused consent.",
        "Nothing to do: the customer has decided.",
    )
    CONSENT_WITHDRAWN = (
        "CONSENT_WITHDRAWN",
        Place.WITHHELD,
        "The customer has withdrawn consent.",
        "Nothing to do: the customer has decided.",
    )
    CONSENT_EXPIRED = (
        "CONSENT_EXPIRED",
        Place.WITHHELD,
        "The customer's consent was given for a time that is over.",
        "Ask the customer for consent again.",
    )
    CONSENT_UNKNOWN = (
        "CONSENT_UNKNOWN",
        Place.WITHHELD,
        "Whether the customer consents could not be found out.",
        "Ask again later; if it stays so, have the customer linked to the source that owns consent.",
    )
    OBJECTION_RECORDED = (
        "OBJECTION_RECORDED",
        Place.WITHHELD,
        "The customer has objected to this use.",
        "Nothing to do: the customer has decided.",
    )
    BREAK_GLASS_REASON_REQUIRED = (
        "BREAK_GLASS_REASON_REQUIRED",
        Place.WITHHELD,
        "This view shows the field only when the glass was broken, with a reason.",
        "Who has a role for it opens it by POST /views/{name}/break-glass with a reason and a reference.",
    )
    BREAK_GLASS_NOT_ALLOWED = (
        "BREAK_GLASS_NOT_ALLOWED",
        Place.WITHHELD,
        "What opened this field is over, or does not hold for this customer, consumer and actor.",
        "Open it again, for this customer, by the consumer and the actor who ask, with a reason and a reference.",
    )
    POLICY_DENIED = (
        "POLICY_DENIED",
        Place.WITHHELD,
        "The organisation's decision point does not allow the field to be shown to this request.",
        "Ask those who keep the policies of the decision point: the gateway is not told why.",
    )
    OBLIGATION_UNSUPPORTED = (
        "OBLIGATION_UNSUPPORTED",
        Place.WITHHELD,
        "The decision point attached an obligation that the gateway cannot fulfil.",
        "Tell the operator of the gateway.",
    )
    POLICY_UNAVAILABLE = (
        "POLICY_UNAVAILABLE",
        Place.WITHHELD,
        "What decides on this field could not be asked.",
        "Ask again later.",
    )
    VALUE_NOT_IN_VIEW = (
        "VALUE_NOT_IN_VIEW",
        Place.WITHHELD,
        "The value is not among those that this view shows.",
        "Use a view that lists the value.",
    )
    VALUE_MASKED = (
        "VALUE_MASKED",
        Place.MASKED,
        "This view shows the value masked.",
        "Use a view that shows it whole.",
    )
    SOURCE_NOT_LINKED = (
        "SOURCE_NOT_LINKED",
        Place.ABSENT,
        "This customer is not known to the source that owns the field.",
        "Nothing to do, unless the customer should be known there: then link it in the cross-reference.",
    )
    SOURCE_KEY_GONE = (
        "SOURCE_KEY_GONE",
        Place.ABSENT,
        "The source has deleted this customer's record.",
        "Have the link reviewed in the cross-reference.",
    )
    SOURCE_KEY_REPLACED = (
        "SOURCE_KEY_REPLACED",
        Place.ABSENT,
        "The source has replaced this customer's record by another one.",
        "Have the link reviewed in the cross-reference.",
    )
    SOURCE_RECORD_MISSING = (
        "SOURCE_RECORD_MISSING",
        Place.ABSENT,
        "The source has no record under the key it is linked by.",
        "Have the link reviewed in the cross-reference.",
    )
    SOURCE_TIMEOUT = (
        "SOURCE_TIMEOUT",
        Place.ERROR,
        "The source did not answer in time.",
        "Ask again later.",
    )
    SOURCE_RATE_LIMITED = (
        "SOURCE_RATE_LIMITED",
        Place.ERROR,
        "The source takes no more calls for now.",
        "Ask again later.",
    )
    SOURCE_AUTH = (
        "SOURCE_AUTH",
        Place.ERROR,
        "The source refused the gateway's credential.",
        "Tell the operator of the gateway.",
    )
    SOURCE_ERROR = (
        "SOURCE_ERROR",
        Place.ERROR,
        "The source failed, or its answer could not be used.",
        "Ask again later.",
    )
    SOURCE_INCOMPLETE = (
        "SOURCE_INCOMPLETE",
        Place.ERROR,
        "The source's answer left this customer out.",
        "Ask again later; if it stays so, tell the operator of the gateway.",
    )
    SOURCE_MISMATCH = (
        "SOURCE_MISMATCH",
        Place.ERROR,
        "The source answered with a record of another key; it was discarded.",
        "Tell the operator of the gateway.",
    )
    CIRCUIT_OPEN = (
        "CIRCUIT_OPEN",
        Place.ERROR,
        "The source fails so often that it is not asked for a while.",
        "Ask again later.",
    )
    DEADLINE_EXCEEDED = (
        "DEADLINE_EXCEEDED",
        Place.ERROR,
        "The request's time was over before the source had answered.",
        "Ask for less at once, or ask again later.",
    )
    CURSOR_INVALID = (
        "CURSOR_INVALID",
        Place.ERROR,
        "The cursor in `after` belongs to another list.",
        "Pass as `after` only an endCursor of this very list; leave it out to begin anew.",
    )
    VALUE_INVALID = (
        "VALUE_INVALID",
        Place.ERROR,
        "The source's value does not have the type that the model declares.",
        "Tell the operator of the gateway.",
    )
