"""The demonstration: real sources, a gateway, and two consumers who ask about the same customer."""

from gateway.demo.running import run_demo

__all__ = ["run_demo"]
