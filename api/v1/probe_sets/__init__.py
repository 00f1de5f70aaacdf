"""Probe sets of one's own."""
