"""Sources that are GraphQL APIs themselves."""

from adapters.graphql.adapter import GraphQLAdapter
from adapters.graphql.offers import GraphQLOffer
from adapters.graphql.roots import AsVariable, ByAlias, ByIds, Connection

__all__ = ["AsVariable", "ByAlias", "ByIds", "Connection", "GraphQLAdapter", "GraphQLOffer"]
