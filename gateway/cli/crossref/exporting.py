"""`customer-view crossref export`: all that is kept of one person, in a file that its owner alone can read."""

from __future__ import annotations

import json
import os
from pathlib import Path

from adapters.crossref import Export, StoredCrossReference
from gateway.cli.crossref.keys import READ, lookup_of
from gateway.cli.crossref.meant import check_lookup, say_unknown
from gateway.cli.crossref.opening import work_on
from gateway.cli.crossref.options import Place
from gateway.cli.crossref.printed import members
from gateway.cli.crossref.telling import counted
from gateway.command_error import CommandError
from gateway.crossref.answers import ExportTold
from gateway.terminal import open_console

__all__ = ["run_export"]


def run_export(place: Place, who: str, key: str | None, out: Path | None) -> bool:
    """Write the file, `-` for standard output, and return whether anybody is known by what was given.

    Raises CommandError: It cannot be asked, or the file cannot be made, or is there already.
    """
    lookup = lookup_of(who, key)

    async def work(crossref: StoredCrossReference) -> Export | None:
        await check_lookup(crossref, lookup)
        return await crossref.export(lookup)

    found = work_on(place, work)
    if found is None:
        return say_unknown()
    content = json.dumps(members(ExportTold.of(found)), indent=2, ensure_ascii=False)
    if str(out) == READ:
        print(content)
    else:
        file = out or Path(f"{found.customer}.json")
        _write(file, content)
        held = f"{counted(len(found.links), 'link')} and {counted(len(found.history), 'event')}"
        print(f"{file} holds {held} of {found.customer}.")
    if not found.is_whole:
        said = "There are more events: read them with `customer-view crossref history --json`."
        open_console(stderr=True).print(said, soft_wrap=True)
    return True


def _write(file: Path, content: str) -> None:
    try:
        # made for its owner alone from its first moment, and never in the place of another file
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{file} is there already; name another file with --out, or remove it") from None
    except OSError as error:
        raise _unwritten(file, error) from None
    try:
        with os.fdopen(made, "w", encoding="utf-8") as opened:
            opened.write(f"{content}\n")
    except OSError as error:
        file.unlink(missing_ok=True)  # half of an answer looks like a whole one
        raise _unwritten(file, error) from None


def _unwritten(file: Path, error: OSError) -> CommandError:
    return CommandError(f"{file} cannot be written ({type(error).__name__}); name another with --out")
