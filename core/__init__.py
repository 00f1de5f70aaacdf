"""Shared ground without tables or domain nouns: canonical JSON, hashing, clock, errors."""
