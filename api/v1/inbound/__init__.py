"""Questionnaires of customers."""
