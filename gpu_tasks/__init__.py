"""Runs of instruments: the queue side (rows, leases) and, below ``runtime``, the models themselves."""
