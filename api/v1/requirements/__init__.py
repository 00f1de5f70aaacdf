"""Requirements and coverage."""
