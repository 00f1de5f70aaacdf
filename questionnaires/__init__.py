"""Questionnaires: what is asked of a vendor, what it answered, what that is worth, and how a vendor gets in without an account."""
