"""The rules of a view's coordinates held against the model and against one another: whether they can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from graphql import is_interface_type, is_non_null_type

from schema.directives import CANONICAL
from schema.model import Coordinate, Model
from schema.problems import Problem
from schema.reasons import FIELD_NOT_IN_VIEW
from schema.rule_order import can_withhold, is_at_least_as_strict
from schema.verification import Level, supported
from schema.view_files import LoadedView
from schema.view_rules import FieldRule, When, written

__all__ = ["verify_rules"]


def verify_rules(loaded: LoadedView, model: Model) -> Iterator[Problem]:
    """Yield what is wrong with the rules of a view; masks by themselves, and what the model lacks, are for others."""
    checking = _Checking(loaded, model)
    for name, rule in loaded.view.fields.items():
        base, is_argument, argument = name.removesuffix(":)").partition("(")
        coordinate = model.coordinates.get(base)
        if coordinate is None:
            continue
        if is_argument:
            yield from checking.argument(name, coordinate, argument, rule)
        else:
            yield from checking.field(name, coordinate, rule)


@dataclass(frozen=True, slots=True)
class _Checking:
    loaded: LoadedView
    model: Model

    def field(self, name: str, coordinate: Coordinate, rule: FieldRule) -> Iterator[Problem]:
        """Yield what keeps the rule of a field from holding."""
        if name == f"{self.model.subject}.{CANONICAL}":
            yield from self._canonical(name, rule)
            return
        yield from self._level(name, rule)
        yield from self._when(name, rule.when)
        yield from self._glass(name, rule)
        yield from self._null(name, coordinate, rule)
        yield from self._order(name, coordinate)
        if is_interface_type(self.model.schema.type_map[coordinate.type_name]):
            yield from self._of_interface(name, coordinate)

    def argument(self, name: str, coordinate: Coordinate, argument: str, rule: FieldRule) -> Iterator[Problem]:
        """Yield what is wrong with an argument: it has no rule, and tells of nothing that its list does not show."""
        if rule != FieldRule():
            yield self._at(name, f"a rule on the argument {name}", "rules on fields", "remove the rule")
        if argument in coordinate.arguments:
            yield from self._telling(name, coordinate, argument, f"{name}, which filters or orders by")

    def _order(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        """Yield that a list comes in an order which tells of what fewer are shown, whoever may change the order, or of
        what nobody is."""
        for argument, about in coordinate.arguments.items():
            if about.is_given and f"{name}({argument}:)" not in self.loaded.view.fields:
                said = f"{name}, which comes in the order of"
                yield from self._telling(name, coordinate, argument, said)
                if about.reads is not None and about.reads not in self.loaded.view.fields:
                    yield self._at(
                        name,
                        f"{said} {about.reads}, which is not in the view ({FIELD_NOT_IN_VIEW})",
                        "lists ordered by what the view shows, for the order tells of the values",
                        f"list {about.reads}, or leave {name} out",
                    )

    def _telling(self, name: str, coordinate: Coordinate, argument: str, said: str) -> Iterator[Problem]:
        """Yield what an argument of a list tells to those who see the list and not what it tells of."""
        for read in sorted(self.model.told_by(str(coordinate), argument)):
            own, of_read = self._rule(str(coordinate)), self.loaded.view.fields.get(read)
            if of_read is not None and not is_at_least_as_strict(own, of_read):
                yield self._at(
                    name,
                    f"{said} {read} ({written(of_read)}), while {coordinate} is shown more freely ({written(own)})",
                    "lists filtered and ordered by what all who see them are shown, for that tells of the values",
                    f"leave {name} out, or make the rule of {read} no stricter than that of {coordinate}",
                )

    def _canonical(self, name: str, rule: FieldRule) -> Iterator[Problem]:
        if rule != FieldRule() and rule.mask is None and rule.below is None:
            wanted = "ids as they are: whoever may not see a customer's id is not shown the customer"
            yield self._at(name, f"a rule on the id {name}", wanted, "remove the rule")

    def _level(self, name: str, rule: FieldRule) -> Iterator[Problem]:
        verification = self.loaded.view.verification
        if rule.min is Level.V0:
            yield from self._without_level(name, rule)
        elif verification is None:
            if (more := self._besides(name, lambda each: each.min is not Level.V0)) is not None:
                got = f"{name}, shown from {rule.min} on{more}, and no verification"
                wanted = "a part verification, with the methods by which customers are verified"
                yield self._at(name, got, wanted, "add `verification:`, or remove the level")
        elif rule.min > supported(verification.methods):
            methods = ", ".join(verification.methods)
            got = f"{name}, shown from {rule.min} on, and methods that are all of one kind ({methods})"
            wanted = "methods of two kinds, such as [otp, kba]: with one, nobody gets beyond V2"
            yield self._at(name, got, wanted, "add a method of another kind to `verification:`, or lower the level")
        elif rule.max_age is not None and rule.max_age > verification.max_age:
            got = f"{name} with max_age {rule.max_age}"
            wanted = f"at most the {verification.max_age} seconds of the whole view"
            yield self._at(name, got, wanted, "lower it, or raise the max_age of `verification:`")

    def _without_level(self, name: str, rule: FieldRule) -> Iterator[Problem]:
        for key, value in (("below", rule.below), ("max_age", rule.max_age)):
            if value is not None:
                got, wanted = f"{name} with {key} and without min", "the level from which it is shown: V1, V2 or V3"
                yield self._at(name, got, wanted, f"add `min:`, or remove {key}")

    def _when(self, name: str, when: When | None) -> Iterator[Problem]:
        if when is None:
            return
        situation = self.loaded.view.situation
        parts = ((part, getattr(when, part), getattr(situation, part)) for part in When.model_fields)
        told = [(part, words, known) for part, words, known in parts if words]
        if not told:
            yield self._at(name, f"{name} with an empty when", "a situation in which it is shown", "remove when")
        for part, words, known in told:
            yield from self._words(name, part, [word for word in words if word not in known], known)

    def _words(self, name: str, part: str, unknown: Sequence[str], known: Sequence[str]) -> Iterator[Problem]:
        if unknown:
            got = f"{name}, shown for {', '.join(unknown)}, not among the view's {part}"
            wanted = f"one of: {', '.join(known)}" if known else f"{part} of the view's situation"
            yield self._at(name, got, wanted, f"add to the {part} of `situation:`, or correct it")

    def _besides(self, name: str, has: Callable[[FieldRule], bool]) -> str | None:
        """Return how many more fields have this in their rule, None where another is the first: it is told once."""
        fields = self.loaded.view.fields.items()
        first, *others = (each for each, rule in fields if each in self.model.coordinates and has(rule))
        if name != first:
            return None
        return f" (and {len(others)} more)" if others else ""

    def _glass(self, name: str, rule: FieldRule) -> Iterator[Problem]:
        if not rule.break_glass or self.loaded.view.break_glass is not None:
            return
        if (more := self._besides(name, lambda each: each.break_glass)) is not None:
            got = f"{name}, shown only when the glass was broken{more}, and no break_glass"
            yield self._at(name, got, "a part break_glass, with who may break it and why", "add `break_glass:`")

    def _null(self, name: str, coordinate: Coordinate, rule: FieldRule) -> Iterator[Problem]:
        view = self.loaded.view
        is_gated = coordinate.type_name == self.model.subject and (view.consent or view.objection) is not None
        if is_non_null_type(coordinate.type) and (is_gated or can_withhold(rule)):
            got = f"{name}: {coordinate.type}, which can be withheld"
            wanted = "fields that may be null, where they can be withheld"
            yield self._at(name, got, wanted, "remove the rule or the field, or have the model say that it may be null")
        elif is_non_null_type(coordinate.type):
            yield from self._null_above(name, coordinate)

    def _null_above(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        """Yield what stands below a field and can be withheld: an object of which nothing may be shown is null."""
        below = next((one for one in self._below(coordinate) if can_withhold(self._rule(one))), None)
        if below is not None:
            got = f"{name}: {coordinate.type}, above {below}, which can be withheld"
            wanted = "objects that may be null, where all that is asked of them can be withheld"
            yield self._at(name, got, wanted, f"remove the rule of {below}, or have the model say that it may be null")

    def _below(self, coordinate: Coordinate) -> Iterator[str]:
        """Yield the coordinates of the view that can stand below a field of it, each once."""
        types, waiting = set[str](), [coordinate.of]
        while waiting:
            if (held := waiting.pop()) in types:
                continue
            types.add(held)
            waiting.extend(self.model.concrete(held))
            for name in self.loaded.view.fields:
                found = self.model.coordinates.get(name)
                if found is not None and found.type_name == held:
                    yield name
                    waiting.append(found.of)

    def _of_interface(self, name: str, coordinate: Coordinate) -> Iterator[Problem]:
        """Yield the types of an interface that show its field otherwise."""
        for held in self.model.concrete(coordinate.type_name):
            own = f"{held}.{coordinate.field_name}"
            if own in self.loaded.view.fields and self._rule(own) != self._rule(name):
                got = f"{own} ({written(self._rule(own))}) and {name} ({written(self._rule(name))})"
                wanted = "an interface's field and those of its types under the same rule"
                yield self._at(own, got, wanted, "make them alike")

    def _rule(self, name: str) -> FieldRule:
        return self.loaded.view.fields.get(name) or FieldRule()

    def _at(self, name: str, got: str, wanted: str, mend: str) -> Problem:
        return Problem(str(self.loaded.path), self.loaded.line_of_field(name), got, wanted, mend)
