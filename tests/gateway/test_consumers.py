from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.consumers import Consumers, new_token
from schema.caller import Caller
from schema.problems import ConfigurationError, Level
from schema.view_files import ViewFolder, load_views
from tests.schema.declared import SUPPORT_CALL, problems_of, write_view

TOKEN = "cv_" + "a" * 43
DIGEST = sha256(TOKEN.encode()).hexdigest()
OTHER = "0" * 64


def entry(name: str = "agent-desktop", digest: str = DIGEST, views: str = "[support-call]") -> str:
    return f"- name: {name}\n  token_sha256: {digest}\n  views: {views}\n"


def load(folder: Path, text: str) -> Consumers:
    path = folder / "consumers.yaml"
    path.write_text(text, encoding="utf-8")
    return Consumers.load(path)


def refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as raised:
        load(folder, text)
    return raised.value


@pytest.fixture
def folder(tmp_path: Path) -> ViewFolder:
    """Two versions of one view; only the first lists agent-desktop."""
    views = tmp_path / "views"
    views.mkdir()
    write_view(views)
    second = SUPPORT_CALL.replace("version: 1", "version: 2").replace("[agent-desktop]", "[newsletter]")
    write_view(views, second, "support-call@2.yaml")
    return load_views(views)


def test_a_token_is_known_by_its_digest(tmp_path: Path) -> None:
    """The caller holds the consumer's name and views, and no credential."""
    consumers = load(tmp_path, entry(views="[support-call, audit@2]") + entry("newsletter", OTHER))
    assert consumers.authenticate(TOKEN) == Caller("agent-desktop", frozenset({"support-call", "audit@2"}))


def test_a_digest_may_be_written_in_capitals(tmp_path: Path) -> None:
    """Tools differ in how they print hexadecimal digits."""
    assert load(tmp_path, entry(digest=DIGEST.upper())).authenticate(TOKEN) is not None


@pytest.mark.parametrize(
    "token",
    [
        "",
        TOKEN[:-1],
        TOKEN + "a",
        TOKEN.upper(),
        "a" * 46,
        DIGEST,
        TOKEN + "\n",
        "cv_" + "ä" * 43,
        "cv_" + "\ud800" * 43,
    ],
)
def test_any_other_text_belongs_to_nobody(tmp_path: Path, token: str) -> None:
    """Nothing that is not a token of ours is even looked up, whatever it contains."""
    assert load(tmp_path, entry()).authenticate(token) is None


def test_a_new_token_fits_the_line_that_is_printed_with_it(tmp_path: Path) -> None:
    """32 random bytes after a prefix that tells people what it is; the file gets the digest alone."""
    token, line = new_token()
    assert token.startswith("cv_")
    assert len(token) == 46
    assert token not in line
    assert token != new_token()[0]
    consumers = load(tmp_path, f"- name: agent-desktop\n  {line}\n  views: [support-call]\n")
    assert consumers.authenticate(token) == Caller("agent-desktop", frozenset({"support-call"}))


def test_roles_are_the_callers(tmp_path: Path) -> None:
    """None unless they are given."""
    consumers = load(tmp_path, entry() + "  roles: [developer, auditor]\n")
    caller = consumers.authenticate(TOKEN)
    assert caller is not None
    assert caller.roles == consumers.consumers[0].roles == frozenset({"developer", "auditor"})


def test_a_consumer_with_a_role_in_the_cross_reference_needs_no_view(tmp_path: Path) -> None:
    """It asks nothing else; any other consumer without a view could do nothing."""
    consumers = load(tmp_path, entry(views="[]") + "  roles: [steward]\n  crossref_sources: [crm, billing_2]\n")
    assert consumers.authenticate(TOKEN) == Caller("agent-desktop", frozenset(), frozenset({"steward"}))
    assert consumers.crossref_sources == {"agent-desktop": frozenset({"crm", "billing_2"})}
    load(tmp_path, entry(views="[]") + "  roles: [operator]\n")
    [problem] = refusal(tmp_path, entry(views="[]") + "  roles: [developer]\n").problems
    assert (problem.line, problem.got) == (3, "an empty list ([1].views)")
    assert problem.mend.startswith("list a view, or give it a role that needs none: crossref-reader, steward, ")
    assert problem.mend.endswith("auditor, operator")


