"""Blind exercises: sealed by one person, answered by another, revealed and scored."""
