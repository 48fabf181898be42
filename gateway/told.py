"""The form of what is told: members as JSON has them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["Told"]


class Told(BaseModel):
    """What is told: `review_by` here is `reviewBy` there."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True, from_attributes=True)
