"""One request through all rooms, on a model of another domain than customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from msgspec import structs

from resolvers import NotServedError, RefusalCode, RefusedError, Request
from resolvers.engine import Engine
from resolvers.rates import Rates
from schema.caller import Caller
from schema.deadline import Deadline
from schema.observer import NOBODY, Event, Observer, Sent
from tests.resolvers.harbour import TIMED_OUT, Harbour, harbour, known
from tests.resolvers.vessels import MODEL, view

BY_KEY = "query ($by: VesselBy!) { vessel(by: $by) { id name } }"


async def refused(query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> RefusedError:
    """The refusal of a query, of which no source and no cross-reference has heard."""
    h = harbour()
    with pytest.raises(RefusedError) as caught:
        await h.ask(query, variables, **more)
    assert h.calls == {}
    assert h.crossref.reads == 0
    return caught.value


@pytest.mark.parametrize("by", [{"id": "v1"}, {"registry": "R1"}, {"sonar": "S1"}])
async def test_a_customer_is_looked_up_by_any_key_that_the_view_offers(by: dict[str, str]) -> None:
    """Canonical id or a source's own key: the answer is the same."""
    assert (await harbour().ask(BY_KEY, {"by": by})) == {"data": {"vessel": {"id": "v1", "name": "Anna"}}}


async def test_a_look_up_that_the_view_does_not_offer_does_not_exist() -> None:
    """Neither in the document nor in variables."""
    through = view(lookups=["id"])
    assert "'registry'" in str(await refused('{ vessel(by: {registry: "R1"}) { name } }', through=through))
    error = str(await refused(BY_KEY, {"by": {"registry": "R1"}}, through=through))
    assert "it has a member that the type does not have" in error
    assert "R1" not in error


BY_IDENTIFIER = {"by": {"identifier": {"type": "EMAIL", "value": "v1"}}}


async def test_a_customer_is_looked_up_by_an_identifier_where_the_view_offers_its_type() -> None:
    """Another type, and a view without any, do not know of it; no error repeats the value."""
    through = view(identifiers=["email"])
    answer = await harbour().ask(BY_KEY, BY_IDENTIFIER, through=through)
    assert answer["data"] == {"vessel": {"id": "v1", "name": "Anna"}}
    for closed in (view(), view(identifiers=["phone"])):
        error = await refused(BY_KEY, {"by": {"identifier": {"type": "EMAIL", "value": "canary"}}}, through=closed)
        assert error.code is RefusalCode.BAD_USER_INPUT
        assert "canary" not in str(error.formatted())


async def test_look_ups_by_identifiers_are_limited_for_each_consumer() -> None:
    """Every value of a list counts; look-ups by keys do not, and go on. Nobody is asked of what is refused."""
    h, through = harbour(), view(identifiers=["email"])
    h.engine._rates = Rates(2, lambda: 1000.0)
    query = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
    answer = await h.ask(query, {"by": [BY_IDENTIFIER["by"]] * 2}, through=through)
    assert [one["name"] for one in answer["data"]["vessels"]] == ["Anna", "Anna"]
    reads = h.crossref.reads
    with pytest.raises(RefusedError) as caught:
        await h.ask(BY_KEY, BY_IDENTIFIER, through=through)
    assert (caught.value.code, caught.value.retry_after) == (RefusalCode.RATE_LIMITED, 30)
    assert caught.value.formatted()[0]["extensions"] == {
        "code": "RATE_LIMITED",
        "remedy": "Ask again later; use keys where they are known.",
    }
    assert h.crossref.reads == reads
    assert (await h.ask(BY_KEY, {"by": {"id": "v1"}}, through=through))["data"]["vessel"]["id"] == "v1"


async def test_several_customers_are_answered_in_the_order_asked() -> None:
    """Twice the same is twice the same answer, from one call."""
    h = harbour()
    query = "query ($by: [VesselBy!]!) { vessels(by: $by) { name } }"
    answer = await h.ask(query, {"by": [{"id": "v2"}, {"id": "v1"}, {"registry": "R2"}]})
    assert [one["name"] for one in answer["data"]["vessels"]] == ["Berta", "Anna", "Berta"]
    assert [batch.keys for batch in h.registry.batches] == [("R2", "R1")]
    assert (await h.ask(query, {"by": {"id": "v3"}}))["data"] == {"vessels": [{"name": "Clara"}]}


