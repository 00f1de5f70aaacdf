"""Artifacts, the log, links and cases."""
