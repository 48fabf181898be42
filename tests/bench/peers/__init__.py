"""`make bench-peers`: this gateway beside others on one workload, each alone on one processor."""
