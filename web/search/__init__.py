"""Search across the register."""
