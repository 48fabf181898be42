"""Habits of the code that no linter knows."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from types import ModuleType

import pytest

from schema.customer import Customer
from schema.model import Model
from tests.architecture.code import PACKAGES, files, imported, tree, words

LIBRARIES = {
    "aiohttp": ["adapters/http/exchange.py"],
    "asyncpg": ["adapters/crossref/postgres/database.py", "adapters/sql/postgres.py"],
    "cachetools": [
        "adapters/http/reading.py",
        "adapters/rows.py",
        "gateway/hearing.py",
        "gateway/verification/assertions.py",
        "resolvers/kept.py",
        "resolvers/policy/profiles.py",
        "resolvers/rates.py",
        "resolvers/reading.py",
        "resolvers/shapes/shaping.py",
    ],
    "cryptography": ["adapters/crossref/keys/secrets.py", "resolvers/cursors.py"],
    "fastapi": [
        "gateway/api.py",
        "gateway/crossref/application.py",
        "gateway/crossref/asking.py",
        "gateway/crossref/parameters.py",
        "gateway/crossref/refusals.py",
        "gateway/crossref/routes.py",
        "gateway/crossref/streaming.py",
        "gateway/crossref/writing.py",
        "gateway/gateway.py",
        "gateway/ide/page.py",
        "gateway/json_api/application.py",
        "gateway/json_api/routes.py",
        "gateway/privacy/application.py",
        "gateway/privacy/asking.py",
        "gateway/privacy/emergencies.py",
        "gateway/privacy/operation.py",
        "gateway/privacy/record.py",
        "gateway/privacy/refusals.py",
        "gateway/privacy/usage.py",
    ],
    "httpx": [
        "adapters/http/exchange.py",
        "adapters/http/transport.py",
        "adapters/http/wire.py",
        "gateway/cli/running_gateway.py",
        "gateway/demo/asking.py",
    ],
    "joserfc": ["gateway/break_glass/grants.py", "gateway/signatures.py"],
    "msgspec": [
        "adapters/answers.py",
        "adapters/crossref/database.py",
        "adapters/crossref/kept_lookups.py",
        "adapters/crossref/port.py",
        "adapters/crossref/reading.py",
        "adapters/http/reading.py",
        "adapters/leaves.py",
        "adapters/rows.py",
        "adapters/structs.py",
    ],
    "orjson": ["gateway/audit/lines.py", "gateway/replies.py", "gateway/requests.py"],
    "phonenumbers": ["adapters/crossref/identifiers/normalising.py"],
    "prometheus_client": ["gateway/telemetry/metrics/prometheus.py"],
    "pyarrow": ["adapters/crossref/files.py"],
    "ruamel": ["schema/yaml_file.py"],
    "stdnum": ["adapters/crossref/identifiers/normalising.py"],
    "typer": [
        "gateway/cli/audit_commands.py",
        "gateway/cli/commands.py",
        "gateway/cli/crossref/arguments.py",
        "gateway/cli/crossref/candidate_commands.py",
        "gateway/cli/crossref/commands.py",
        "gateway/cli/crossref/identifier_commands.py",
        "gateway/cli/crossref/non_match_commands.py",
        "gateway/cli/crossref/options.py",
        "gateway/cli/crossref/questions.py",
        "gateway/cli/crossref/write_commands.py",
        "gateway/cli/explain_command.py",
        "gateway/cli/making_commands.py",
        "gateway/cli/verification.py",
    ],
    "yarl": ["adapters/http/exchange.py"],
}
"""Where each library is imported: few files, so that it can be exchanged. A new file here is a decision."""

_WORDS = """
Name Order address after channel country email expires_at family first given id kind language lines method name number
opened_at orders priority purpose reference segment status subject text title total value
"""
ANY_PROGRAMS_WORDS = frozenset(_WORDS.split())
"""Words of the reference model that mean something else in a program, too."""


@pytest.mark.parametrize(("library", "wanted"), LIBRARIES.items(), ids=LIBRARIES)
def test_a_library_is_imported_in_few_files(library: str, wanted: list[str]) -> None:
    """The list is exact: a file that no longer needs the library leaves it."""
    assert [file for file in files(*PACKAGES) if library in imported(file)] == wanted


def test_one_module_executes_what_was_made_from_text() -> None:
    """No other calls exec, eval or compile."""
    calls = [
        (node.func.id, f"{file}:{node.lineno}")
        for file in files(*PACKAGES)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert calls
    found = {(name, place.partition(":")[0]) for name, place in calls if name in ("exec", "eval", "compile")}
    assert found == {("compile", "resolvers/shapes/emitting.py"), ("exec", "resolvers/shapes/emitting.py")}


@cache
def names_of_the_reference_model() -> set[str]:
    """Its types, fields and arguments, as GraphQL and as Python spell them."""
    model = Model(Customer)
    found: set[str] = set()
    for one in model.coordinates.values():
        if not model.is_plumbing(one.type_name):
            found |= {one.type_name, one.field_name, one.python_name}
            found |= {word for name, argument in one.arguments.items() for word in (name, argument.python_name)}
    return found


OF_THE_REFERENCE_MODEL = ("/demo/", "gateway/audit/disclosures.py")
"""What knows it: the demo, which shows it, and the adapter that tells its customers what was shown of them."""


@pytest.mark.parametrize(
    "file", [file for file in files("resolvers", "gateway") if not any(one in file for one in OF_THE_REFERENCE_MODEL)]
)
def test_the_engine_names_nothing_of_a_customer(file: str) -> None:
    """Model, views and adapters are given to it; nothing but a demo and an adapter knows one."""
    assert words(file) & (names_of_the_reference_model() - ANY_PROGRAMS_WORDS) == set()


def test_the_words_that_are_let_pass_are_few_and_needed() -> None:
    """Whatever tells a customer is not among them."""
    names = names_of_the_reference_model()
    assert names > ANY_PROGRAMS_WORDS
    assert {"dateOfBirth", "date_of_birth", "customerSince", "accounts", "contactPoints", "Invoice"} <= (
        names - ANY_PROGRAMS_WORDS
    )


def modules() -> list[str]:
    names = [file.removesuffix(".py").replace("/", ".") for file in files(*PACKAGES)]
    return [name.removesuffix(".__init__") for name in names if ".migrations" not in name]


@pytest.mark.parametrize("name", modules())
def test_what_a_module_offers_is_there_and_sorted(name: str) -> None:
    """`__all__` names what exists, once, in order, and nothing private; a package's face offers what it imports."""
    module = import_module(name)
    offered = list(getattr(module, "__all__", ()))
    assert offered == sorted(set(offered), key=_as_ruff_sorts)
    assert [word for word in offered if word.startswith("_") or not hasattr(module, word)] == []
    assert _defined(module) <= set(offered) or not offered


def _as_ruff_sorts(word: str) -> tuple[int, str]:
    """Constants, classes, then functions."""
    return (0 if word.isupper() else 1 if word[0].isupper() else 2, word)


def _defined(module: ModuleType) -> set[str]:
    """The public classes and functions of a package's face."""
    if not hasattr(module, "__path__"):
        return set()
    return {
        word
        for word, value in vars(module).items()
        if not word.startswith("_") and isinstance(value, type) and value.__module__.startswith(f"{module.__name__}.")
    }
