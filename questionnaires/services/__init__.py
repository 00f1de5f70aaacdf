"""Writes to questionnaires."""
