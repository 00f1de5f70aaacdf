"""Questionnaires as they are written, and their versions."""
