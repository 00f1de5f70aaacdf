"""Tests of the staff pages of questionnaires."""
