"""gql, by one of its transports; and with queries that it checks itself against the schema that it has introspected."""

from __future__ import annotations

import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport import AsyncTransport, Transport
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport, HTTPXTransport
from graphql import GraphQLError

from tests.clients.programs import common

TRANSPORTS: dict[str, type[Transport | AsyncTransport]] = {
    "httpx": HTTPXTransport,
    "httpx-async": HTTPXAsyncTransport,
    "aiohttp": AIOHTTPTransport,
}


def connect(token: str = common.TOKEN, *, by_itself: bool = False, checking: bool = False) -> Client:
    transport: Any = TRANSPORTS[sys.argv[4]]
    made = transport(url=common.URL, headers=common.headers(token, by_itself=by_itself))
    return Client(transport=made, fetch_schema_from_transport=checking)


def ask(name: str, variables: dict[str, Any], client: Client) -> Any:
    request = GraphQLRequest(common.read(name), variable_values=variables)
    return client.execute(request, get_execution_result=True)


def partial(client: Client) -> dict[str, Any]:
    try:
        ask("trouble", common.BERTA, client)
    except TransportQueryError as error:
        told = {"data": error.data, "kind": "GraphQL", "codes": common.codes(error.errors)}
        return {**told, "withheld": common.withheld(error.extensions)}
    raise AssertionError("gql raises TransportQueryError where there are errors")


def caught(name: str, variables: dict[str, Any], client: Client) -> dict[str, Any]:
    try:
        ask(name, variables, client)
    except TransportQueryError as error:
        return {"kind": "GraphQL", "codes": common.codes(error.errors)}
    raise AssertionError("the request was not refused")


def refused_by_itself(client: Client) -> bool:
    """Whether the client, which knows the schema, sees that a query does not fit before it sends it."""
    try:
        ask("refused", common.ANNA, client)
    except GraphQLError:
        return True
    return False


client, alone = connect(), connect(by_itself=True)
common.tell(
    {
        "answered": ask("hull", common.HULL, client).data,
        "pages": common.walk(lambda variables: ask("voyages", variables, client).data),
        "partial": partial(client),
        "withheld": common.withheld(ask("withheld", common.BERTA, client).extensions),
        "refused": caught("refused", common.ANNA, client),
        "stranger": caught("withheld", common.BERTA, connect(common.STRANGER)),
        "by_itself": {"partial": partial(alone), "refused": caught("refused", common.ANNA, alone)},
        "introspected": refused_by_itself(connect(checking=True)),
    }
)
