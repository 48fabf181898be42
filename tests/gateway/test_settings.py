from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from schema.problems import ConfigurationError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment in which nothing is set."""
    for name in ("HOST", "PORT", "SECRET_FILE", "MOST_BODY_BYTES", "MOST_CONNECTIONS", "KEPT_LOOKUP_BYTES"):
        monkeypatch.delenv(f"CUSTOMER_VIEW_{name}", raising=False)


def test_without_anything_set_the_gateway_listens_to_its_own_machine() -> None:
    """The defaults open nothing to the network."""
    assert Settings.from_environment() == Settings(
        host="127.0.0.1",
        port=8000,
        secret_file=None,
        most_body_bytes=262_144,
        most_connections=1_000,
        kept_lookup_bytes=None,
    )


def test_settings_come_from_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUSTOMER_VIEW_ and the name; the case of letters says nothing, and an empty variable is none."""
    monkeypatch.setenv("CUSTOMER_VIEW_HOST", "0.0.0.0")
    monkeypatch.setenv("customer_view_port", "0")
    monkeypatch.setenv("CUSTOMER_VIEW_SECRET_FILE", "/run/secrets/view")
    monkeypatch.setenv("CUSTOMER_VIEW_MOST_BODY_BYTES", "")
    assert Settings.from_environment() == Settings(host="0.0.0.0", port=0, secret_file=Path("/run/secrets/view"))


def test_other_variables_of_that_prefix_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes sets some for every Service: CUSTOMER_VIEW_SERVICE_HOST for one called customer-view."""
    monkeypatch.setenv("CUSTOMER_VIEW_SERVICE_HOST", "10.0.0.1")
    assert Settings.from_environment() == Settings()


def test_every_wrong_setting_is_named_and_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variable, what is wanted, how to mend it; a value could be a secret that was set in the wrong place."""
    monkeypatch.setenv("CUSTOMER_VIEW_PORT", "tcp://10.0.0.1:8000")
    monkeypatch.setenv("CUSTOMER_VIEW_MOST_BODY_BYTES", "17000000")
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment()
    assert str(caught.value).splitlines() == [
        "CUSTOMER_VIEW_PORT: error: got a value that cannot be used; wanted input should be a valid integer, unable to "
        "parse string as an integer; to mend: correct or unset the variable CUSTOMER_VIEW_PORT",
        "CUSTOMER_VIEW_MOST_BODY_BYTES: error: got a value that cannot be used; wanted input should be less than or "
        "equal to 16777216; to mend: correct or unset the variable CUSTOMER_VIEW_MOST_BODY_BYTES",
    ]
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("port", ["-1", "65536", "8000.5", "no"])
def test_a_port_is_a_port(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 to 65535."""
    monkeypatch.setenv("CUSTOMER_VIEW_PORT", port)
    with pytest.raises(ConfigurationError):
        Settings.from_environment()


def test_settings_never_change() -> None:
    """They are read once."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_a_setting_that_does_not_exist_is_refused() -> None:
    """A misspelt argument is no setting."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings(hots="x")  # type: ignore[call-arg]
