"""The record of processing activities (GDPR article 30), made from the published views."""

from gateway.register.activities import make_register
from gateway.register.forms import Form, in_form
from gateway.register.record import Activity, Category, Controller, Gap, Practice, Register, Rule

__all__ = [
    "Activity",
    "Category",
    "Controller",
    "Form",
    "Gap",
    "Practice",
    "Register",
    "Rule",
    "in_form",
    "make_register",
]
