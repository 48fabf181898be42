from __future__ import annotations

import pytest

from gateway.consumers import Consumers
from gateway.refusals import NotTakenError
from gateway.service import NotOpenError, Service
from resolvers import Engine
from schema.caller import Caller
from schema.lock import Lock
from schema.model import Model
from schema.view_files import load_views
from tests.gateway.greenhouse import GARDENER, STRANGER, Plant, Table, nursery, write_all


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """The service of a greenhouse, without its gateway."""
    views, consumers = write_all(tmp_path_factory.mktemp("greenhouse"))
    published = [one.view for one in Lock.read(views).published(load_views(views))]
    return Service(Engine(Model(Plant), [nursery()], Table()), published, Consumers.load(consumers))


GARDENERS = Caller("gardener", frozenset({"watering", "pruning", "hurry"}))


def test_a_bearer_token_says_who_asks(service: Service) -> None:
    """The caller is the consumer to whom the token was given, with the views it is registered for."""
    assert service.caller({b"authorization": f"Bearer {GARDENER}".encode()}) == GARDENERS


@pytest.mark.parametrize("given", ["", f"Bearer {STRANGER}", GARDENER])
def test_without_a_known_token_there_is_no_caller(service: Service, given: str) -> None:
    """Absent, unknown and malformed tokens are refused in one way, which holds no token."""
    with pytest.raises(NotTakenError) as caught:
        service.caller({b"authorization": given.encode()})
    assert str(caught.value) == "401 UNAUTHENTICATED: A known token is wanted. Send Authorization: Bearer <token>."


@pytest.mark.parametrize(
    ("version", "found"), [(None, "watering@2"), ("", "watering@2"), ("1", "watering@1"), ("2", "watering@2")]
)
def test_a_view_is_found_by_name_and_version(service: Service, version: str | None, found: str) -> None:
    """No version means the newest for the caller."""
    assert service.view(GARDENERS, "watering", version).id == found


def test_a_view_that_is_not_the_callers_is_not_found(service: Service) -> None:
    """A draft, another's view and no view at all are alike."""
    texts = set()
    for name, version in (("watering", "3"), ("pests", None), ("nowhere", None)):
        with pytest.raises(NotTakenError) as caught:
            service.view(GARDENERS, name, version)
        texts.add(str(caught.value))
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("views", "found"),
    [
        ({"watering"}, "watering@2"),
        ({"watering@1"}, "watering@1"),
        ({"watering@1", "watering@2"}, "watering@2"),
        ({"watering", "watering@1"}, "watering@2"),
    ],
)
def test_a_consumer_of_one_view_need_not_name_it(service: Service, views: set[str], found: str) -> None:
    """It may be registered by name or for exact versions; the newest of them is meant."""
    caller = Caller("gardener", frozenset(views))
    assert service.only_view(caller).id == service.named(caller, "").id == found


def test_a_consumer_of_several_views_has_to_name_one(service: Service) -> None:
    """The refusal says where, and names none."""
    with pytest.raises(
        NotTakenError, match=r"400 VIEW_NOT_NAMED: .* Say which one in the path: /views/{name}/graphql\."
    ):
        service.only_view(GARDENERS)


@pytest.mark.parametrize("views", [set(), {"watering@3"}, {"pests"}])
def test_a_consumer_of_no_view_has_none_to_use(service: Service, views: set[str]) -> None:
    """404, as for any view that is not there."""
    with pytest.raises(NotTakenError, match="404 VIEW_UNKNOWN"):
        service.only_view(Caller("gardener", frozenset(views)))


@pytest.mark.parametrize(("segment", "found"), [("watering", "watering@2"), ("watering@1", "watering@1")])
def test_a_segment_of_a_path_names_a_view(service: Service, segment: str, found: str) -> None:
    """`name` or `name@version`, as in the path."""
    assert service.find(GARDENERS, segment).id == found


@pytest.mark.parametrize("segment", ["", "@1", "watering@", "watering@0", "watering@1.0", "Watering", "watering\n"])
def test_a_segment_of_another_form_names_no_view(service: Service, segment: str) -> None:
    """What is no name of a view is refused as a view that is not there."""
    with pytest.raises(NotTakenError, match="404 VIEW_UNKNOWN"):
        service.find(GARDENERS, segment)


def test_what_was_found_out_before_is_kept_within_bounds(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each token and path, by a digest; beyond the bound, and with odd headers, everything is found anew."""
    monkeypatch.setattr("gateway.service._MOST_KEPT", 2)
    fresh = Service(service.engine, service.views, service.consumers)
    asked: list[str] = []

    def authenticate(_: Consumers, token: str) -> Caller:
        asked.append(token)
        return GARDENERS

    monkeypatch.setattr(Consumers, "authenticate", authenticate)
    for letter in "abccba":
        assert fresh.caller({b"authorization": b"Bearer cv_" + letter.encode() * 43}) is GARDENERS
    assert [token[-1] for token in asked] == [*"abcc"]
    for header in (b"bearer cv_", b"Bearer  cv_"):
        assert fresh.caller({b"authorization": header + b"d" * 43}) is GARDENERS
    found = [fresh.named(GARDENERS, one).id for one in ("watering", "watering@1", "pruning", "watering", "pruning")]
    assert found == ["watering@2", "watering@1", "pruning@1", "watering@2", "pruning@1"]
    assert (len(fresh._known), len(fresh._found)) == (2, 2)
    assert not any(GARDENER.encode() in one for one in fresh._known)


def test_two_callers_of_one_name_have_views_of_their_own(service: Service) -> None:
    """What one of them was shown is not found for the other."""
    assert service.named(Caller("gardener", frozenset({"watering"})), "watering").id == "watering@2"
    assert service.named(Caller("gardener", frozenset({"watering@1"})), "watering").id == "watering@1"


def test_a_service_prints_no_consumers(service: Service) -> None:
    """Digests of tokens are not for logs."""
    assert "consumers" not in repr(service)


def test_a_gateway_that_is_not_open_is_a_runtime_error() -> None:
    """Who catches RuntimeError catches it too."""
    assert issubclass(NotOpenError, RuntimeError)
