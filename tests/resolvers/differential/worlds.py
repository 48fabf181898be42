"""Models, their views and what their sources offer: the worlds over which both ways of assembly are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from random import Random
from types import MappingProxyType
from typing import Any

from graphql import GraphQLSchema, GraphQLString, get_named_type, is_non_null_type

from adapters.adapter import Adapter
from adapters.offers import Offer
from adapters.sandbox.sources import billing_adapter, crm_adapter, orders_adapter, register_adapter, support_adapter
from schema.customer import Customer
from schema.masks import Mask
from schema.model import Model
from schema.view_schema import cut_schema
from schema.views import View
from tests.resolvers import vessels
from tests.resolvers.differential import gallery
from tests.resolvers.harbour import harbour

__all__ = ["WORLDS", "World", "world"]

WORLDS = ("ships", "customers", "gallery")

_VIEWS, _WITH_LEVELS = 6, 3
"""How many views a world has, and how many of them, the last ones, ask how well customers are verified."""

_Rules = dict[str, dict[str, Any]]

_LIMITS = {
    "customers": 100,
    "deadline_ms": 60_000,
    "calls": 10_000,
    "tokens": 4_000,
    "depth": 50,
    "aliases": 1_000,
    "fields": 5_000,
    "weight": 100_000,
}


@dataclass(frozen=True)
class World:
    """A model, views of it that differ in masks and levels alone, and what each source offers."""

    name: str
    model: Model
    views: Sequence[View]
    offers: Mapping[str, Sequence[Offer]]

    def giving(self, *, rows: bool) -> Mapping[str, Sequence[Offer]]:
        """The same offers, of sources whose records come as rows where they can, or as dicts."""
        return {source: [_giving(offer, rows=rows) for offer in offers] for source, offers in self.offers.items()}

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The sources whose own keys lead to a customer."""
        return tuple(name for name, offers in self.offers.items() if not all(offer.keyspace for offer in offers))

    @cached_property
    def restrictable(self) -> tuple[str, ...]:
        """The coordinates that a restriction may name without hiding the whole customer."""
        canonical = f"{self.model.subject}.id"
        return tuple(name for name in self.views[0].fields if name != canonical and not name.endswith(")"))

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema of the views: it is the same for all of them."""
        first = self.views[0]
        return cut_schema(self.model, first.fields, first.lookups).schema


@cache
def world(name: str) -> World:
    """One of the worlds, made once: the same schema has the same strategy for its documents."""
    return {"ships": _ships, "customers": _customers, "gallery": _gallery}[name]()


def _ships() -> World:
    offers = {one.source: one.offers for one in harbour().sources}
    return _world("ships", vessels.MODEL, offers)


def _customers() -> World:
    """The reference model, of which the view lists what the sandbox's sources serve."""
    url = "http://sandbox.test"
    adapters: list[Adapter] = [
        crm_adapter(url, "token"),
        billing_adapter("sqlite:///unopened"),
        orders_adapter(url, "token"),
        support_adapter(url, "token"),
        register_adapter(url),
    ]
    offers = {one.source: tuple(one.offers) for one in adapters}
    return _world(
        "customers",
        Model(Customer),
        offers,
        frozenset({"Customer.consents", "Customer.disclosures", "Customer.payments"}),
    )


def _gallery() -> World:
    return _world("gallery", gallery.MODEL, gallery.OFFERS, gallery.HIDDEN)


def _world(
    name: str, model: Model, offers: Mapping[str, Sequence[Offer]], hidden: frozenset[str] = frozenset()
) -> World:
    listed = [one for one, about in model.coordinates.items() if not model.is_plumbing(about.type_name)]
    shown = [one for one in listed if one not in hidden]
    shown += [f"{one}({argument}:)" for one in shown for argument in model.coordinates[one].arguments]
    own = [source for source, of_source in offers.items() if not all(offer.keyspace for offer in of_source)]
    texts = [one for one in shown if not one.endswith(")") and _is_text(model, one)]
    nullable = [one for one in shown if not one.endswith(")") and _may_be_withheld(model, one)]
    rules = [_masks(texts, number) for number in range(_VIEWS)]
    for number in range(_VIEWS - _WITH_LEVELS, _VIEWS):
        _add_levels(rules[number], nullable, frozenset(texts), Random(-number))
    views = [_view(name, shown, own, one) for one in rules]
    return World(name, model, views, MappingProxyType(dict(offers)))


def _giving(offer: Offer, *, rows: bool) -> Offer:
    kind = type("Offered", (type(offer),), {"gives_rows": rows})
    made: Offer = kind(**{one.name: getattr(offer, one.name) for one in fields(offer) if one.init})
    return made


def _is_text(model: Model, coordinate: str) -> bool:
    return get_named_type(model.coordinates[coordinate].type) == GraphQLString


def _may_be_withheld(model: Model, coordinate: str) -> bool:
    """Return whether a field may be null, and what holds it too, of which perhaps nothing else is asked."""
    about = model.coordinates[coordinate]
    held = {one.of for one in model.coordinates.values() if is_non_null_type(one.type)}
    return not is_non_null_type(about.type) and about.type_name not in held


def _masks(texts: Sequence[str], number: int) -> _Rules:
    """No mask for the first view, a mask of any kind on half of the texts for each other one."""
    chance = Random(number)
    return {one: {"mask": chance.choice(list(Mask))} for one in texts if number and chance.random() < 0.5}


def _add_levels(rules: _Rules, nullable: Sequence[str], texts: frozenset[str], chance: Random) -> None:
    """Add levels to a third of what may be null; below it half of the texts are masked, and the rest is withheld."""
    for one in nullable:
        if chance.random() < 0.3:
            below = {"below": chance.choice(list(Mask))} if one in texts and chance.random() < 0.5 else {}
            rules[one] = {**rules.get(one, {}), "min": chance.choice(["V1", "V2", "V2", "V3"]), **below}


def _view(name: str, shown: Sequence[str], own: Sequence[str], rules: _Rules) -> View:
    fields = {one: rules.get(one) for one in shown}
    verification = {"methods": ["otp"], "max_age": 1800}
    return vessels.view(name=name, lookups=["id", *own], fields=fields, limits=_LIMITS, verification=verification)
