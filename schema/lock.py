"""`views.lock`: the digests of published views, so that a published version can never change unnoticed.

The file lies in the folder of the views and holds one line a view, `support-call@1 sha256:...`, sorted by name and
version. A digest covers what the view says; comments, layout and the order of lists may change.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from schema.problems import ConfigurationError, Problem
from schema.suggest import did_you_mean
from schema.view_files import LoadedView, ViewFolder, load_views
from schema.views import View

__all__ = ["LOCK_FILE", "Lock", "digest_of", "publish"]

LOCK_FILE = "views.lock"
_HEADER = "# Digests of published views. Lines are added by publishing and never changed by hand.\n"
_LINE = re.compile(r"([a-z0-9-]{1,64}@[1-9][0-9]{0,5}) (sha256:[0-9a-f]{64})")


def digest_of(view: View) -> str:
    """Return `sha256:` and the hexadecimal SHA-256 of the view's canonical JSON."""
    text = json.dumps(view.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Lock:
    """The digests of published views by their id, and the lines of the file where they stand."""

    path: Path
    digests: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, folder: Path) -> Lock:
        """Return the folder's lock; an empty one when there is no file yet.

        Raises ConfigurationError when the file cannot be read, or a line is not of its form or names a view twice.
        """
        path = folder / LOCK_FILE
        digests: dict[str, str] = {}
        lines: dict[str, int] = {}
        problems = []
        for number, line in _entries(path):
            entry = _LINE.fullmatch(line)
            if entry is None or entry[1] in digests:
                problems.append(_bad_line(path, number, doubled=entry is not None))
                continue
            digests[entry[1]], lines[entry[1]] = entry[2], number
        if problems:
            raise ConfigurationError(problems)
        return cls(path, MappingProxyType(digests), MappingProxyType(lines))

    def write(self) -> None:
        """Write the lock to its file, whole or not at all."""
        entries = sorted(self.digests.items(), key=lambda entry: _order(entry[0]))
        text = _HEADER + "".join(f"{view_id} {digest}\n" for view_id, digest in entries)
        beside = self.path.with_name(f"{LOCK_FILE}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path)

    def is_published(self, view: View) -> bool:
        """Return whether the view is published, and says what it said then."""
        return self.digests.get(view.id) == digest_of(view)

    def published(self, folder: ViewFolder) -> tuple[LoadedView, ...]:
        """Return the folder's published views, by name and version."""
        return tuple(loaded for loaded in folder.views if self.is_published(loaded.view))

    def problems(self, folder: ViewFolder) -> list[Problem]:
        """Return what is wrong with published views: those that have changed, and those whose file is missing."""
        changed = [self._changed(each) for each in folder.views if each.view.id in self.digests]
        missing = [self._missing(view_id) for view_id in self.digests if not (folder.path / f"{view_id}.yaml").exists()]
        return [problem for problem in (*changed, *missing) if problem is not None]

    def doubtful(self, folder: ViewFolder) -> frozenset[str]:
        """Return the published views of which it is not known what they say: they have changed, or have no file."""
        there = {loaded.view.id: loaded for loaded in folder.views}
        return frozenset(name for name in self.digests if name not in there or self._changed(there[name]) is not None)

    def with_published(self, loaded: LoadedView, newest: int) -> Lock:
        """Return the lock with the view added; raises ConfigurationError when it is there with another digest.

        `newest` is the highest version of the view that exists, which the advice counts up from.
        """
        if (problem := self._changed(loaded, newest)) is not None:
            raise ConfigurationError([problem])
        return Lock(self.path, MappingProxyType({**self.digests, loaded.view.id: digest_of(loaded.view)}))

    def _changed(self, loaded: LoadedView, newest: int | None = None) -> Problem | None:
        view = loaded.view
        wanted, got = self.digests.get(view.id), digest_of(view)
        if wanted is None or wanted == got:
            return None
        return Problem(
            str(loaded.path),
            loaded.document.line_of(("version",)),
            f"the published view {view.id} with digest {_short(got)}",
            f"digest {_short(wanted)}, as {LOCK_FILE} holds it: a published version never changes",
            f"restore the file; to publish the change, copy it to {view.name}@{(newest or view.version) + 1}.yaml",
        )

    def _missing(self, view_id: str) -> Problem:
        return Problem(
            str(self.path),
            self.lines.get(view_id),
            f"the published view {view_id} without its file",
            f"the file {view_id}.yaml",
            "restore the file; remove the line only when no consumer uses the version",
        )


def publish(folder: Path, view_id: str) -> Lock:
    """Add a view of the folder to its lock and return the lock; one that is there already and unchanged stays.

    Raises ConfigurationError when a view of the folder has a problem, there is no such view, or it is published with
    another digest.
    """
    views = load_views(folder)
    loaded = views.get(view_id)
    if loaded is None:
        known = [each.view.id for each in views.views]
        advice = did_you_mean(view_id, known, f"write {view_id}.yaml first")
        raise ConfigurationError([Problem(str(folder), None, f"no view {view_id}", "a view of the folder", advice)])
    lock = Lock.read(folder).with_published(loaded, views.versions(loaded.view.name)[-1].view.version)
    lock.write()
    return lock


def _entries(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        got = f"no readable file ({type(error).__name__})"
        raise ConfigurationError([Problem(str(path), None, got, "the lock of the views", "restore the file")]) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.rstrip()


def _bad_line(path: Path, number: int, *, doubled: bool) -> Problem:
    got = "a view that is listed already" if doubled else "a line of another form"
    wanted = "every view once" if doubled else "a line such as `support-call@1 sha256:` and 64 hexadecimal digits"
    return Problem(str(path), number, got, wanted, "restore the file as it was published")


def _order(view_id: str) -> tuple[str, int]:
    name, _, version = view_id.partition("@")
    return name, int(version)


def _short(digest: str) -> str:
    return digest[:19]
