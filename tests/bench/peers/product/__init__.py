"""This gateway on the workload: its model, its sources, its view and its cross-reference."""
