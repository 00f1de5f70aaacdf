"""The caller, the description of the API, and its interactive page."""
