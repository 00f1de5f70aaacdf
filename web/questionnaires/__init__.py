"""Requests of questionnaires as staff see them: list, campaigns, invitations, reminders."""
