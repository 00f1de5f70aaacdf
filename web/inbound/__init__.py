"""Questionnaires of customers: taking them in, answering, approving, exporting."""
