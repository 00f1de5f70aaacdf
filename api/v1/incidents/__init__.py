"""Incidents, their facts, clocks and submissions."""
