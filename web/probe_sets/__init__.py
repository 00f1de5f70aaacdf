"""Probe sets: those that come with the program and those of one's own."""
