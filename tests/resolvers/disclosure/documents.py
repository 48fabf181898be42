"""The documents that cases are asked with: random ones, and some that ask for everything at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.resolvers.queries import Query, queries

__all__ = ["documents"]

_FLAG = "code state"
_SHIP = f"""id name callSign kind size {{ length beam }} flag {{ {_FLAG} }} track draught heardUnder {{ {_FLAG} }}
  owners {{ name share home {{ {_FLAG} }} }}"""
_LISTS = f"""rough: voyages(rough: $b0) {{ nodes {{ number }} }}
  portCalls {{ on port {{ name flag {{ {_FLAG} }} }} }} log {{ line }}
  voyages(first: 2) {{
    nodes {{ number isRough notes(first: 1) {{ nodes {{ text }} }} }} pageInfo {{ hasNextPage }} }}"""
_KINDS = f"""cargo {{ __typename ... on Container {{ label home {{ {_FLAG} }} }} ... on Tank {{ litres }} }}
  sightings {{ on ... on RadarSighting {{ on range }} ...Photo }}"""
_PHOTO = f"fragment Photo on PhotoSighting {{ day: on seenUnder {{ {_FLAG} }} }}"

_WHOLE = (
    f"query ($many: [VesselBy!]!, $b0: Boolean!) {{ r0: vessels(by: $many) {{ {_SHIP} {_LISTS} {_KINDS} }} }} {_PHOTO}",
    f"""query ($one: VesselBy!, $many: [VesselBy!]!, $b0: Boolean!) {{
      r0: vessel(by: $one) {{ ...Ship a: name b: name flag2: flag {{ c: code }} }}
      r1: vessels(by: $many) {{ {_KINDS} ...Lists @include(if: $b0) name @skip(if: $b0) }} }}
    {_PHOTO} fragment Ship on Vessel {{ {_SHIP} }} fragment Lists on Vessel {{ {_LISTS} }}""",
    f"""query ($one: VesselBy!, $many: [VesselBy!]!, $b0: Boolean!) {{
      r0: vessel(by: $one) {{ rough: voyages(rough: $b0) {{ nodes {{ number }} }} name draught log {{ line }} }}
      r1: vessels(by: $many) {{ some: voyages(rough: $b0, first: 2) {{ edges {{ node {{ isRough }} }} }} callSign
        owners {{ name }} }}
      r2: vessels(by: $many) {{ {_KINDS} }} }} {_PHOTO}""",
)
_LOOKUPS = [{"id": f"v{number}"} for number in range(1, 5)]
_LOOKUPS += [{"id": "nobody"}, {"registry": "R2"}, {"sonar": "S1"}, {"sonar": "S3"}]


@st.composite
def _whole(draw: st.DrawFn) -> Query:
    text = draw(st.sampled_from(_WHOLE))
    values: Mapping[str, Any] = {
        "one": draw(st.sampled_from(_LOOKUPS)),
        "many": draw(st.lists(st.sampled_from(_LOOKUPS), min_size=1, max_size=5)),
        "b0": draw(st.booleans()),
    }
    return Query(text, {name: value for name, value in values.items() if f"${name}" in text})


def documents() -> st.SearchStrategy[Query]:
    """Documents of any form; every second one asks for much of several customers."""
    return st.one_of(_whole(), queries())
