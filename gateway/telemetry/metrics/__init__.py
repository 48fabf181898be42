"""Metrics: what the gateway counts while it runs, for Prometheus and collectors; no value of a customer is in it."""

from gateway.telemetry.metrics.metrics import Metrics
from gateway.telemetry.metrics.requests import Measured, Requests, Routed

__all__ = ["Measured", "Metrics", "Requests", "Routed"]
