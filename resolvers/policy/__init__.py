"""What may be shown, decided in three moments.

*Document*: the view, the consumer, the situation, the view's limits; nothing is read. *Subject*: after the
cross-reference, for each customer: restriction, break-glass and verification; no source has been asked yet. *Gate*:
consent, objection or an open case, which a source answers before what waits for it is asked.
"""

from resolvers.policy.document import (
    check_calls,
    check_customers,
    check_found,
    check_introspection,
    check_single,
    check_situation,
    choose_view,
)
from resolvers.policy.evidence import NO_EVIDENCE, Evidence, is_granted, refuse_unbound
from resolvers.policy.profiles import Glass, PlanRules, Profile, Standing
from resolvers.policy.rules import Rules, Transform, Transforms
from resolvers.policy.verdicts import Verdicts, decide, expected, is_shown, roots_of

__all__ = [
    "NO_EVIDENCE",
    "Evidence",
    "Glass",
    "PlanRules",
    "Profile",
    "Rules",
    "Standing",
    "Transform",
    "Transforms",
    "Verdicts",
    "check_calls",
    "check_customers",
    "check_found",
    "check_introspection",
    "check_single",
    "check_situation",
    "choose_view",
    "decide",
    "expected",
    "is_granted",
    "is_shown",
    "refuse_unbound",
    "roots_of",
]
