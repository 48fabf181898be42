"""The command by which `customer-view serve` starts a worker. What it does is imported when it runs."""

from __future__ import annotations

import sys

from gateway.cli.starting import collecting_seldom

__all__ = ["main"]


def main() -> None:
    """Run a worker with the arguments of the command line."""
    with collecting_seldom():
        from gateway.cli.worker import run_worker

        run_worker(sys.argv[1:])


if __name__ == "__main__":
    main()
