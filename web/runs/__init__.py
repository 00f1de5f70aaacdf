"""Pages of runs: list, live, compare."""
