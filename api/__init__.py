"""The REST face for programs."""
