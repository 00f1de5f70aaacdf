"""The catalogue of instruments."""