ORIGINS = [
    "https://desk.example",
    "http://localhost:3000",
    "https://my_desk.internal:8443",
    "http://[::1]:8080",
    "https://xn--bcher-kva.example",
    "http://10.0.0.1:443",
    "https://desk",
]


def test_origins_stand_under_the_consumers_name(tmp_path: Path) -> None:
    """As browsers send them: scheme, host and a port that is not the usual one."""
    consumers = load(tmp_path, entry() + f"  origins: {ORIGINS}\n" + entry("newsletter", OTHER))
    assert consumers.origins == {"agent-desktop": frozenset(ORIGINS), "newsletter": frozenset()}
    assert consumers.every_origin == consumers.consumers[0].origins == frozenset(ORIGINS)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example",
        "null",
        "desk.example",
        "https://desk.example/",
        "https://desk.example/path",
        "https://desk.example?x",
        "https://user@desk.example",
        "https://Desk.example",
        "HTTPS://desk.example",
        "https://desk.example:0",
        "https://desk.example:08443",
        "https://desk.example:",
        "https://.example",
        "https://desk..example",
        "https://desk.example.",
        "https://-desk.example",
        "https://bücher.example",
        "ftp://desk.example",
        "file://",
        "https://",
        "https://desk.example https://other.example",
        "https://desk.example\\n",
    ],
)
def test_what_no_browser_would_send_is_no_origin(tmp_path: Path, origin: str) -> None:
    """It would never match, or it would match more than is meant."""
    error = refusal(tmp_path, entry() + f'  origins: ["{origin}"]\n')
    [problem] = error.problems
    assert problem.line == 4
    assert problem.wanted == "an origin as browsers send it, such as https://desk.example: no path, no *"


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ("https://desk.example:443", "the origin without :443, which browsers leave out"),
        ("http://[::1]:80", "the origin without :80, which browsers leave out"),
        ("https://desk.example:65536", "a port up to 65535"),
    ],
)
def test_a_port_that_no_browser_would_send_is_told(tmp_path: Path, origin: str, wanted: str) -> None:
    """The usual port of a scheme is left out; there are 65535."""
    [problem] = refusal(tmp_path, entry() + f"  origins: ['{origin}']\n").problems
    assert (problem.line, problem.wanted) == (4, wanted)


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("roles: [Developer]", "'Developer' ([1].roles[1])"),
        ("roles: developer", "'developer' ([1].roles)"),
        ("roles: [a, a]", "a list ([1].roles)"),
        ("crossref_sources: []", "an empty list ([1].crossref_sources)"),
        ("crossref_sources: [a b]", "'a b' ([1].crossref_sources[1])"),
        ("crossref_sources: [crm, crm]", "a list ([1].crossref_sources)"),
        ("origins: https://desk.example", "'https://desk.example' ([1].origins)"),
        ("origins: ['https://a.example', 'https://a.example']", "a list ([1].origins)"),
    ],
)
def test_a_wrong_role_or_origin_is_named_with_its_line(tmp_path: Path, line: str, got: str) -> None:
    """Each is a list, with every entry once."""
    assert problems_of(refusal(tmp_path, entry() + f"  {line}\n")) == [(4, got)]


def test_an_empty_list_admits_nobody(tmp_path: Path) -> None:
    """The gateway can start before its first consumer is registered."""
    assert load(tmp_path, "[]").authenticate(TOKEN) is None


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, "nothing")]),
        ("agent-desktop: x\n", [(1, "a mapping")]),
        (entry(name="Agent"), [(1, "'Agent' ([1].name)")]),
        (entry(views="[]"), [(3, "an empty list ([1].views)")]),
        (entry(views="[support-call@0]"), [(3, "'support-call@0' ([1].views[1])")]),
        (entry(views="[a, a]"), [(3, "a list ([1].views)")]),
        (entry().replace("views", "view"), [(3, "the unknown key 'view' ([1].view)")]),
        (entry() + entry(digest=OTHER), [(4, "the name of line 1 again")]),
        (entry() + entry("newsletter"), [(5, "the token_sha256 of line 2 again")]),
        (entry() + entry("newsletter", DIGEST.upper()), [(5, "the token_sha256 of line 2 again")]),
        (
            f"[{{name: a, token_sha256: {OTHER}, views: [b]}}, {{name: a, token_sha256: {DIGEST}, views: [b]}}]",
            [(1, "the name of line 1 again")],
        ),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(
    tmp_path: Path, text: str, problems: list[tuple[int | None, str]]
) -> None:
    """Shapes, names, views, and names or tokens that two consumers share."""
    assert problems_of(refusal(tmp_path, text)) == problems


