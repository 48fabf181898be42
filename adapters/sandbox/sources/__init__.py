"""The adapters of the sandbox's sources, written as an organisation writes its own."""

from adapters.sandbox.sources.billing import billing_adapter
from adapters.sandbox.sources.crm import crm_adapter
from adapters.sandbox.sources.orders import orders_adapter
from adapters.sandbox.sources.register import register_adapter
from adapters.sandbox.sources.support import support_adapter

__all__ = ["billing_adapter", "crm_adapter", "orders_adapter", "register_adapter", "support_adapter"]
