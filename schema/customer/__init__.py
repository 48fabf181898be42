"""The reference model: a customer in the business's words. An organisation may use it, extend it or write its own."""

from schema.customer.billing import (
    Account,
    AccountKind,
    AccountStatus,
    Invoice,
    InvoicesBy,
    InvoiceStatus,
    Payment,
    PaymentMethod,
    PaymentsBy,
    PaymentStatus,
)
from schema.customer.company import Company, CompanyStatus, RegisteredAddress
from schema.customer.consent import Consent, ConsentPurpose, ConsentStatus
from schema.customer.contact import ContactKind, ContactPoint
from schema.customer.customer import Customer
from schema.customer.disclosures import DisclosureEntry
from schema.customer.money import Money
from schema.customer.orders import (
    Delivery,
    DeliveryStatus,
    Order,
    OrderLine,
    OrdersBy,
    OrderStatus,
)
from schema.customer.party import Address, Channel, Name, Segment
from schema.customer.sorting import Sort
from schema.customer.support import (
    Message,
    MessageAuthor,
    MessagesBy,
    Ticket,
    TicketPriority,
    TicketsBy,
    TicketStatus,
)

__all__ = [
    "Account",
    "AccountKind",
    "AccountStatus",
    "Address",
    "Channel",
    "Company",
    "CompanyStatus",
    "Consent",
    "ConsentPurpose",
    "ConsentStatus",
    "ContactKind",
    "ContactPoint",
    "Customer",
    "Delivery",
    "DeliveryStatus",
    "DisclosureEntry",
    "Invoice",
    "InvoiceStatus",
    "InvoicesBy",
    "Message",
    "MessageAuthor",
    "MessagesBy",
    "Money",
    "Name",
    "Order",
    "OrderLine",
    "OrderStatus",
    "OrdersBy",
    "Payment",
    "PaymentMethod",
    "PaymentStatus",
    "PaymentsBy",
    "RegisteredAddress",
    "Segment",
    "Sort",
    "Ticket",
    "TicketPriority",
    "TicketStatus",
    "TicketsBy",
]
