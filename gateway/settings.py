"""Settings of a gateway process, from environment variables `CUSTOMER_VIEW_*`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """What an operator sets. Every member is an environment variable: `host` is CUSTOMER_VIEW_HOST."""

    model_config = SettingsConfigDict(env_prefix="CUSTOMER_VIEW_", frozen=True)

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    secret_file: Path | None = None
    """The file with the secrets from which sealing and digest keys are derived; see `customer-view secret`."""
    most_body_bytes: int = Field(default=262_144, ge=1_024, le=16_777_216)
    """The largest request body that is read, in bytes."""
