"""A refusal tells the caller what was wrong, in the form of a GraphQL response."""

from __future__ import annotations

from graphql import GraphQLError

from resolvers import RefusalCode, RefusedError
from resolvers.refusals import Excess


def test_a_refusal_carries_its_code_and_remedy() -> None:
    """Every error of a refused request has the code; the remedy stands where there is one."""
    refused = RefusedError(RefusalCode.QUERY_BUDGET, "Too much.", "Ask for less.")
    assert refused.formatted() == [
        {"message": "Too much.", "extensions": {"code": "QUERY_BUDGET", "remedy": "Ask for less."}}
    ]
    assert str(refused) == "QUERY_BUDGET: Too much."


def test_graphql_errors_go_out_one_by_one() -> None:
    """Several errors of validation are told at once, each with the code."""
    errors = [GraphQLError("One."), GraphQLError("Two.")]
    refused = RefusedError(RefusalCode.GRAPHQL_VALIDATION_FAILED, "One.", errors=errors)
    told = [(error["message"], error["extensions"]) for error in refused.formatted()]
    code = {"code": "GRAPHQL_VALIDATION_FAILED"}
    assert told == [("One.", code), ("Two.", code)]


def test_a_refusal_says_which_limit_it_is_of() -> None:
    """For programs, beside the text; what was not counted to its end has no figure."""
    counted = RefusedError(RefusalCode.QUERY_BUDGET, "Too deep.", excess=Excess("depth", 3, 4))
    assert counted.formatted()[0]["extensions"] == {"code": "QUERY_BUDGET", "limit": "depth", "asked": 4, "allowed": 3}
    uncounted = RefusedError(RefusalCode.QUERY_BUDGET, "Too long.", excess=Excess("tokens", 3))
    assert uncounted.formatted()[0]["extensions"] == {"code": "QUERY_BUDGET", "limit": "tokens", "allowed": 3}


def test_a_message_is_not_longer_than_it_need_be() -> None:
    """What was sent is repeated in it, and may be long."""
    refused = RefusedError(RefusalCode.GRAPHQL_PARSE_FAILED, "x" * 501)
    assert [one["message"] for one in refused.formatted()] == ["x" * 497 + "..."]
    assert len(str(refused)) == len("GRAPHQL_PARSE_FAILED: ") + 500
    assert RefusedError(RefusalCode.GRAPHQL_PARSE_FAILED, "x" * 500).formatted()[0]["message"] == "x" * 500
