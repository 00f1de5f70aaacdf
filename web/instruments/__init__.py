"""The catalogue of instruments and probe sets."""
