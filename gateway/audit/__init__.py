"""The audit: what was shown of whom to whom, written down before it is shown, and so that no change goes unseen."""

from gateway.audit.disclosures import Disclosures, Telling
from gateway.audit.events import Lasting
from gateway.audit.keys import AuditKeys
from gateway.audit.log import AuditLog
from gateway.audit.opening import AuditPlace, audit_problems, open_audit
from gateway.audit.records import Refused

__all__ = [
    "AuditKeys",
    "AuditLog",
    "AuditPlace",
    "Disclosures",
    "Lasting",
    "Refused",
    "Telling",
    "audit_problems",
    "open_audit",
]