async def test_variables_defaults_fragments_and_directives_work_together() -> None:
    """As the executor would, without a source being asked for what is left out."""
    query = """
    query Q($by: VesselBy! = {id: "v1"}, $short: Boolean = true, $since: Date = "2026-02-01") {
      one: vessel(by: $by) { ...Short @include(if: $short) ... on Vessel @skip(if: $short) { draught } ...Stays }
    }
    fragment Short on Vessel { n: name ... { callSign } }
    fragment Stays on Vessel { portCalls(since: $since) { on } }
    """
    h = harbour()
    answer = await h.ask(query)
    assert answer["data"]["one"].keys() == {"n", "callSign", "portCalls"}
    assert [call for call in h.calls if call != "registry"] == []
    answer = await h.ask(query, {"by": {"registry": "R2"}, "short": False})
    assert answer["data"]["one"].keys() == {"draught", "portCalls"}


async def test_one_of_several_operations_is_executed() -> None:
    """Named by operationName; what the others ask for is not fetched."""
    query = 'query A { vessel(by: {id: "v1"}) { name } } query B { vessel(by: {id: "v1"}) { draught } }'
    h = harbour()
    assert (await h.ask(query, operation_name="B")) == {"data": {"vessel": {"draught": 301}}}
    assert h.calls == {"sonar": 1}
    assert (await refused(query)).code is RefusalCode.OPERATION_RESOLUTION_FAILURE


async def test_a_null_that_validation_cannot_see_is_refused() -> None:
    """A nullable variable in a `@oneOf` field, and a null for an argument that takes none."""
    query = "query ($id: ID) { vessel(by: {id: $id}) { name } }"
    for variables in ({}, {"id": None}):
        assert (await refused(query, variables)).code in (
            RefusalCode.BAD_USER_INPUT,
            RefusalCode.GRAPHQL_VALIDATION_FAILED,
        )
    days = 'query ($d: Int = 3) { vessel(by: {id: "v1"}) { portCalls(of: {leastDays: $d}) { on } } }'
    assert "errors" not in await harbour().ask(days)
    assert (await refused(days, {"d": None})).code is RefusalCode.BAD_USER_INPUT


async def test_what_is_outside_the_view_cannot_be_asked() -> None:
    """No field, no argument, no suggestion of it, no call."""
    through = view(fields=dict.fromkeys(["Vessel.name", "Vessel.portCalls", "PortCall.on"]))
    error = await refused('{ vessel(by: {id: "v1"}) { draugth } }', through=through)
    assert str(error) == "GRAPHQL_VALIDATION_FAILED: Cannot query field 'draugth' on type 'Vessel'."
    error = await refused('{ vessel(by: {id: "v1"}) { portCalls(since: "2026-01-01") { on } } }', through=through)
    assert "Unknown argument 'since'" in str(error)


async def test_more_customers_than_the_view_allows_are_refused() -> None:
    """Counted over all root fields, before the cross-reference is read."""
    query = '{ a: vessel(by: {id: "v1"}) { name } vessels(by: [{id: "v1"}, {id: "v2"}]) { name } }'
    assert (await refused(query, through=view(limits={"customers": 2}))).code is RefusalCode.QUERY_BUDGET
    assert (await harbour().ask(query, through=view(limits={"customers": 3})))["data"]["a"] == {"name": "Anna"}


async def test_look_ups_of_an_operation_that_is_not_meant_do_not_count() -> None:
    """Tools send all operations and the variables of all."""
    query = " ".join(f"query {one}($by{one}: [VesselBy!]!) {{ vessels(by: $by{one}) {{ name }} }}" for one in "AB")
    variables = {"byA": [{"id": "v1"}], "byB": [{"id": "v1"}] * 9}
    through = view(limits={"customers": 2})
    answer = await harbour().ask(query, variables, through=through, operation_name="A")
    assert answer["data"] == {"vessels": [{"name": "Anna"}]}
    error = await refused(query, variables, through=through, operation_name="B")
    assert error.code is RefusalCode.QUERY_BUDGET


async def test_more_calls_than_the_view_allows_are_refused() -> None:
    """Counted for the customers that were found, before any source is asked."""
    h = harbour()
    query = '{ vessels(by: [{id: "v1"}, {id: "v2"}, {id: "v3"}]) { draught } }'
    with pytest.raises(RefusedError, match="can need 2 calls to the sources; this view allows 1"):
        await h.ask(query, through=view(limits={"calls": 1}))
    assert h.calls == {}
    assert (await h.ask(query, through=view(limits={"calls": 2})))["data"]["vessels"][0] == {"draught": 301}


async def test_more_tokens_than_the_view_allows_are_refused() -> None:
    """The view's own limit, and no other's."""
    assert (await refused(BY_KEY, {"by": {"id": "v1"}}, through=view(limits={"tokens": 10}))).code is (
        RefusalCode.QUERY_BUDGET
    )


