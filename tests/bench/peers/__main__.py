"""The command of `make bench-peers`."""

from tests.bench.peers.command import main

if __name__ == "__main__":
    main()
