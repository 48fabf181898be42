"""The container's declaration, as far as it can be judged without building it."""

from __future__ import annotations

import json
import re
from typing import Any

from ruamel.yaml import YAML

from gateway.settings import Settings
from tests.docs.pages import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def instructions(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in DOCKERFILE.splitlines() if line.startswith(f"{word} ")]


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV"))))


def gateway() -> dict[str, Any]:
    service: dict[str, Any] = YAML(typ="safe").load(ROOT / "deploy" / "compose.yaml")["services"]["gateway"]
    return service


def test_what_is_copied_is_there_and_let_through() -> None:
    """Every path exists, and the builder gets it; nothing else, so no secret and no environment can slip in."""
    allowed = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = [path for line in instructions("COPY") if "--from" not in line for path in line.split()[:-1]]
    assert copied
    assert all((ROOT / path).exists() for path in copied)
    assert {line for line in allowed if line.startswith("!")} == {f"!{path}" for path in copied}
    assert "*" in allowed


def test_all_that_the_build_needs_is_copied() -> None:
    """The packages, and the files that pyproject.toml names."""
    copied = {path for line in instructions("COPY") if "--from" not in line for path in line.split()[:-1]}
    assert copied == {
        "adapters",
        "constraints.txt",
        "gateway",
        "gateway/ide/browser",
        "gateway/pages/shared/sending.js",
        "gateway/pages/shared/tokens.css",
        "LICENSE",
        "pyproject.toml",
        "README.md",
        "resolvers",
        "schema",
    }


def test_it_runs_without_the_rights_of_root() -> None:
    """The last user is a number that is not 0, so that an orchestrator can tell."""
    user = instructions("USER")[-1]
    assert user.isdecimal()
    assert int(user) > 0
    assert f"--uid {user}" in DOCKERFILE


def test_its_settings_are_settings_and_no_secret_is_in_it() -> None:
    """It listens on all addresses of its own network, at the port that it says."""
    ours = {
        name.removeprefix("CUSTOMER_VIEW_").lower(): value for name, value in environment().items() if "VIEW" in name
    }
    settings = Settings.model_validate(ours)
    assert (settings.host, str(settings.port)) == ("0.0.0.0", instructions("EXPOSE")[0])
    assert settings.secret_file is None


def test_its_health_is_asked_of_the_gateway() -> None:
    """At the path for it, of the port that is set, with Python that compiles."""
    (check,) = instructions("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    compile(command[2], "healthcheck", "exec")
    assert "/health/live" in command[2]
    assert "CUSTOMER_VIEW_PORT" in command[2]


def test_it_serves_the_gateway_that_it_is_told() -> None:
    """As process 1, so that a stop reaches it."""
    command = json.loads(instructions("CMD")[0])
    assert command[:2] == ["sh", "-c"]
    assert command[2].startswith('exec customer-view serve "${GATEWAY_APP')


def test_the_example_builds_this_image_and_names_what_it_uses() -> None:
    """The paths lead to the Dockerfile, the port is the image's, the secret is a file and the variables are known."""
    service = gateway()
    assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).samefile(
        ROOT / "deploy" / "Dockerfile"
    )
    assert service["ports"] == [f"127.0.0.1:{instructions('EXPOSE')[0]}:{instructions('EXPOSE')[0]}"]
    variables = {f"CUSTOMER_VIEW_{name.upper()}" for name in Settings.model_fields} | {"GATEWAY_APP"}
    assert set(service["environment"]) <= variables
    (secret,) = service["secrets"]
    assert service["environment"]["CUSTOMER_VIEW_SECRET_FILE"] == f"/run/secrets/{secret}"


def test_the_example_gives_no_more_rights_than_needed() -> None:
    """Its own file system is read-only, and what it needs of yours is too; only the cross-reference is written."""
    service = gateway()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    written = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert written == ["cross-reference:/data"]
