"""Requirements and coverage as of a date."""
