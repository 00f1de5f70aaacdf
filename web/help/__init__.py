"""Definitions of terms and the style guide."""
