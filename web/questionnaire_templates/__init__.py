"""Questionnaires as they are written: list, read, try, edit, compare, publish, exchange."""
