"""Frameworks: which are loaded, import from files of others, and what corresponds to what."""
