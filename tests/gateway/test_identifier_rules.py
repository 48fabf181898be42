from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from adapters.crossref import IdentifierType, SqliteCrossReference
from gateway.checking import Declared, check
from gateway.gateway import Gateway
from gateway.identifier_rules import identifier_rules
from gateway.secret_file import load_secrets, new_secret_line
from gateway.settings import Settings
from schema.problems import ConfigurationError
from tests.gateway.crossref.office import Office, declare, register
from tests.gateway.greenhouse import Plant, nursery, soil

WHOLE = """
fan_out: 3
blocked:
  email: [info@, "@shop.example", desk@example.org]
  phone:
    - "+49 30 1234567"
"""


def write(folder: Path, text: str) -> Path:
    """Write the file of the rules."""
    path = folder / "identifiers.yaml"
    path.write_text(text)
    return path


def test_the_rules_are_those_of_the_file(tmp_path: Path) -> None:
    """Values as people write them; what is left out is as without a file."""
    rules = identifier_rules(write(tmp_path, WHOLE))
    assert rules.fan_out == 3
    assert rules.blocks(IdentifierType.EMAIL, "anna@shop.example")
    assert rules.blocks(IdentifierType.PHONE, "+49301234567")
    assert not rules.blocks(IdentifierType.EMAIL, "anna@example.org")
    assert identifier_rules(write(tmp_path, "fan_out: 5\n")) == identifier_rules(None)


@pytest.mark.parametrize(
    ("text", "line", "got"),
    [
        ("", 1, "nothing"),
        ("- email", 1, "a list"),
        ("fan_out: 0", 1, "0 (fan_out)"),
        ("fan_out: 101", 1, "101 (fan_out)"),
        ("blocked:\n  fax: [1]", 2, "the unknown key 'fax' (blocked.fax)"),
        ("anna@example.org", 1, "a value that is not shown"),
        ("blocked: anna@example.org", 1, "a value that is not shown (blocked)"),
        ("blocked:\n\n  anna@example.org:", 3, "an unknown key that is not shown (blocked)"),
        ("blocked: {}\n+4930123456: 1", 2, "an unknown key that is not shown"),
        ("blocked:\n  email:", 2, "nothing (blocked.email)"),
        ("blocked:\n  email: secret", 2, "a value that is not shown (blocked.email)"),
        ("blocked:\n  email:\n    - info@\n    - secret", 4, "what can be no email (blocked.email[2])"),
        ("blocked:\n  phone: [030 1234567]", 2, "what can be no phone (blocked.phone[1])"),
        ("blocked:\n  phone: [7]", 2, "a value that is not shown (blocked.phone[1])"),
    ],
)
def test_what_can_be_no_rule_is_told_by_its_place(tmp_path: Path, text: str, line: int, got: str) -> None:
    """What stands there is shown nowhere, for it may be a person's."""
    with pytest.raises(ConfigurationError) as caught:
        identifier_rules(write(tmp_path, text))
    (problem,) = caught.value.problems
    assert (problem.line, problem.got) == (line, got)


def test_a_gateway_is_checked_with_its_rules(tmp_path: Path) -> None:
    """A file that is not there stops the start, and `check` tells of it."""
    declared = Declared(str, (), tmp_path, tmp_path, None, identifier_rules=tmp_path / "none.yaml")
    assert [str(tmp_path / "none.yaml")] == [one.file for one in check(declared).problems if "none" in one.file]


@pytest.mark.usefixtures("nothing_else_installed")
async def test_a_gateway_notes_and_looks_up_by_its_rules(tmp_path: Path) -> None:
    """One that opens its cross-reference itself; what is blocked is nobody's."""
    declare(tmp_path)
    (tmp_path / "secrets.txt").write_text(new_secret_line())
    (tmp_path / "secrets.txt").chmod(0o600)
    settings = Settings(secret_file=tmp_path / "secrets.txt", identifier_rules=write(tmp_path, WHOLE))
    secrets, place = load_secrets(tmp_path / "secrets.txt"), tmp_path / "crossref.db"
    with closing(SqliteCrossReference.open(place, secrets=secrets)) as store:
        await register(store)
        gateway = Gateway(
            model=Plant,
            adapters=[nursery(), soil()],
            views=tmp_path / "views",
            crossref=f"sqlite:///{place}",
            consumers=tmp_path / "consumers.yaml",
            settings=settings,
        )
        desk = Office(gateway, store)
        async with gateway.running():
            customer = await desk.link("crm", "C-1")
            emails = ["anna@shop.example", "anna@example.org", "before@shop.example"]
            noted = [{"type": "email", "value": email} for email in emails]
            await store.note_identifiers(customer, "crm", {IdentifierType.EMAIL: emails[2:]}, actor="feed")
            await desk.done(f"/customers/{customer}/identifiers", {"source": "crm", "identifiers": noted[:2]})
            found = [await desk.done("/resolve", {"by": {"identifier": one}}) for one in noted]
        assert [bool(one["subject"]) for one in found] == [False, True, False]