async def test_a_query_that_multiplies_itself_is_refused() -> None:
    """Fragments are expanded no further than twenty selections a token."""
    stays = " ".join(f"p{n}: portCalls {{ port {{ ...A }} }}" for n in range(40))
    flags = " ".join(f"f{n}: flag {{ ...B }}" for n in range(40))
    codes = " ".join(f"c{n}: code" for n in range(40))
    fragments = f"fragment A on Port {{ {flags} }} fragment B on Flag {{ {codes} }}"
    query = f'{{ vessel(by: {{id: "v1"}}) {{ {stays} }} }} {fragments}'
    assert (await refused(query, through=view(limits={"tokens": 2_000}))).code is RefusalCode.QUERY_BUDGET


async def test_views_of_one_name_do_not_share_a_schema() -> None:
    """What a view says decides, not what it is called."""
    h = harbour()
    await h.ask('{ vessel(by: {id: "v1"}) { name } }')
    with pytest.raises(RefusedError):
        await h.ask('{ vessel(by: {id: "v1"}) { name } }', through=view(fields={"Vessel.callSign": None}))
    assert h.engine.schema_of(view()) is h.engine.schema_of(view())


async def test_the_observer_hears_of_every_call() -> None:
    """The port through which telemetry listens; receipts do not need it."""
    heard: list[Sent] = []

    class Ear:
        def note(self, event: Event) -> None:
            if isinstance(event, Sent):
                heard.append(event)

    await harbour(observer=Ear()).ask('{ vessel(by: {id: "v1"}) { name draught } }')
    assert {event.source for event in heard} == {"registry", "sonar"}


async def test_an_observer_that_raises_costs_lines_in_the_log_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer is what it is without; the log names what was to be told: calls, and keys that failed."""

    class Raising:
        def note(self, event: Event) -> None:
            raise ValueError("secret")

    def failing(observer: Observer) -> Harbour:
        made = harbour(observer=observer)
        made.sonar.answers["S1"] = TIMED_OUT
        return made

    query = '{ vessel(by: {id: "v1"}) { name draught } }'
    assert await failing(Raising()).ask(query) == await failing(NOBODY).ask(query)
    assert sorted(set(caplog.messages)) == [
        "an observer raised ValueError when it was told of Failed",
        "an observer raised ValueError when it was told of Sent",
    ]


async def test_a_callers_credential_reaches_the_adapters_and_nothing_else() -> None:
    """Adapters that forward it find it in the call; it is never printed."""
    h = harbour()
    request = Request('{ vessel(by: {id: "v1"}) { name } }')
    await h.engine.answer(view(), request, Caller("bridge-desk", credential="secret"), Deadline.after(5))
    assert h.registry.calls[0].credential == "secret"
    assert "secret" not in repr(h.registry.calls[0])
    assert "v1" not in repr(request)


async def test_a_field_that_nobody_serves_stops_the_request() -> None:
    """`check` finds it before anything is served; a request never leaves it out in silence."""
    h = harbour()
    engine = Engine(MODEL, [h.registry], h.crossref)
    request = Request('{ vessel(by: {id: "v1"}) { draught } }')
    with pytest.raises(NotServedError):
        await engine.answer(view(), request, Caller("bridge-desk"), Deadline.after(5))


@pytest.mark.parametrize(
    "ask",
    [
        lambda h: h.ask("{ __typename }"),
        lambda h: h.ask("{ __schema { queryType { name } } }"),
        lambda h: h.ask("{ vessels(by: []) { name } }"),
    ],
)
async def test_who_asks_for_nobody_is_answered_without_a_read(ask: Callable[[Any], Any]) -> None:
    """No customer, no cross-reference, no source."""
    h = harbour()
    assert "errors" not in await ask(h)
    assert (h.crossref.reads, h.calls) == (0, {})


async def test_who_asks_by_an_id_that_was_merged_is_told() -> None:
    """The survivor answers; what was asked for stands beside it, and only where a customer is shown."""
    survivor = structs.replace(known(1), redirected=True)
    h = harbour([survivor, known(2)])
    answer = await h.ask(
        '{ one: vessel(by: {id: "v1"}) { name } all: vessels(by: [{id: "v2"}, {id: "v1"}, {id: "v9"}]) { name } }'
    )
    assert answer["extensions"]["redirected"] == [
        {"path": ["one"], "requested": "v1"},
        {"path": ["all", 1], "requested": "v1"},
    ]
    assert "redirected" not in (await h.ask('{ vessel(by: {id: "v2"}) { name } }')).get("extensions", {})