@pytest.mark.parametrize(
    "text", [entry(digest=TOKEN), entry(name=TOKEN), entry(views=f"[{TOKEN}]"), f"- {TOKEN}: x\n", f"- {TOKEN}\n"]
)
def test_a_token_in_the_wrong_place_is_not_printed(tmp_path: Path, text: str) -> None:
    """People paste the token where its digest belongs; the log is no place for it."""
    message = str(refusal(tmp_path, text))
    assert message
    assert TOKEN not in message


def test_no_repr_shows_a_digest(tmp_path: Path) -> None:
    """A digest is no secret, and yet no log needs it."""
    consumers = load(tmp_path, entry())
    assert "agent-desktop" in repr(consumers)
    assert DIGEST not in repr(consumers)


def test_consumers_and_views_that_name_each_other_agree(tmp_path: Path, folder: ViewFolder) -> None:
    """A name without a version means every version that lists the consumer."""
    both = load(tmp_path, entry() + entry("newsletter", OTHER, "[support-call@2]"))
    assert both.problems(folder) == []


@pytest.mark.parametrize(
    ("views", "got", "mend"),
    [
        (
            "[support-call, suport-call]",
            "agent-desktop registered for suport-call, which does not exist",
            "did you mean 'support-call'?",
        ),
        (
            "[support-call, support-call@2]",
            "agent-desktop registered for support-call@2, which does not list it",
            "remove support-call@2 here, or add the consumer in a new version of the view",
        ),
    ],
)
def test_a_consumer_registered_for_a_view_that_does_not_know_it_is_an_error(
    tmp_path: Path, folder: ViewFolder, views: str, got: str, mend: str
) -> None:
    """The view decides for whom it is."""
    consumers = load(tmp_path, entry(views=views) + entry("newsletter", OTHER))
    [problem] = consumers.problems(folder)
    assert (problem.level, problem.line, problem.got, problem.mend) == (Level.ERROR, 3, got, mend)


def test_a_consumer_that_a_view_lists_and_nobody_registered_is_a_note(tmp_path: Path, folder: ViewFolder) -> None:
    """So access is withdrawn without a new version; the note has the line in the view's file."""
    [problem] = load(tmp_path, entry()).problems(folder)
    assert problem.level is Level.NOTE
    assert (problem.file, problem.line) == (str(folder.path / "support-call@2.yaml"), 10)
    assert problem.got == "the consumer newsletter, which is not registered for support-call@2"
    assert problem.wanted == "newsletter with support-call@2 in consumers.yaml"
    assert problem.mend == "register it, unless it is meant to have no access any more"


def test_a_consumer_that_a_view_misspells_is_told_with_the_one_that_is_meant(
    tmp_path: Path, folder: ViewFolder
) -> None:
    """It may be registered for something else alone, so this is a note."""
    [problem] = load(tmp_path, entry() + entry("newsletters", OTHER, "[]") + "  roles: [steward]\n").problems(folder)
    assert problem.level is Level.NOTE
    assert problem.mend == "did you mean 'newsletters'? Else register it, unless it is meant to have no access any more"


@pytest.mark.parametrize(("line", "is_urgent"), [("", True), (", class: interactive", True), (", class: bulk", False)])
def test_somebody_waits_for_the_answers_of_a_consumer_unless_it_is_of_the_class_bulk(
    tmp_path: Path, line: str, is_urgent: bool
) -> None:
    """What a caller is in the lines of the gateway and of sources stands in the registration, not in a request."""
    token, digest = new_token()
    file = tmp_path / "consumers.yaml"
    file.write_text(f"- {{name: desk, {digest}, views: [support-call]{line}}}\n")
    caller = Consumers.load(file).authenticate(token)
    assert caller is not None
    assert caller.is_urgent is is_urgent


def test_a_class_that_there_is_not_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    """And where it stands."""
    file = tmp_path / "consumers.yaml"
    _, digest = new_token()
    file.write_text(f"- {{name: desk, {digest}, views: [support-call], class: bulky}}\n")
    with pytest.raises(ConfigurationError, match="bulk") as raised:
        Consumers.load(file)
    assert "interactive or bulk" in str(raised.value)
