"""Artifacts, links to requirements, the log and its proofs."""
