"""The register of AI systems as one list: who answers for each, what is at work in it, what is open, what was decided."""
