"""What is kept between requests, of all views, in memory of bounded sizes: documents, and the plans made from them.

NoRoomError    a document that is to be prepared takes more memory than is left for all such documents
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from cachetools import LRUCache

from resolvers.calls import Arguments
from resolvers.document import Document
from resolvers.looking_up import LookUps
from resolvers.plan import Plan
from resolvers.policy import PlanRules
from resolvers.shapes import Shape
from resolvers.sharing import equal_steps, share_steps
from resolvers.shown_schema import KeptSchemas, ShownSchema
from resolvers.steps import Step

__all__ = ["Kept", "NoRoomError", "Planned"]

_MEBIBYTE = 1024 * 1024
_BYTES_A_SELECTION = 700
"""What a selection takes in a plan itself, roughly, as it was measured."""

_BYTES_OF_CODE = 5_300
"""What a selection takes in the code that is compiled for one profile: it has 1,200 to 1,300 characters, each of which
takes about four bytes, as text and compiled."""


_MOST_SHARED = 16
"""The most plans that are kept of one, for the steps of which are one by the values of their arguments."""


_MOST_OF_SCHEMAS = 8 * _MEBIBYTE
"""Characters of answers that tell a schema: each is one byte, for they are ASCII."""


class NoRoomError(Exception):
    """All documents that are prepared would take more memory than there is for them."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        super().__init__(
            f"the documents that are prepared would take more than {most_bytes // _MEBIBYTE} MiB of memory"
        )


class Planned:
    """A plan, and what is compiled from it: the rules that stand on its coordinates, who is looked up by its root
    fields, which of its steps take arguments, and the shape of its answer.

    The shape is compiled when the plan is used for the second time: most documents that come once never come again.
    It is None where the exact way has to make the answer. `schema` is there where that is always the same.
    """

    __slots__ = ("_compile", "_is_used", "_shared", "look_ups", "plan", "rules", "schema", "shape", "taking")

    def __init__(
        self,
        plan: Plan,
        rules: PlanRules,
        look_ups: Mapping[str, LookUps],
        taking: Sequence[Step],
        compile_it: Callable[[Plan, PlanRules], Shape | None],
        schema: ShownSchema | None = None,
    ) -> None:
        self.plan, self.rules, self.look_ups, self.taking = plan, rules, look_ups, taking
        self.shape: Shape | None = None
        self.schema = schema
        self._compile: Callable[[Plan, PlanRules], Shape | None] | None = compile_it
        self._is_used = False
        self._shared: LRUCache[tuple[int, ...], tuple[Plan, PlanRules]] = LRUCache(_MOST_SHARED)

    def shared(self, arguments: Arguments) -> tuple[Plan, PlanRules]:
        """Return the plan in which steps with equal arguments are one, and the rules with what is left of its steps.

        It is made once for the steps that are one, and kept. The shape is the same: it names steps by their places,
        which stay what they are.
        """
        standing = equal_steps(self.plan, arguments)
        if not standing:
            return self.plan, self.rules
        found = self._shared.get(standing)
        if found is None:
            plan = share_steps(self.plan, standing)
            found = self._shared[standing] = plan, PlanRules(self.rules.rules, plan.coordinates)
        return found

    def use(self) -> Self:
        """Return the plan, with its shape if it was used before."""
        if self._compile is not None:
            if self._is_used:
                self.compile()
            self._is_used = True
        return self

    def compile(self) -> None:
        """Compile the shape, if that was not done yet."""
        compile_it, self._compile = self._compile, None
        if compile_it is not None:
            self.shape = compile_it(self.plan, self.rules)

    def compile_expected(self) -> None:
        """Compile the shape, for every profile of which most requests are."""
        self.compile()
        if self.shape is not None:
            for profile in self.rules.expected:
                self.shape.compile(profile)

    @property
    def size(self) -> int:
        """Return what it takes in memory with its shape for the profiles that are expected, roughly, in bytes."""
        return (1 + self.plan.work) * (_BYTES_A_SELECTION + _BYTES_OF_CODE * self.rules.variety)


class Kept:
    """Documents and plans that were made before, and answers that tell a schema. Those that came with requests make
    room for others that come.

    Those that were prepared stay until they are let go, so there is a bound on what they take together:
    `most_prepared_bytes`.
    """

    def __init__(self, *, most_bytes: int = 32 * _MEBIBYTE, most_prepared_bytes: int = 256 * _MEBIBYTE) -> None:
        self.schemas: KeptSchemas = LRUCache(_MOST_OF_SCHEMAS, getsizeof=len)
        self.most_bytes, self.most_prepared_bytes = most_bytes, most_prepared_bytes
        self.documents: LRUCache[Any, Document] = LRUCache(most_bytes, getsizeof=lambda document: document.size)
        self.plans: LRUCache[Any, Planned] = LRUCache(most_bytes, getsizeof=lambda planned: planned.size)
        self._prepared_bytes = 0

    def check_room(self, size: int) -> None:
        """Check that so many bytes more may be kept for good.

        Raises:
            NoRoomError: There is no room for them.
        """
        if self._prepared_bytes + size > self.most_prepared_bytes:
            raise NoRoomError(self.most_prepared_bytes)

    def take_room(self, size: int) -> None:
        """Count so many bytes as kept for good."""
        self._prepared_bytes += size

    def give_room(self, size: int) -> None:
        """Count so many bytes as kept for good no more."""
        self._prepared_bytes -= size
