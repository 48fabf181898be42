"""As what this process is known to a collector: the resource of its traces and metrics."""

from __future__ import annotations

from importlib.metadata import version
from os import environ
from uuid import uuid4

from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource

__all__ = ["resource"]

_PRODUCT = "customer-view-gateway"


def resource() -> Resource:
    """Return what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, and where they say nothing the product's name and
    version, and an id of this process alone.

    No host, user, path or command line: an operator who wants them names them.
    """
    said = Resource.create({}).attributes
    own = {SERVICE_NAME: _PRODUCT, SERVICE_VERSION: version(_PRODUCT), SERVICE_INSTANCE_ID: str(uuid4())}
    if not environ.get(OTEL_SERVICE_NAME) and str(said.get(SERVICE_NAME, "")).startswith("unknown_service"):
        said = {name: value for name, value in said.items() if name != SERVICE_NAME}
    return Resource({**own, **said})
