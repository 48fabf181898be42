"""Which installed distributions bring a package."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import Distribution, PackagePath, distributions

__all__ = ["distributions_of"]


def distributions_of(packages: Collection[str]) -> Mapping[str, Sequence[str]]:
    """Return for each of these top-level packages the names of the distributions that bring it.

    As `importlib.metadata.packages_distributions` does for all there are; that reads the path of every installed file,
    a quarter of a second at each start. Here the files are read of those distributions alone that may bring one.
    """
    names = "|".join(map(re.escape, packages))
    listed = re.compile(rf'^"?(\./)*({names})[/.]', re.MULTILINE)
    found: dict[str, list[str]] = {package: [] for package in packages}
    for one in distributions():
        brought = _brought(one, listed)
        for package in found.keys() & brought:
            found[package].append(one.metadata["Name"])
    return found


def _brought(distribution: Distribution, listed: re.Pattern[str]) -> Collection[str]:
    """Return what a distribution says that it brings, else what its files tell, where any may be of what is wanted."""
    named = (distribution.read_text("top_level.txt") or "").split()
    if named:
        return named
    record = distribution.read_text("RECORD")
    may_bring = record is None or listed.search(record)
    return {_top(file) for file in distribution.files or () if file.suffix == ".py"} if may_bring else ()


def _top(file: PackagePath) -> str:
    return file.parts[0] if len(file.parts) > 1 else file.stem
