"""A refusal tells the caller what was wrong, in the form of a GraphQL response."""

from __future__ import annotations

from graphql import GraphQLError

from resolvers import RefusalCode, RefusedError


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
