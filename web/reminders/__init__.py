"""Reminders by mail, and a person's calendar of deadlines."""
