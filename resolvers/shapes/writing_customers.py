"""A plan's answer as code: straight through each customer, with the reason of every null that the schema allows.

The code reads facts, guards every leaf, and makes the answer's dicts and lists. There are two kinds of functions: the
first is for the customers of one profile, whose verdicts it knows, and reads facts as they are offered, rows by their
attributes; the second reads any facts by their names, and asks of every field what the verdicts on it are. What raises
in the first is left to the second; what raises in that, to the executor.
"""

from __future__ import annotations

from resolvers.handed_on import DoubtError
from resolvers.plan import Plan, Root
from resolvers.policy import Profile
from resolvers.shapes.writing import Code, WrittenPath
from resolvers.shapes.writing_leaves import AnyLeafWriter, LeafWriter
from resolvers.shapes.writing_objects import ObjectWriter
from resolvers.shapes.writing_steps import Entity, StepWriter
from resolvers.shapes.writing_withheld import WithheldWriter
from resolvers.steps import Coordinates

__all__ = ["write_first", "write_second"]


def write_first(code: Code, plan: Plan, root: Root, profile: Profile) -> str:
    """Write the function that shapes a root field's customers of a profile, and return its name.

    It takes the customers, the Making and what shapes one of them anew, and returns them shaped, in a list.

    Raises:
        TooDeepError: The code would nest deeper than Python takes.
    """
    steps, withheld = StepWriter(code, plan, root, profile), WithheldWriter(code, root, profile)
    objects = ObjectWriter(code, LeafWriter(code, root, profile.transforms), steps, withheld)
    line, block, name = code.line, code.block, code.name("shape")
    with block(f"def {name}(found, making, anew)"):
        _begin(code)
        steps.begin()
        line("made, left = [], making.left")
        with block("for place, subject in enumerate(found)"):
            with block("if subject is None"):
                line("made.append(None)")
                line("continue")
            line("before = len(errors), len(noted), left")
            with block("try"):
                code.odd_if("subject.customer_id in others")
                line("keys = subject.keys")
                line(f"made.append({_customer(objects, root)})")
            with block(f"except {code.constant('Doubt', DoubtError)}"):
                line("raise")
            with block("except Exception"):
                line("made.append(anew(making, subject, place, *before))")
                line("left = making.left")
        line("making.left = left")
        line("return made")
    return name


def write_second(code: Code, plan: Plan, root: Root, masked: Coordinates) -> str:
    """Write the function that shapes one customer at a time, whatever the verdicts and the facts are.

    `masked` are the coordinates that may be shown in another form. It takes the Making, and returns a function of a
    customer and its place. Returned is its name.

    Raises:
        TooDeepError: The code would nest deeper than Python takes.
    """
    steps, withheld = StepWriter(code, plan, root), WithheldWriter(code, root)
    objects = ObjectWriter(code, AnyLeafWriter(code, masked), steps, withheld)
    line, block, name = code.line, code.block, code.name("shape")
    with block(f"def {name}(making)"):
        _begin(code)
        line("profile = making.fetched.verdicts.profile")
        with block("def one(subject, place)"):
            line("left = making.left")
            line("profile_here = profile(subject)")
            line("withheld_here, transforms_here = profile_here.withheld, profile_here.transforms")
            mark = code.mark()
            made = code.bound(_customer(objects, root))
            code.insert(mark, withheld.flags())
            line("making.left = left")
            line(f"return {made}")
        line("return one")
    return name


def _begin(code: Code) -> None:
    """Write the names that all code may use."""
    code.line("others, errors, noted = making.fetched.verdicts.others, making.errors, making.noted")
    code.line("null, lost, first, joined, page = making.null, making.lost, making.first, making.joined, making.page")
    code.line("own, leaf, fault, stranger = making.own, making.leaf, making.fault, making.stranger")
    code.line("masked, shown, shown_at, by_path = making.masked, making.shown, making.shown_at, making.by_path")
    code.line("withhold, hidden, has_others = making.withhold, making.hidden, bool(others)")


def _customer(objects: ObjectWriter, root: Root) -> str:
    at = WrittenPath((repr(root.response_name),), (root.response_name,))
    return objects.entity(root.position, Entity(), at.item("place") if root.is_list else at)
