"""Settings of a gateway process, from environment variables `CUSTOMER_VIEW_*`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schema.problems import ConfigurationError, Problem

__all__ = ["Settings"]

_PREFIX = "CUSTOMER_VIEW_"


class Settings(BaseSettings):
    """What an operator sets. Every member is an environment variable: `host` is CUSTOMER_VIEW_HOST.

    An empty variable counts as one that is not set.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen on; 0 takes a free one."""
    crossref: str | None = Field(default=None, repr=False)
    """The cross-reference of `customer-view crossref`, as a URL; a gateway's own is declared."""
    load_database: str | None = Field(default=None, repr=False)
    """The database of `customer-view crossref load --query`, as a URL."""
    secret_file: Path | None = None
    """The file with the secrets from which sealing and digest keys are derived; see `customer-view secret`."""
    most_body_bytes: int = Field(default=262_144, ge=1_024, le=16_777_216)
    """The largest request body that is read, in bytes."""
    most_connections: int = Field(default=1_000, ge=1, le=1_000_000)
    """The most connections that `customer-view serve` keeps open at once."""
    keep_alive_seconds: int = Field(default=5, ge=1, le=3_600)
    """How long `customer-view serve` keeps a connection after an answer, in seconds, for the next request to begin."""
    drain_seconds: float = Field(default=5.0, ge=0.0, le=3_600.0)
    """How long `customer-view serve` answers on after SIGTERM, in seconds, while it says that it is not ready."""
    workers: int = Field(default=1, ge=1, le=256)
    """How many processes `customer-view serve` answers with."""
    kept_lookup_bytes: int | None = Field(default=None, ge=0, le=17_179_869_184)
    """How much memory look-ups of the cross-reference are kept in, in bytes; 0 keeps none, and None (it is not set) as
    much as suits the database."""

    identifiers_per_minute: int = Field(default=60, ge=1, le=1_000_000)
    """How often a consumer may look up customers by identifiers, in each process."""

    identifiers_noted_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    """How many identifiers a consumer may note by the API, in each process."""

    identifier_rules: Path | None = None
    """The file that says which values are nobody's identifiers."""

    verifiers: Path | None = None
    """The file of those whose assertions on how well customers are verified are taken."""

    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    """The port on which Prometheus reads `/metrics`, of the first process; those of more `workers` follow. None (it is
    not set) measures nothing for it; 0 takes a free one."""
    metrics_host: str = "127.0.0.1"
    """The address on which Prometheus reads. Who reaches it is asked for no token: no customer is in it."""

    sources: Path | None = None
    """The file that says what sources bear and how they are called, beside what their adapters' authors declare."""

    operator_token: str | None = Field(default=None, repr=False, pattern=r"^cv_[A-Za-z0-9_-]{43}$")
    """The token with which `customer-view status` and `explain --analyze` ask; it is never printed."""

    telemetry_traces_per_second: int = Field(default=50, ge=1, le=10_000)
    """The most requests that are traced in a second, in each process, whoever wants more of them traced."""

    telemetry_trust_consumers: bool = True
    """Whether a consumer's own trace goes on here (`traceparent`), and is recorded where the consumer records it."""

    log_form: Literal["auto", "console", "json"] = "auto"
    """How `customer-view serve` logs: for people, as JSON, or for people where a terminal reads it and else as JSON."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING"
    """From which level on `customer-view serve` logs."""

    log_redaction: bool = True
    """Whether of what is logged only that is printed which is known to be harmless, and of all else its type."""

    decision_point: str | None = Field(default=None, repr=False, max_length=2_000, pattern=r"^https?://[!-~]+$")
    """The URL of an outside decision point (OpenID AuthZEN 1.0), which can only narrow what views show."""

    decision_point_token: str | None = Field(
        default=None, repr=False, max_length=8_000, pattern=r"^[A-Za-z0-9._~+/=-]+$"
    )
    """The token that the decision point wants, sent to it as a bearer token; it is never printed."""

    privacy_alert_url: str | None = Field(default=None, repr=False, max_length=2_000, pattern=r"^https?://[!-~]+$")
    """Where the privacy officer is alerted when a glass is broken: by POST, with a reference and nothing else."""

    audit: Path | None = None
    """The folder in which every request is recorded, which is there already; without it nothing is recorded."""

    audit_anchors: Path | None = None
    """The folder, in another place, in which it is told every second where the records stand."""

    audit_days: int | None = Field(default=None, ge=1, le=36_500)
    """For how many whole days records are kept; None (it is not set) keeps them for ever."""

    hear_sources: bool = True
    """Whether what a source says of a key, that it is gone or replaced, becomes a candidate for a steward."""

    steward_page: bool = True
    """Whether stewards of the cross-reference have their page; where no consumer could use it there is none."""

    officer_page: bool = True
    """Whether privacy officers have their page; where no audit is kept, or no consumer could use it, there is none."""

    controller: str | None = Field(default=None, max_length=200)
    """Who answers for the processing: the controller named in the record of processing."""

    controller_contact: str | None = Field(default=None, max_length=500)
    """How the controller is reached, as the record of processing says it."""

    data_protection_officer: str | None = Field(default=None, max_length=500)
    """The data-protection officer and how to reach them, as the record of processing says it."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Return the settings of this process's environment. Raises ConfigurationError, holding every wrong one."""
        try:
            return cls()
        except ValidationError as error:
            problems = [_problem(one["loc"], one["msg"]) for one in error.errors(include_input=False)]
        raise ConfigurationError(problems)


def _problem(place: Iterable[Any], said: str) -> Problem:
    # the value is not shown: whoever mixes up two variables may have put a secret there
    name = _PREFIX + "_".join(map(str, place)).upper()
    wanted = said[0].lower() + said[1:]
    return Problem(name, None, "a value that cannot be used", wanted, f"correct or unset the variable {name}")
